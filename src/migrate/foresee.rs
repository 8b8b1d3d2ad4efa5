//! What the scan found that the copy would find: told by a dry run, and before anything is written
//! where a policy says that it is to stop the run. Pure.

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::mapping::Owner;
use crate::migrate::scan::{Answer, Answers, Question};
use crate::migrate::settings::{
    ColumnRule, EnumErrors, InvalidText, Nul, Settings, Transform, ZeroDates,
};
use crate::mysql::schema::{Column, Schema, Table};
use crate::name::TableName;

/// What is to become of values, in words, and how much of a surprise that is.
struct Fate {
    words: &'static str,
    weight: Weight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// The usual policy: whoever did not ask for it is warned.
    Usual,
    Asked,
    Stop,
}

/// Of each question that the copy would answer: what it is about, and how its policies are called.
const FORESEEN: [(Question, &str, &str); 4] = [
    (Question::ZeroDates, "dates that do not exist (zero, partial, 30 February)", "zero-dates"),
    (Question::EnumErrors, "'' for an invalid label", "enum-errors"),
    (Question::Nul, "texts with U+0000", "nul"),
    (Question::LostCharacters, "texts with characters that Unicode does not have", "invalid-text"),
];

/// Every foreseen thing.
pub(crate) fn findings(
    schema: &Schema,
    answers: &Answers,
    (settings, owner): (&Settings, Owner),
) -> Vec<Finding> {
    let mut found = of_columns(schema, answers, (settings, owner));
    found.extend(schema.tables.iter().flat_map(|table| of_keys(table, answers)));
    found.extend(unasked(schema, answers));
    found
}

/// Keys that the target could not make, or not make good.
fn of_keys(table: &Table, answers: &Answers) -> Vec<Finding> {
    let such_as = |subject: &str, question| answers.samples(table, subject, question).join(", ");
    let orphans = table.foreign_keys.iter().filter_map(|key| {
        let rows = answers.about(table, &key.name, Question::Orphans).values();
        let place = || Place::part(PlaceKind::ForeignKey, &table.name, &key.name);
        let message = format!(
            "{rows} rows refer to rows of {} that do not exist, such as {}: the key will stay NOT VALID",
            key.referenced_table.name,
            such_as(&key.name, Question::Orphans)
        );
        let help = "mend the rows in the source, or afterwards in the target and then VALIDATE CONSTRAINT";
        (rows > 0).then(|| Finding::warning(Code::Orphans, place(), message).help(help))
    });
    let alike = table.indexes.iter().filter_map(|index| {
        let groups = answers.about(table, &index.name, Question::Alike).values();
        let place = || Place::part(PlaceKind::Index, &table.name, &index.name);
        let message = format!(
            "{groups} entries are one and the same by Unicode's weights, such as {}: ICU may take them \
             for one, and the key is refused then",
            such_as(&index.name, Question::Alike)
        );
        let help = "mend them in the source, or collation = \"plain\" for the column";
        (groups > 0).then(|| Finding::warning(Code::CollationLost, place(), message).help(help))
    });
    orphans.chain(alike).collect()
}

/// Foreign keys that nobody looked at, as of a dump: said, so that silence is no promise.
fn unasked(schema: &Schema, answers: &Answers) -> Option<Finding> {
    let moved = |name: &TableName| schema.tables.iter().any(|table| table.name == *name);
    let keys = schema.tables.iter().flat_map(|table| {
        let keys = table.foreign_keys.iter().filter(|key| moved(&key.referenced_table));
        keys.filter(|key| answers.about(table, &key.name, Question::Orphans) == Answer::Unknown)
    });
    let keys = keys.count();
    let message = format!(
        "{keys} foreign keys were not asked for rows that refer to nothing: that is found when they \
         are made, behind the rows"
    );
    (keys > 0).then(|| Finding::note(Code::Orphans, Place::source(), message))
}

fn of_columns(
    schema: &Schema,
    answers: &Answers,
    (settings, owner): (&Settings, Owner),
) -> Vec<Finding> {
    of_all(schema, |table, column| {
        let rule = settings.rule(table, column);
        let place = || Place::column(&table.name, &column.name);
        let mut found = Vec::new();
        for (question, what, policy) in FORESEEN {
            let values = answers.about(table, &column.name, question).values();
            if values == 0 {
                continue;
            }
            let Fate { words, weight } = fate(question, &rule, owner);
            let message = format!("{values} {what}: {words}");
            found.push(match weight {
                Weight::Usual => {
                    let help = format!("another policy: {policy} = … in [migrate.columns]");
                    Finding::warning(code(question), place(), message).help(help)
                }
                Weight::Asked => {
                    Finding::note(code(question), place(), format!("{message}, as was asked for"))
                }
                Weight::Stop => Finding::error(code(question), place(), message),
            });
        }
        found.extend(encoded_twice((schema, table), column, (answers, &rule)));
        found
    })
}

/// Those that are to stop the run.
pub(crate) fn stops(schema: &Schema, answers: &Answers, settings: &Settings) -> Vec<Finding> {
    let mut found = findings(schema, answers, (settings, Owner::Ours));
    found.retain(|finding| finding.severity == crate::finding::Severity::Error);
    found
}

fn of_all(schema: &Schema, of_one: impl Fn(&Table, &Column) -> Vec<Finding>) -> Vec<Finding> {
    let tables = schema.tables.iter();
    let columns = tables.flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    columns.flat_map(|(table, column)| of_one(table, column)).collect()
}

fn code(question: Question) -> Code {
    if question == Question::LostCharacters { Code::RowsQuarantined } else { Code::ValuesAltered }
}

fn fate(question: Question, rule: &ColumnRule, owner: Owner) -> Fate {
    let null = match owner {
        Owner::Ours => "they become NULL",
        Owner::Theirs => {
            "they become NULL; where the target forbids that, their rows are set aside"
        }
    };
    let set_aside = "their rows are set aside";
    let stop = "they stop the run, as was asked for; nothing was written";
    let (words, asked) = match question {
        Question::ZeroDates => {
            let words = match rule.zero_dates {
                None | Some(ZeroDates::Null) => null,
                Some(ZeroDates::Epoch) => "they become 1970-01-01",
                Some(ZeroDates::MinusInfinity) => "they become -infinity",
                Some(ZeroDates::Quarantine) => set_aside,
                Some(ZeroDates::Stop) => stop,
            };
            (words, rule.zero_dates.is_some())
        }
        Question::EnumErrors => {
            let words = match rule.enum_errors {
                None | Some(EnumErrors::Null) => null,
                Some(EnumErrors::AddLabel) => "'' is a label of the type",
                Some(EnumErrors::Quarantine) => set_aside,
                Some(EnumErrors::Stop) => stop,
            };
            (words, rule.enum_errors.is_some())
        }
        Question::Nul => {
            let words = match rule.nul {
                None | Some(Nul::Remove) => "it is taken out",
                Some(Nul::Replace) => "U+FFFD stands in its place",
                Some(Nul::Quarantine) => set_aside,
                Some(Nul::Stop) => stop,
            };
            (words, rule.nul.is_some())
        }
        _ => {
            let words = match rule.invalid_text {
                None | Some(InvalidText::Quarantine) => set_aside,
                Some(InvalidText::Replace) => "'?' stands in their place",
                Some(InvalidText::Stop) => stop,
            };
            (words, rule.invalid_text.is_some())
        }
    };
    let weight = match (asked, words == stop) {
        (_, true) => Weight::Stop,
        (true, false) => Weight::Asked,
        (false, false) => Weight::Usual,
    };
    Fate { words, weight }
}

/// Text that looks as if it had been encoded twice arrives as it is, unless somebody says other.
fn encoded_twice(
    (schema, table): (&Schema, &Table),
    column: &Column,
    (answers, rule): (&Answers, &ColumnRule),
) -> Option<Finding> {
    let values = answers.about(table, &column.name, Question::EncodedTwice).values();
    if values == 0 || rule.using.contains(&Transform::RepairUtf8) {
        return None;
    }
    let place = Place::column(&table.name, &column.name);
    let message = format!("{values} texts look as if they had been encoded twice (é as Ã©)");
    let help = format!(
        "they arrive as they are; to have them decoded once: \"{}.{}\" = {{ using = [\"repair-utf8\"] }} \
         in [migrate.columns]",
        schema.called(&table.name),
        column.name
    );
    Some(Finding::note(Code::EncodedTwice, place, message).help(help))
}
