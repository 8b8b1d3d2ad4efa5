//! Views: which can be translated, in an order in which each finds those that it reads.

use std::collections::BTreeMap;

use super::Converter;
use super::column_type::target_type;
use super::expression::{
    Catalog, Output, Relation, Remarks, TranslatedQuery, Wanted, translate_query,
};
use super::renamed;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::scan::Answer;
use crate::migrate::settings::Named;
use crate::mysql::schema::{Column, ColumnType, Schema as Source, View as SourceView};
use crate::name::TableName;
use crate::postgres::schema::{IndexKey, IndexRole, Schema, View};
use crate::postgres::server::ExtensionFacts;

/// The first `PostgreSQL` whose views can read with the rights of who asks.
const INVOKER_SINCE: u32 = 150_000;

/// All that queries may read: tables, and the views that are translated by now.
struct Readable<'a> {
    /// That of the view at hand.
    database: &'a str,
    databases: &'a [String],
    server_version: u32,
    relations: BTreeMap<TableName, (String, Relation)>,
}

impl Catalog for Readable<'_> {
    fn database(&self) -> &str {
        self.database
    }

    fn is_moved(&self, database: &str) -> bool {
        self.databases.iter().any(|moved| moved == database)
    }

    fn relation(&self, name: &TableName) -> Option<(String, Relation)> {
        self.relations.get(name).cloned()
    }

    fn server_version(&self) -> u32 {
        self.server_version
    }
}

impl Converter<'_> {
    /// Views are tried again as long as others were translated in between: one of them may be what
    /// was missing.
    pub(super) fn views(&mut self) {
        let mut readable = Readable {
            database: "",
            databases: &self.source.databases,
            server_version: self.choices.server_version,
            relations: tables(self.source, &self.conversion.target),
        };
        let mut left: Vec<&SourceView> = self.source.views.iter().collect();
        loop {
            let mut refused = Vec::new();
            for view in &left {
                readable.database = &view.name.schema;
                match translated(view, &readable, &self.choices.extensions) {
                    Ok(query) => self.view(view, query, &mut readable),
                    Err(reason) => refused.push((*view, reason)),
                }
            }
            if refused.len() == left.len() {
                for (view, reason) in refused {
                    let place = Place::of(PlaceKind::View, &view.name);
                    let message = format!("left out: {reason}");
                    let finding = Finding::warning(Code::NotCarried, place, message);
                    self.conversion.findings.push(if view.definition.is_empty() {
                        finding
                    } else {
                        finding.help(format!("its query: {}", view.definition))
                    });
                }
                return;
            }
            left = refused.into_iter().map(|(view, _)| view).collect();
        }
    }

    fn view(&mut self, source: &SourceView, query: TranslatedQuery, readable: &mut Readable<'_>) {
        let name = self.views[&source.name].clone();
        let found = &mut self.conversion.findings;
        let place = || Place::of(PlaceKind::View, &source.name);
        let cut = renamed::cut(self.names.identifiers, &source.name.name, &name, place);
        let told = Named::of(&self.choices.settings.named.views, &source.name);
        found.extend(cut.filter(|_| told.is_none()));
        self.conversion.origins.insert(name.clone(), source.name.clone());
        remarks(source, query.remarks, found);
        let outputs: Vec<Output> = if source.columns.is_empty() {
            query.columns
        } else {
            let told = query.columns.into_iter().zip(&source.columns);
            let told = told.map(|(output, column)| Output {
                name: self.names.fitted(&column.name),
                source: column.clone(),
                ..output
            });
            told.collect()
        };
        let columns: Vec<String> = outputs.iter().map(|one| one.name.clone()).collect();
        let relation = Relation::of_table(&source.name, outputs, Vec::new());
        readable.relations.insert(source.name.clone(), (name.postgres(), relation));
        self.conversion.target.views.push(View {
            name,
            columns,
            query: query.sql,
            check_option: source.check_option.clone(),
            invoker: source.invoker,
        });
    }
}

fn translated(
    view: &SourceView,
    readable: &Readable<'_>,
    extensions: &BTreeMap<String, ExtensionFacts>,
) -> Result<TranslatedQuery, String> {
    if view.definition.is_empty() {
        return Err("its query may not be seen: SHOW VIEW is missing".to_owned());
    }
    if view.invoker && readable.server_version < INVOKER_SINCE {
        return Err("SQL SECURITY INVOKER has no equal before PostgreSQL 15".to_owned());
    }
    let no_enum = TableName::new("", "");
    // A dump does not tell the types of a view's columns: they are then what the query makes them.
    if view.columns.is_empty() {
        let query = translate_query(&view.definition, readable, None);
        return query.map_err(|error| error.to_string());
    }
    let wanted: Vec<Wanted> = view
        .columns
        .iter()
        .map(|column| Wanted {
            source: column.column_type.clone(),
            target: target_type(column, answer(column), (&no_enum, extensions)),
        })
        .collect();
    translate_query(&view.definition, readable, Some(&wanted)).map_err(|error| error.to_string())
}

/// What is open of a column of a view is not known; JSON is jsonb there, as functions make it.
fn answer(column: &Column) -> Answer {
    let is_json = matches!(column.column_type, ColumnType::Json { .. });
    if is_json { Answer::Fits } else { Answer::Unknown }
}

fn tables(source: &Source, target: &Schema) -> BTreeMap<TableName, (String, Relation)> {
    let pairs = source.tables.iter().zip(&target.tables);
    pairs
        .map(|(source, target)| {
            let columns = source.columns.iter().zip(&target.columns).map(|(from, to)| Output {
                name: to.name.clone(),
                source: from.clone(),
                target: to.column_type.clone(),
            });
            let primary = target.indexes.iter().find(|index| index.role == IndexRole::Primary);
            let parts = primary.map(|index| index.parts.as_slice()).unwrap_or_default();
            let key: Option<Vec<String>> = parts
                .iter()
                .map(|part| match &part.key {
                    IndexKey::Column(name) => Some(name.clone()),
                    IndexKey::Expression(_) => None,
                })
                .collect();
            let (columns, key) = (columns.collect(), key.unwrap_or_default());
            let relation = Relation::of_table(&source.name, columns, key);
            (source.name.clone(), (target.name.postgres(), relation))
        })
        .collect()
}

fn remarks(view: &SourceView, remarks: Remarks, found: &mut Vec<Finding>) {
    let place = || Place::of(PlaceKind::View, &view.name);
    if remarks.by_collation {
        let message = "compares or orders text as PostgreSQL does, with regard to case";
        found.push(Finding::warning(Code::CollationLost, place(), message));
    }
    if remarks.never_cut {
        let message = "GROUP_CONCAT gives the whole text here; the source cuts it at \
                       group_concat_max_len";
        found.push(Finding::note(Code::ViewChanged, place(), message));
    }
}
