//! What the scan found that the copy would find: told by a dry run, and before anything is written
//! where a policy says that it is to stop the run. Pure.

use crate::finding::{Code, Finding, Place};
use crate::migrate::scan::{Answers, Question};
use crate::migrate::settings::{
    ColumnRule, EnumErrors, InvalidText, Nul, Settings, Transform, ZeroDates,
};
use crate::mysql::schema::{Column, Schema, Table};

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
pub(crate) fn findings(schema: &Schema, answers: &Answers, settings: &Settings) -> Vec<Finding> {
    of_all(schema, |table, column| {
        let rule = settings.rule(table, column);
        let place = || Place::column(&table.name, &column.name);
        let mut found = Vec::new();
        for (question, what, policy) in FORESEEN {
            let values = answers.about(table, &column.name, question).values();
            if values == 0 {
                continue;
            }
            let Fate { words, weight } = fate(question, &rule);
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
    let mut found = findings(schema, answers, settings);
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

fn fate(question: Question, rule: &ColumnRule) -> Fate {
    let null = "they become NULL";
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
