//! A schema that somebody else has made, as Rails, Laravel, Django or Prisma did: what of the source
//! goes where, and every difference, before a row moves. Pure, but for `aside` and `left`.
//!
//! An error among the findings refuses the run, unless that very difference was accepted. Nothing of
//! the schema is changed for good: foreign keys and triggers are set aside for the time of the copy,
//! indexes, constraints, NOT NULL and defaults stay, and a row that they refuse is set aside with the
//! reason.

mod accept;
pub(crate) mod aside;
mod columns;
mod counter;
mod keep;
mod left;
mod names;
pub(crate) mod passage;
pub(crate) mod plan;

use std::collections::BTreeSet;

pub(crate) use self::accept::Accept;
use self::accept::Kind as Difference;
use self::accept::nearest;
use self::counter::counters;
pub(crate) use self::keep::keep;
use self::names::Match;
use self::plan::planned;
pub(crate) use self::plan::{Counter, Fit};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::conversion::Conversion;
use crate::migrate::digest::Digest;
use crate::migrate::mapping::{Owner, TableMapping};
use crate::migrate::scan::Answers;
use crate::migrate::schemas::Schemas;
use crate::migrate::settings::Settings;
use crate::mysql::schema as mysql;
use crate::name::TableName;
use crate::postgres::journal::Kept;
use crate::postgres::schema::Table as Planned;
use crate::postgres::standing::{Standing, StandingKey, StandingTable, StandingTrigger};

/// What a person wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataOnly {
    pub(crate) accepts: Vec<Accept>,
    pub(crate) rows_there: RowsThere,
}

/// What is done where the target's tables have rows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowsThere {
    Refuse,
    /// They are emptied first.
    Truncate,
    /// They stay, and others are added.
    Append,
}

/// Who has filled the target before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Nobody that is known: rows in it are somebody's.
    Unknown,
    /// The run that is to go on.
    ByRun(Earlier),
    /// Whoever it was: its rows are to be compared.
    Compared,
}

/// A run that is to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// The tables of the source that it planned.
    pub(crate) tables: BTreeSet<TableName>,
    /// What it found standing.
    pub(crate) kept: Vec<Kept>,
}

/// All that a plan hangs on besides both schemas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) data_only: &'a DataOnly,
    pub(crate) filled: &'a Filled,
    /// The target's schemas.
    pub(crate) schemas: &'a Schemas,
    /// What was said of tables and columns.
    pub(crate) settings: &'a Settings,
    /// What the data was found to be.
    pub(crate) answers: &'a Answers,
}

/// What the frameworks keep for themselves, each with columns by which it is known: if the target's
/// has rows, it tells which migrations made the target, and not what the source is.
const HOUSEKEEPING: [(&str, &[&str]); 5] = [
    ("schema_migrations", &["version"]),
    ("ar_internal_metadata", &["key", "value"]),
    ("migrations", &["migration", "batch"]),
    ("django_migrations", &["app", "name", "applied"]),
    ("_prisma_migrations", &["checksum", "migration_name"]),
];

/// Pairs the tables and columns of both, and says what stands against it.
pub(crate) fn fit(source: &mysql::Schema, standing: &Standing, terms: Terms<'_>) -> Conversion {
    let schemas = terms.schemas.all();
    let plan = Fit { schemas: schemas.iter().map(ToString::to_string).collect(), ..Fit::default() };
    let conversion = Conversion { fit: Some(plan), ..Conversion::default() };
    let mut fitter = Fitter { source, terms, standing, possible: Vec::new(), conversion };
    for schema in schemas {
        fitter.tables(schema);
    }
    fitter.set_aside();
    fitter.objects();
    fitter.needless();
    fitter.conversion.note_mapped(source);
    fitter.conversion
}

struct Fitter<'a> {
    source: &'a mysql::Schema,
    terms: Terms<'a>,
    standing: &'a Standing,
    /// Every difference that can be accepted, whether it is or not.
    possible: Vec<Accept>,
    conversion: Conversion,
}

impl Fitter<'_> {
    fn found(&mut self, finding: Finding) {
        self.conversion.findings.push(finding);
    }

    /// The target's schemas as a whole.
    fn place(&self) -> Place {
        Place::object(PlaceKind::Target, self.terms.schemas.all().join(", "))
    }

    fn plan(&mut self) -> &mut Fit {
        self.conversion.fit.get_or_insert_default()
    }

    /// Tells a difference; whether it is accepted. `what` is said of it, `then` what is done if it
    /// is accepted, `or` what else could be done.
    fn differs(
        &mut self,
        difference: Accept,
        (code, place): (Code, Place),
        what: &str,
        (then, or): (&str, &str),
    ) -> bool {
        let accepted = self.terms.data_only.accepts.iter().any(|accept| accept.covers(&difference));
        self.found(if accepted {
            Finding::warning(code, place, format!("{what}; {then}, as accepted"))
        } else {
            let help = format!("{or}; or --accept {difference}: {then}");
            Finding::error(code, place, what).help(help)
        });
        self.possible.push(difference);
        accepted
    }

    /// Those that are in a schema of the target, or belong there.
    fn tables(&mut self, schema: &str) {
        let is_here = |table: &&mysql::Table| self.terms.schemas.of(&table.name.schema) == schema;
        let tables: Vec<&mysql::Table> = self.source.tables.iter().filter(is_here).collect();
        let settings = self.terms.settings;
        let wanted: Vec<&str> =
            tables.iter().map(|table| settings.wanted_name(&table.name)).collect();
        let standing = self.standing.tables.keys().filter(|table| table.schema == schema);
        let standing: Vec<&TableName> = standing.collect();
        let names: Vec<&str> = standing.iter().map(|table| table.name.as_str()).collect();
        let mut filled = BTreeSet::new();
        for (table, matched) in tables.into_iter().zip(names::pair(&wanted, &names)) {
            let place = || Place::table(&table.name);
            match matched {
                Match::One(at) => {
                    filled.insert(standing[at]);
                    if let Some(there) = self.standing.tables.get(standing[at]) {
                        self.table(table, (standing[at], there));
                    }
                }
                other => {
                    let difference = Accept {
                        kind: Difference::MissingTable,
                        table: self.source.called(&table.name),
                        column: None,
                    };
                    let what = missing("table", &other);
                    let or = ("its rows stay behind", "make it in the target");
                    if self.differs(difference, (Code::MissingInTarget, place()), &what, or) {
                        self.plan().leave(&table.name, None);
                    }
                }
            }
        }
        for extra in standing.into_iter().filter(|name| !filled.contains(name)) {
            let message = "has no counterpart in what is moved: it is left as it is";
            let place = Place::of(PlaceKind::Table, extra);
            self.found(Finding::note(Code::LeftAlone, place, message));
        }
    }

    fn table(&mut self, source: &mysql::Table, (name, there): (&TableName, &StandingTable)) {
        let place = || Place::table(&source.name);
        if self.is_housekeeping(source, name, there) {
            let message = format!(
                "the target's own {} has rows: it is left as it is, as it says which migrations \
                 made the target",
                name.name
            );
            self.found(Finding::note(Code::LeftAlone, place(), message));
            return;
        }
        if name.name != source.name.name {
            let message = format!("goes into {}", name.name);
            self.found(Finding::note(Code::Renamed, place(), message));
        }
        self.privileges(source, (name, there));
        self.rows_there(source, (name, there));
        let columns = self.columns(source, (name, there));
        let mut mapping = TableMapping::theirs(source, name.clone(), columns);
        mapping.rows = self.terms.settings.condition(&source.name).cloned();
        if let Some(condition) = &mapping.rows {
            let message = format!("only rows where {condition}, as was asked for");
            self.found(Finding::note(Code::RowsFiltered, place(), message));
        }
        let counters = counters(source, &mapping, there);
        self.plan().counters.push(counters);
        self.conversion.mappings.push(mapping);
        self.conversion.target.tables.push(unplanned(name));
    }

    /// What this account may not do with a table of the target, and has to.
    fn privileges(&mut self, source: &mysql::Table, (name, there): (&TableName, &StandingTable)) {
        let fills = *self.terms.filled != Filled::Compared;
        let missing = match (there.is_readable, there.is_writable || !fills) {
            (true, true) => None,
            (false, true) => Some("read"),
            (true, false) => Some("add rows to"),
            (false, false) => Some("read, nor add rows to,"),
        };
        let place = || Place::table(&source.name);
        if let Some(missing) = missing {
            let message = format!("this account may not {missing} {name} of the target");
            let help = format!("GRANT SELECT, INSERT ON {} TO CURRENT_USER;", name.postgres());
            self.found(Finding::error(Code::MissingPrivilege, place(), message).help(help));
        }
        if there.hides_rows {
            let message = format!(
                "row-level security of {name} holds for this account: rows may be hidden from it, and \
                 COPY would be refused"
            );
            let help = "run as the table's owner (NO FORCE ROW LEVEL SECURITY), or as a role with \
                        BYPASSRLS";
            self.found(Finding::error(Code::MissingPrivilege, place(), message).help(help));
        }
    }

    fn is_housekeeping(
        &self,
        source: &mysql::Table,
        name: &TableName,
        there: &StandingTable,
    ) -> bool {
        let has = |column: &str| there.columns.iter().any(|known| known.name == *column);
        let known = HOUSEKEEPING
            .iter()
            .any(|(table, columns)| name.name == *table && columns.iter().all(|one| has(one)));
        let ours = match self.terms.filled {
            Filled::ByRun(earlier) => earlier.tables.contains(&source.name),
            Filled::Unknown | Filled::Compared => false,
        };
        known && there.has_rows && !ours
    }

    fn rows_there(&mut self, source: &mysql::Table, (name, there): (&TableName, &StandingTable)) {
        if !there.has_rows || *self.terms.filled != Filled::Unknown {
            return;
        }
        let place = Place::table(&source.name);
        match self.terms.data_only.rows_there {
            RowsThere::Truncate => {
                self.plan().emptied.push(name.clone());
                let message = "the target's rows are deleted first, as was asked for";
                self.found(Finding::note(Code::TargetEmptied, place, message));
            }
            RowsThere::Append => {
                self.plan().appended.push(name.clone());
                let message =
                    "the target's rows stay, and those of the source are added, as was asked for";
                self.found(Finding::note(Code::RowsAdded, place, message));
            }
            RowsThere::Refuse => {
                let message = "the target's table has rows already";
                let help = "--if-exists truncate deletes them first, append adds to them; after a run that did not come \
                            to its end, --resume goes on with it";
                self.found(Finding::error(Code::TargetNotEmpty, place, message).help(help));
            }
        }
    }

    /// Foreign keys and triggers that would disturb the copy, and those an earlier run has not
    /// brought back.
    fn set_aside(&mut self) {
        let mappings = &self.conversion.mappings;
        let targets: Vec<TableName> =
            mappings.iter().map(|mapping| mapping.target.clone()).collect();
        let is_of = |table: &TableName, owner| {
            mappings.iter().any(|mapping| mapping.target == *table && mapping.owner == owner)
        };
        let is_filled = |table: &TableName| is_of(table, Owner::Theirs);
        let keys = self.standing.keys.iter().filter(|key| {
            let concerned = is_filled(&key.table) || is_filled(&key.referenced);
            // A key that the run has made itself is no one's to bring back.
            key.is_aside || concerned && !is_of(&key.table, Owner::Ours)
        });
        let keys: Vec<StandingKey> = keys.cloned().collect();
        let triggers = self.standing.triggers.iter();
        let triggers = triggers.filter(|trigger| trigger.is_aside || is_filled(&trigger.table));
        let triggers: Vec<StandingTrigger> = triggers.cloned().collect();
        for key in &keys {
            if let Some(at) = targets.iter().position(|target| *target == key.table) {
                self.conversion.target.tables[at].foreign_keys.push(planned(key));
            }
        }
        let altered = keys.iter().map(|key| &key.table).chain(triggers.iter().map(|t| &t.table));
        let plan = self.conversion.fit.as_ref();
        let emptied = plan.map(|plan| plan.emptied.as_slice()).unwrap_or_default();
        let altered: BTreeSet<&TableName> = altered.chain(emptied).collect();
        let refused: Vec<Finding> =
            altered.into_iter().filter_map(|name| self.not_owned(name)).collect();
        self.conversion.findings.extend(refused);
        if !(keys.is_empty() && triggers.is_empty()) && *self.terms.filled != Filled::Compared {
            let message = format!(
                "{} foreign keys are taken away and {} triggers disabled until all rows are in",
                keys.len(),
                triggers.len()
            );
            let help = "if the run does not come to its end: --resume, or the statements of \
                        SELECT restore FROM nirvana.set_aside";
            let place = self.place();
            self.found(Finding::note(Code::SetAside, place, message).help(help));
        }
        let plan = self.plan();
        (plan.keys, plan.triggers) = (keys, triggers);
    }

    fn not_owned(&self, name: &TableName) -> Option<Finding> {
        let there = self.standing.tables.get(name)?;
        if there.is_owned {
            return None;
        }
        let message = format!("this account does not own {name}, and so may not alter it");
        let place = Place::of(PlaceKind::Table, name);
        let help = format!("ALTER TABLE {} OWNER TO …; or run as its owner", name.postgres());
        Some(Finding::error(Code::MissingPrivilege, place, message).help(help))
    }

    /// Views, triggers and routines are the application's, as its tables are.
    fn objects(&mut self) {
        let source = self.source;
        let views = source.views.iter().map(|view| (PlaceKind::View, &view.name));
        let sequences = source.sequences.iter().map(|one| (PlaceKind::Sequence, &one.name));
        for (kind, name) in views.chain(sequences) {
            let message = "not looked for in the target: only data is moved";
            self.found(Finding::note(Code::NotCarried, Place::of(kind, name), message));
        }
        for object in &source.objects {
            let kind = match object.kind {
                mysql::ObjectKind::Trigger => PlaceKind::Trigger,
                mysql::ObjectKind::Event => PlaceKind::Event,
                mysql::ObjectKind::Procedure
                | mysql::ObjectKind::Function
                | mysql::ObjectKind::Package => PlaceKind::Routine,
            };
            let place = match &object.table {
                Some(table) => Place::part(kind, table, &object.name.name),
                None => Place::of(kind, &object.name),
            };
            let message = "not looked for in the target: only data is moved";
            self.found(Finding::note(Code::NotCarried, place, message));
        }
    }

    /// What was accepted and is nowhere a difference is a mistake of somebody's.
    fn needless(&mut self) {
        for accept in &self.terms.data_only.accepts {
            if self.possible.iter().any(|difference| accept.covers(difference)) {
                continue;
            }
            let known = self.possible.iter().map(ToString::to_string);
            let near = nearest(&accept.to_string(), known);
            let near = near.map_or("there is none".to_owned(), |near| format!("nearest: {near}"));
            let message = format!("--accept {accept} is no difference between the two; {near}");
            let place = self.place();
            self.conversion.findings.push(Finding::error(Code::NothingToAccept, place, message));
        }
    }
}

/// A table of which nothing is to be made.
fn unplanned(name: &TableName) -> Planned {
    Planned {
        name: name.clone(),
        comment: String::new(),
        columns: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
        partitioning: None,
    }
}

/// Why there is no counterpart.
fn missing(what: &str, matched: &Match) -> String {
    match matched {
        Match::Ambiguous(names) => {
            format!("which {what} of the target it is cannot be told: {}", names.join(", "))
        }
        Match::One(_) | Match::None => format!("the target has no such {what}"),
    }
}

/// What a run into such a schema is known by: which values go where, and as what.
pub(crate) fn digest(mappings: &[TableMapping]) -> String {
    let mut digest = Digest::default();
    for mapping in mappings.iter().filter(|mapping| mapping.owner == Owner::Theirs) {
        let TableMapping { source, target, columns, rows, copied, .. } = mapping;
        let words = format!("{source} {target} {columns:?} {rows:?} {copied}");
        digest.add(words.as_bytes());
    }
    digest.to_string()
}
