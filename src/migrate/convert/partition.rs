//! Partitions: which forms are the same on both sides, and how they are written.
//!
//! A table is partitioned in the target only where every row of the source finds a partition, and
//! where the target refuses no other rows than the source. Else it becomes one table, and the
//! reason is told.

mod bound;

use self::bound::{Bound, Key};
use crate::finding::{Code, Finding, Place};
use crate::migrate::convert::names::Names;
use crate::mysql::schema::{
    ColumnType as SourceType, IndexKey as SourceKey, PartitionValues, Partitioning as By,
    Table as Source,
};
use crate::mysql::token::split_commas;
use crate::name::postgres_quoted;
use crate::postgres::schema::{
    Column, ColumnType, Index, IndexKey, IndexRole, Partition, Partitioning, Strategy,
};

/// The bound of the partition that takes what no other does.
const REST: &str = "DEFAULT";

/// Why a table becomes one table.
type Refused = String;

/// A partitioning whose partitions have no names yet.
struct Plan<'a> {
    strategy: Strategy,
    key: Vec<Pair<'a>>,
    /// One for each partition of the source.
    bounds: Vec<String>,
    rest: Rest,
}

/// What becomes of rows that no partition of the source's names would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// There are none, or both sides refuse them.
    None,
    /// Rows with a NULL in the key, which `MySQL` keeps in the lowest range.
    Nulls,
    /// Text that `MySQL` takes for equal to a listed one.
    Similar,
}

/// A column on both sides.
#[derive(Clone, Copy)]
struct Pair<'a> {
    source: &'a crate::mysql::schema::Column,
    target: &'a Column,
}

/// One table, although there might be partitions.
pub(super) fn flattened_as_asked(
    source: &Source,
    found: &mut Vec<Finding>,
) -> Option<Partitioning> {
    source.partitioning.as_ref()?;
    let message = "one table, not partitions, as was asked for";
    let place = Place::table(&source.name);
    found.push(Finding::note(Code::PartitionsFlattened, place, message));
    None
}

/// One table, as the target refuses the partitions.
pub(super) fn flattened_as_refused(
    source: &Source,
    words: &str,
    found: &mut Vec<Finding>,
) -> Option<Partitioning> {
    let message = format!("one table, not partitions: the target refuses them: {words}");
    let place = Place::table(&source.name);
    found.push(Finding::warning(Code::PartitionsFlattened, place, message));
    None
}

/// The target's partitions of a table whose columns and indexes are decided.
pub(super) fn partitioning(
    source: &Source,
    (columns, indexes): (&[Column], &[Index]),
    names: &mut Names,
    found: &mut Vec<Finding>,
) -> Option<Partitioning> {
    let by = source.partitioning.as_ref()?;
    match plan(source, by, (columns, indexes)) {
        Ok(plan) => Some(named(source, by, &plan, (names, found))),
        Err(reason) => {
            let message =
                format!("partitioned by {} in MySQL, one table here: {reason}", by.method);
            let place = Place::table(&source.name);
            found.push(Finding::warning(Code::PartitionsFlattened, place, message));
            None
        }
    }
}

fn plan<'a>(
    source: &'a Source,
    by: &By,
    (columns, indexes): (&'a [Column], &[Index]),
) -> Result<Plan<'a>, Refused> {
    if by.has_subpartitions {
        return Err("its partitions have sub-partitions".to_owned());
    }
    if !source.foreign_keys.is_empty() {
        return Err("it has foreign keys".to_owned());
    }
    let table = Sides { source, columns };
    let plan = match by.method.trim_start_matches("LINEAR ") {
        "RANGE" => range(by, &[table.key(&by.expression)?])?,
        "RANGE COLUMNS" => range(by, &table.keys(&by.expression)?)?,
        "LIST" | "LIST COLUMNS" => match table.keys(&by.expression)?.as_slice() {
            [key] => list(by, *key)?,
            _ => return Err("a list in PostgreSQL is of one column".to_owned()),
        },
        "HASH" => hash(by, vec![table.key(&by.expression)?.column()?])?,
        "KEY" => hash(by, table.key_columns(&by.expression)?)?,
        other => return Err(format!("PostgreSQL has nothing like {other}")),
    };
    stands(&plan, indexes)?;
    Ok(plan)
}

/// What `PostgreSQL` asks of a partition key besides.
fn stands(plan: &Plan<'_>, indexes: &[Index]) -> Result<(), Refused> {
    for Pair { source, target } in &plan.key {
        if target.generated.is_some() {
            return Err(format!("its key column {} is generated", source.name));
        }
        if source.on_update_now {
            return Err(format!("its key column {} follows updates", source.name));
        }
        let contains = |index: &&Index| {
            let key = IndexKey::Column(target.name.clone());
            index.parts.iter().any(|part| part.key == key)
        };
        let unique = indexes.iter().filter(|index| index.role != IndexRole::Plain);
        if let Some(index) = unique.into_iter().find(|index| !contains(index)) {
            return Err(format!("the unique key {} is not on all of {}", index.name, source.name));
        }
    }
    Ok(())
}

fn range<'a>(by: &By, keys: &[Key<'a>]) -> Result<Plan<'a>, Refused> {
    let mut lower = vec!["MINVALUE".to_owned(); keys.len()];
    let mut bounds = Vec::with_capacity(by.partitions.len());
    for (partition, at) in by.partitions.iter().zip(0..) {
        let values = values(&partition.values)?;
        if at == 0 && matches!(keys, [key] if key.bound(values.as_bytes())? == Bound::Least) {
            bounds.push(REST.to_owned());
            continue;
        }
        let upper = tuple(keys, values)?;
        bounds.push(format!("FOR VALUES FROM ({}) TO ({})", lower.join(", "), upper.join(", ")));
        lower = upper;
    }
    let key: Vec<Pair<'a>> = keys.iter().map(|key| key.pair()).collect();
    let nulls = key.iter().any(|pair| may_be_null(*pair));
    let rest = if nulls { Rest::Nulls } else { Rest::None };
    Ok(Plan { strategy: Strategy::Range, key, bounds, rest })
}

/// What follows MAXVALUE decides nothing any more.
fn tuple(keys: &[Key<'_>], values: &str) -> Result<Vec<String>, Refused> {
    let parts = split_commas(values.as_bytes());
    if parts.len() != keys.len() {
        return Err(format!("a bound of {} values", parts.len()));
    }
    let mut upper: Vec<String> = Vec::with_capacity(parts.len());
    for (key, part) in keys.iter().zip(parts) {
        let max = upper.last().is_some_and(|last| last == "MAXVALUE");
        upper.push(match key.bound(part)? {
            _ if max => "MAXVALUE".to_owned(),
            Bound::Max => "MAXVALUE".to_owned(),
            Bound::Value(_) if key.is_text() => {
                return Err("text is in another order in PostgreSQL".to_owned());
            }
            Bound::Value(sql) => sql,
            Bound::Least => return Err("a bound that nothing is below".to_owned()),
            Bound::Null => return Err("a bound that is NULL".to_owned()),
        });
    }
    Ok(upper)
}

fn list<'a>(by: &By, key: Key<'a>) -> Result<Plan<'a>, Refused> {
    let pair = key.column()?;
    let mut rest = Rest::None;
    if key.is_text() {
        if pair.source.collation.as_ref().is_some_and(|collation| collation.is_case_insensitive()) {
            return Err(format!("{} is compared without regard to case", pair.source.name));
        }
        rest = Rest::Similar;
    }
    let mut bounds = Vec::with_capacity(by.partitions.len());
    for partition in &by.partitions {
        if partition.values == PartitionValues::Rest {
            rest = Rest::None;
            bounds.push(REST.to_owned());
            continue;
        }
        let mut listed = Vec::new();
        for part in split_commas(values(&partition.values)?.as_bytes()) {
            listed.push(match key.bound(part)? {
                Bound::Value(sql) => sql,
                Bound::Null => "NULL".to_owned(),
                Bound::Max | Bound::Least => return Err("a range's bound in a list".to_owned()),
            });
        }
        bounds.push(format!("FOR VALUES IN ({})", listed.join(", ")));
    }
    if by.partitions.iter().any(|partition| partition.values == PartitionValues::Rest) {
        rest = Rest::None;
    }
    Ok(Plan { strategy: Strategy::List, key: vec![pair], bounds, rest })
}

fn hash<'a>(by: &By, key: Vec<Pair<'a>>) -> Result<Plan<'a>, Refused> {
    for Pair { source, target } in &key {
        // An enum's hash is another one after each restore.
        let kind = &target.column_type;
        if matches!(
            kind,
            ColumnType::Bit { .. }
                | ColumnType::Json
                | ColumnType::Jsonb
                | ColumnType::RealArray
                | ColumnType::Vector { .. }
                | ColumnType::Enum { .. }
        ) {
            return Err(format!("{} cannot be hashed as {kind}", source.name));
        }
    }
    let count = by.partitions.len();
    let bounds =
        (0..count).map(|at| format!("FOR VALUES WITH (MODULUS {count}, REMAINDER {at})")).collect();
    Ok(Plan { strategy: Strategy::Hash, key, bounds, rest: Rest::None })
}

fn values(values: &PartitionValues) -> Result<&str, Refused> {
    match values {
        // What else information_schema may have spoilt.
        PartitionValues::Listed(text) if text.is_ascii() && !text.contains(['\\', '?']) => Ok(text),
        PartitionValues::Listed(_) => Err("a bound with more than plain ASCII in it".to_owned()),
        PartitionValues::Hashed | PartitionValues::Rest => Err("a bound without values".to_owned()),
    }
}

/// A date that does not exist becomes NULL even where the source has NOT NULL.
fn may_be_null(pair: Pair<'_>) -> bool {
    let dates = matches!(
        pair.source.column_type,
        SourceType::Date | SourceType::DateTime { .. } | SourceType::Timestamp { .. }
    );
    dates || !pair.target.not_null
}

/// Gives the partitions their names, and says what they are.
fn named(
    source: &Source,
    by: &By,
    plan: &Plan<'_>,
    (names, found): (&mut Names, &mut Vec<Finding>),
) -> Partitioning {
    let mut name = |name: &str| {
        let wanted = format!("{}_{name}", source.name.name);
        names.claim(&wanted, "partition")
    };
    let pairs = by.partitions.iter().zip(&plan.bounds);
    let mut partitions: Vec<Partition> = pairs
        .map(|(partition, bound)| Partition {
            name: name(&partition.name),
            bound: bound.clone(),
            check: None,
            comment: partition.comment.clone(),
        })
        .collect();
    let key: Vec<String> = plan.key.iter().map(|pair| pair.target.name.clone()).collect();
    if plan.rest != Rest::None && !plan.bounds.iter().any(|bound| bound == REST) {
        let (name, bound) = (name("default"), REST.to_owned());
        partitions.push(Partition { name, bound, check: None, comment: String::new() });
    }
    if plan.rest == Rest::Nulls {
        let nulls = key.iter().map(|name| format!("{} IS NULL", postgres_quoted(name)));
        let nulls = nulls.collect::<Vec<_>>().join(" OR ");
        for rest in partitions.iter_mut().filter(|partition| partition.bound == REST) {
            rest.check = Some(nulls.clone());
        }
    }
    let message = told(plan, &partitions);
    let place = Place::table(&source.name);
    found.push(Finding::note(Code::PartitionsChanged, place, message));
    Partitioning { strategy: plan.strategy, key, partitions }
}

fn told(plan: &Plan<'_>, partitions: &[Partition]) -> String {
    let count = partitions.len();
    let shown: Vec<&str> = partitions.iter().take(3).map(|one| one.name.as_str()).collect();
    let more = if count > shown.len() { ", …" } else { "" };
    let word = plan.strategy.word();
    let mut message =
        format!("{count} partitions by {word}, tables named {}{more}", shown.join(", "));
    let rest = partitions.iter().find(|one| one.bound == REST);
    let last = rest.map(|one| one.name.as_str()).unwrap_or_default();
    match plan.rest {
        Rest::None if plan.strategy == Strategy::Hash => {
            message.push_str("; rows lie in other ones than in MySQL");
        }
        Rest::None => {}
        Rest::Nulls => {
            message.push_str(&format!(
                "; {last} is for rows with NULL, which MySQL keeps in the lowest one"
            ));
        }
        Rest::Similar => {
            message.push_str(&format!(
                "; {last} takes values that are not listed, which MySQL refuses unless they are \
                 equal to a listed one but for trailing spaces"
            ));
        }
    }
    message
}

/// A table's columns on both sides.
struct Sides<'a> {
    source: &'a Source,
    columns: &'a [Column],
}

impl<'a> Sides<'a> {
    fn pair(&self, name: &str) -> Result<Pair<'a>, Refused> {
        let at = self.source.columns.iter().position(|one| one.name.eq_ignore_ascii_case(name));
        let pair = at.and_then(|at| Some((self.source.columns.get(at)?, self.columns.get(at)?)));
        let (source, target) = pair.ok_or_else(|| format!("its key column {name} is unknown"))?;
        Ok(Pair { source, target })
    }

    fn key(&self, expression: &str) -> Result<Key<'a>, Refused> {
        let (form, name) = bound::form(expression)
            .ok_or_else(|| format!("its rows are told apart by {expression}"))?;
        Key::of(form, self.pair(&name)?)
    }

    fn keys(&self, expressions: &str) -> Result<Vec<Key<'a>>, Refused> {
        let parts = split_commas(expressions.as_bytes());
        parts.into_iter().map(|part| self.key(&String::from_utf8_lossy(part))).collect()
    }

    /// Of KEY: any columns; the primary key's if none are named.
    fn key_columns(&self, names: &str) -> Result<Vec<Pair<'a>>, Refused> {
        if names.trim().is_empty() {
            let parts = self.source.primary_key().map(|key| key.parts.as_slice());
            let parts = parts.ok_or("it has no primary key")?;
            return parts
                .iter()
                .map(|part| match &part.key {
                    SourceKey::Column(name) => self.pair(name),
                    SourceKey::Prefix { .. } | SourceKey::Expression(_) => {
                        Err("its primary key is not of whole columns".to_owned())
                    }
                })
                .collect();
        }
        let parts = split_commas(names.as_bytes());
        parts
            .into_iter()
            .map(|part| {
                let part = String::from_utf8_lossy(part);
                let name = bound::name(&part).ok_or_else(|| format!("its key is {part}"))?;
                self.pair(&name)
            })
            .collect()
    }
}
