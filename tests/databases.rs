//! Databases that others wrote, and the shop, moved whole.

use crate::support::{
    PAIRS, Source, SourceDatabase, Target, TargetDatabase, databases, fixtures, migrate,
    others_databases,
};

/// Rows of every table, counted by the two servers; those that are set aside are rows, too.
fn same_counts(source: &SourceDatabase, target: &TargetDatabase) -> u64 {
    let tables = source.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
         AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name",
    );
    let mut total = 0;
    for table in tables.lines() {
        let there = source.sql(&format!("SELECT count(*) FROM `{}`", table.replace('`', "``")));
        let name = table.replace('"', "\"\"");
        let here = target.sql(&format!(
            "SELECT (SELECT count(*) FROM \"{name}\") + (SELECT count(*) FROM nirvana.quarantined
               WHERE source_table = '{}')",
            table.replace('\'', "''")
        ));
        assert_eq!(there, here, "{table}");
        total += there.trim().parse::<u64>().unwrap();
    }
    total
}

/// Loads one of the others' databases and moves it; `None` where it is absent.
fn move_others(
    name: &str,
    pair: (Source, Target),
) -> Option<(SourceDatabase, TargetDatabase, crate::support::Report)> {
    let folder = others_databases()?.join(name);
    let (source, target) = databases(pair, name)?;
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    files.sort();
    for file in files {
        source.load(&file, true);
    }
    let (run, report) = migrate(&source, &target, &[]);
    assert!(run.code <= 1, "{name}: {}", run.all());
    report.proven_rows();
    same_counts(&source, &target);
    assert_eq!(missing(&source, &target, &report), Vec::<String>::new(), "{name}");
    Some((source, target, report))
}

/// Objects of the source that are not in the target under their name, and that no finding names.
fn missing(
    source: &SourceDatabase,
    target: &TargetDatabase,
    report: &crate::support::Report,
) -> Vec<String> {
    let there = source.sql(
        "SELECT CONCAT_WS('\t', 'column', table_name, column_name) FROM information_schema.columns
           WHERE table_schema = DATABASE()
         UNION SELECT CONCAT_WS('\t', 'index', table_name, index_name) FROM information_schema.statistics
           WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'
         UNION SELECT CONCAT_WS('\t', 'key', table_name, constraint_name) FROM information_schema.table_constraints
           WHERE table_schema = DATABASE() AND constraint_type = 'FOREIGN KEY'
         UNION SELECT CONCAT_WS('\t', 'view', table_name, '') FROM information_schema.views
           WHERE table_schema = DATABASE()
         UNION SELECT CONCAT_WS('\t', 'trigger', event_object_table, trigger_name) FROM information_schema.triggers
           WHERE trigger_schema = DATABASE()
         UNION SELECT CONCAT_WS('\t', 'routine', routine_name, '') FROM information_schema.routines
           WHERE routine_schema = DATABASE()
         UNION SELECT CONCAT_WS('\t', 'event', event_name, '') FROM information_schema.events
           WHERE event_schema = DATABASE()",
    );
    let here = target.sql(
        "SELECT 'column', c.relname, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
           WHERE relnamespace = 'public'::regnamespace AND attnum > 0
         UNION SELECT 'index', t.relname, i.relname FROM pg_index x JOIN pg_class i ON i.oid = indexrelid
           JOIN pg_class t ON t.oid = indrelid WHERE t.relnamespace = 'public'::regnamespace
         UNION SELECT 'key', t.relname, conname FROM pg_constraint JOIN pg_class t ON t.oid = conrelid
           WHERE contype = 'f' AND t.relnamespace = 'public'::regnamespace
         UNION SELECT 'view', relname, '' FROM pg_class WHERE relkind = 'v'",
    );
    let here: std::collections::HashSet<&str> = here.lines().collect();
    let named: Vec<(String, String)> = report.0["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let place = &finding["place"];
            let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (word(&place["table"]["name"]), word(&place["name"]))
        })
        .collect();
    let is_named = |line: &str| {
        let mut words = line.split('\t').skip(1);
        let (table, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        named.iter().any(|(of, what)| {
            (of == table && (what == name || what.is_empty())) || (of.is_empty() && what == table)
        })
    };
    let lost = there.lines().filter(|line| !here.contains(line) && !is_named(line));
    lost.map(str::to_owned).collect()
}

/// Every view gives what it gave, but for the order in which names are listed that have none.
fn same_views(source: &SourceDatabase, target: &TargetDatabase) -> usize {
    let views = source.sql(
        "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE() \
         ORDER BY table_name",
    );
    for view in views.lines() {
        let whole = "SET SESSION group_concat_max_len = 10000000";
        let there = source.sql(&format!("{whole}; SELECT * FROM `{view}`"));
        let here = target.sql(&format!("SELECT * FROM \"{view}\""));
        let rows = |text: &str| {
            let row = |line: &str| {
                let parts = line.split('\t').flat_map(|field| field.split(", "));
                let mut parts: Vec<String> = parts.map(|part| part.replace("NULL", "")).collect();
                parts.sort();
                parts.join("|")
            };
            let mut rows: Vec<String> = text.lines().map(row).collect();
            rows.sort();
            rows
        };
        assert_eq!(rows(&there), rows(&here), "{view}");
        assert!(!here.is_empty(), "{view}");
    }
    views.lines().count()
}

/// The journal's own is not counted.
const FOREIGN_KEYS: &str = "SELECT count(*) FROM pg_constraint \
    WHERE contype = 'f' AND convalidated AND connamespace = 'public'::regnamespace";

#[test]
fn shop_arrives_with_nothing_to_report() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "shop") else {
            return;
        };
        source.load(&fixtures().join("databases/shop.sql"), false);
        let (run, report) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 0, "{pair:?}: {}", run.all());
        assert_eq!(report.warnings(), Vec::<String>::new());
        assert_eq!(report.0["outcome"], "done");
        assert!(same_counts(&source, &target) > 15_000);
        let sums = "SELECT count(*), sum(quantity), sum(unit_price * quantity) FROM order_items";
        assert_eq!(source.sql(sums), target.sql(sums), "{pair:?}");
    }
}

#[test]
fn sakila_is_whole() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target, report)) = move_others("sakila", pair) else {
            return;
        };
        let rows: u64 = report.proven_rows().iter().map(|(_, rows)| rows).sum();
        assert_eq!((report.proven_rows().len(), rows), (16, 47_273), "{pair:?}");
        let not_carried: Vec<String> =
            report.warnings().into_iter().filter(|w| w.starts_with("not-carried")).collect();
        let objects: u64 = source
            .sql(
                "SELECT (SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()) \
                 + (SELECT count(*) FROM information_schema.routines WHERE routine_schema = DATABASE())",
            )
            .trim()
            .parse()
            .unwrap();
        assert_eq!(objects, 6 + 6);
        assert!(not_carried.len() as u64 >= objects, "{not_carried:?}");
        assert_eq!(same_views(&source, &target), 7);
        // Every foreign key is there, and holds.
        let keys = source.sql(
            "SELECT count(*) FROM information_schema.referential_constraints \
             WHERE constraint_schema = DATABASE()",
        );
        let there = target.sql(FOREIGN_KEYS);
        assert_eq!(keys, there, "{pair:?}");
        // The column that follows updates still does; one that is set keeps what it was set to.
        target.sql("UPDATE actor SET first_name = 'Ada' WHERE actor_id = 1");
        let touched =
            "SELECT last_update > now() - interval '1 minute' FROM actor WHERE actor_id = 1";
        assert_eq!(target.sql(touched), "t\n");
        target.sql("UPDATE actor SET last_update = '2001-01-01 00:00:00+00' WHERE actor_id = 1");
        let kept = "SELECT last_update = '2001-01-01 00:00:00+00' FROM actor WHERE actor_id = 1";
        assert_eq!(target.sql(kept), "t\n");
        // Next ids continue where MySQL's counter stood.
        let next = source.sql("SELECT max(actor_id) + 1 FROM actor");
        let insert =
            "INSERT INTO actor (first_name, last_name) VALUES ('A', 'B') RETURNING actor_id";
        assert_eq!(target.sql(insert), next, "{pair:?}");
    }
}

#[test]
fn chinook_keeps_its_mixed_case_and_its_keys() {
    for pair in [PAIRS[1], PAIRS[2]] {
        let Some((source, target)) = databases(pair, "chinook") else {
            return;
        };
        let Some(folder) = others_databases() else {
            return;
        };
        // The file makes and uses a database of its own name.
        let text = std::fs::read_to_string(folder.join("chinook/01_Chinook_MySql.sql")).unwrap();
        let text: String = text
            .lines()
            .filter(|line| {
                let line = line.trim_start_matches('\u{feff}').to_uppercase();
                !["DROP DATABASE", "CREATE DATABASE", "USE "].iter().any(|w| line.starts_with(w))
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        source.sql(&text);
        let (run, report) = migrate(&source, &target, &[]);
        assert!(run.code <= 1, "{}", run.all());
        assert_eq!(report.proven_rows().len(), 11);
        assert_eq!(same_counts(&source, &target), 15_607);
        assert_eq!(missing(&source, &target, &report), Vec::<String>::new());
        assert_eq!(target.sql(FOREIGN_KEYS), "11\n");
    }
}

#[test]
fn northwind_arrives() {
    move_others("northwind_mywind", PAIRS[0]);
}

#[test]
fn the_bug_zoos_of_another_tool_arrive() {
    move_others("pgloader_mytest", PAIRS[0]);
    move_others("pgloader_legacy", PAIRS[0]);
}

#[test]
fn ninety_five_odd_tables_arrive() {
    move_others("ghost_localtests", PAIRS[0]);
    move_others("ghost_localtests", PAIRS[3]);
}

#[test]
fn geometry_and_partitions_arrive() {
    move_others("debezium_inventory", PAIRS[3]);
    move_others("skeema_partition", PAIRS[1]);
}
