//! `MySQL` schema → `PostgreSQL` schema, mappings and findings. Pure: what is decided here can
//! be printed, tested and refused before anything is written.

mod column_type;
mod default;
mod expression;
mod foreign_key;
mod index;
mod joined;
mod long_index;
mod names;
mod partition;
mod renamed;
mod rule;
mod sequence;
mod table;
mod view;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::conversion::Conversion;
use crate::migrate::convert::names::{Spaces, fitted};
use crate::migrate::mapping::{ColumnMapping, Form, Owner, TableMapping, row_key};
use crate::migrate::refused::{self, Part};
use crate::migrate::scan::Answers;
use crate::migrate::schemas::Schemas;
use crate::migrate::settings::{ColumnRule, Named, Settings};
use crate::mysql::schema as mysql;
use crate::name::TableName;
use crate::postgres::schema as postgres;
use crate::postgres::server::ExtensionFacts;

/// What is decided before a schema is converted.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    /// The schemas that everything goes into.
    pub(crate) schemas: Schemas,
    /// The target's `server_version_num`.
    pub(crate) server_version: u32,
    /// What nirvana.toml says.
    pub(crate) settings: Settings,
    /// Those that columns may be of.
    pub(crate) extensions: BTreeMap<String, ExtensionFacts>,
}

/// Decides what every table, column, key and index becomes.
pub(crate) fn convert(source: &mysql::Schema, answers: &Answers, choices: &Choices) -> Conversion {
    let mut found = Vec::new();
    let made = refused::without(source, &answers.refused, &mut found);
    let source = made.as_ref().unwrap_or(source);
    let mut converter = Converter::new(source, answers, choices);
    converter.conversion.findings.extend(found);
    converter.conversion.refused.clone_from(&answers.refused);
    converter.sequences();
    let types = converter.column_types();
    for (table, types) in source.tables.iter().zip(&types) {
        converter.table(table, types);
    }
    for (table, at) in source.tables.iter().zip(0..) {
        converter.foreign_keys(table, at);
    }
    converter.views();
    converter.objects();
    converter.renamed();
    converter.note_names();
    converter.conversion
}

struct Converter<'a> {
    source: &'a mysql::Schema,
    answers: &'a Answers,
    choices: &'a Choices,
    names: Spaces,
    /// Source table → target table.
    tables: HashMap<TableName, TableName>,
    /// Source sequence → target sequence.
    sequences: Vec<(TableName, TableName)>,
    /// Source view → target view.
    views: HashMap<TableName, TableName>,
    conversion: Conversion,
}

impl<'a> Converter<'a> {
    /// Tables take their names first, as they are what applications name.
    fn new(source: &'a mysql::Schema, answers: &'a Answers, choices: &'a Choices) -> Self {
        let mut names = Spaces::of(choices.settings.identifiers());
        let named = &choices.settings.named;
        for (relation, told) in named.reserved(source) {
            names.within(choices.schemas.of(&relation.schema)).reserve(told);
        }
        let mut tables = HashMap::new();
        let mut conversion = Conversion::default();
        let mut claim = |source: &TableName, (wanted, told): (&str, Option<&str>), kind: &str| {
            let schema = choices.schemas.of(&source.schema);
            TableName::new(schema, names.within(schema).claim_as(told, wanted, kind))
        };
        for table in &source.tables {
            let (wanted, told) = choices.settings.name_of(&table.name);
            let name = claim(&table.name, (wanted, told), "table");
            let place = || Place::table(&table.name);
            let identifiers = choices.settings.identifiers();
            let cut = renamed::cut(identifiers, wanted, &name, place);
            conversion.findings.extend(cut.filter(|_| told.is_none()));
            tables.insert(table.name.clone(), name);
        }
        let views = source.views.iter().map(|view| &view.name);
        let views = views.map(|name| {
            let told = Named::of(&named.views, name);
            (name.clone(), claim(name, (&name.name, told), "view"))
        });
        let views = views.collect();
        for table in &source.tables {
            let names = names.within(choices.schemas.of(&table.name.schema));
            let told = |name: &str| named.part(&table.name, |names| &names.indexes, name);
            for index in table.indexes.iter().filter(|index| told(&index.name).is_none()) {
                names.want(&index::wanted_name(table, index));
            }
        }
        let sequences = Vec::new();
        Self { source, answers, choices, names, tables, sequences, views, conversion }
    }

    /// The schema of what becomes of something in the source.
    fn schema(&self, source: &TableName) -> &'a str {
        self.choices.schemas.of(&source.schema)
    }

    fn sequences(&mut self) {
        for source in &self.source.sequences {
            let schema = self.schema(&source.name);
            let told = Named::of(&self.choices.settings.named.sequences, &source.name);
            let names = self.names.within(schema);
            let name = names.claim_as(told, &source.name.name, "sequence");
            let name = TableName::new(schema, name);
            let found = &mut self.conversion.findings;
            let place = || Place::of(PlaceKind::Sequence, &source.name);
            let cut = renamed::cut(self.names.identifiers, &source.name.name, &name, place);
            found.extend(cut.filter(|_| told.is_none()));
            self.conversion.origins.insert(name.clone(), source.name.clone());
            self.sequences.push((source.name.clone(), name.clone()));
            self.conversion.target.sequences.push(sequence::sequence(source, name, found));
        }
    }

    fn target_name(&self, table: &TableName) -> TableName {
        self.tables.get(table).unwrap_or(table).clone()
    }

    /// The type of every column of every table, the same where a foreign key joins two.
    fn column_types(&mut self) -> Vec<Vec<postgres::ColumnType>> {
        let mut types = Vec::new();
        for table in &self.source.tables {
            let columns = table.columns.iter().map(|column| self.column_type(table, column));
            types.push(columns.collect());
        }
        self.join_types(&mut types);
        types
    }

    fn column_type(
        &mut self,
        table: &mysql::Table,
        column: &mysql::Column,
    ) -> postgres::ColumnType {
        let rule = self.choices.settings.rule(table, column);
        if let Some(wanted) = self.ruled(table, column, &rule) {
            return wanted;
        }
        if let Some(uuid) = rule::proven_uuid(table, column, self.answers) {
            let message = "uuid: the scan found nothing else in it";
            let place = Place::column(&table.name, &column.name);
            self.conversion.findings.push(Finding::note(Code::TypeChosen, place, message));
            return uuid;
        }
        if let Some(text) = rule::long_labels(column) {
            let message = format!("{text} with a CHECK: PostgreSQL's labels have 63 bytes at most");
            let help = "it is ordered by its text now, not by its labels' order";
            let place = Place::column(&table.name, &column.name);
            let finding = Finding::warning(Code::TypeChosen, place, message).help(help);
            self.conversion.findings.push(finding);
            return text;
        }
        let answer = self.answers.of(table, column);
        let enum_name = self.enum_type(table, column, &rule);
        let extensions = &self.choices.extensions;
        let target = column_type::target_type(column, answer, (&enum_name, extensions));
        let found = column_type::findings(&table.name, (column, &target), answer);
        self.conversion.findings.extend(found);
        self.extension(&target);
        target
    }

    /// The type that a rule of nirvana.toml asks for, if there is an exact way to it.
    fn ruled(
        &mut self,
        table: &mysql::Table,
        column: &mysql::Column,
        rule: &ColumnRule,
    ) -> Option<postgres::ColumnType> {
        match rule::target_type(column, rule)? {
            Ok(wanted) => {
                let found = rule::findings(table, column, (rule, &wanted));
                self.conversion.findings.extend(found);
                Some(wanted)
            }
            Err(message) => {
                let place = Place::column(&table.name, &column.name);
                let help = "take another rule in [migrate.columns] or [migrate.types] of \
                            nirvana.toml, or none";
                let finding = Finding::error(Code::TypeRefused, place, message).help(help);
                self.conversion.findings.push(finding);
                None
            }
        }
    }

    /// The extension that a type is of is made, if it is not there.
    fn extension(&mut self, target: &postgres::ColumnType) {
        let name = match target {
            postgres::ColumnType::Geometry { .. } => "postgis",
            postgres::ColumnType::Vector { .. } => "vector",
            _ => return,
        };
        let made = &mut self.conversion.target.extensions;
        if let Some(facts) = self.choices.extensions.get(name).filter(|facts| !facts.is_made)
            && made.iter().all(|extension| extension.name != name)
        {
            let schema = facts.schema.clone();
            made.push(postgres::Extension { name: name.to_owned(), schema });
            let message = format!("the extension {name} is made in schema {}", facts.schema);
            let finding = Finding::note(Code::ExtensionMade, Place::target(), message);
            self.conversion.findings.push(finding);
        }
    }

    /// The enum type of a column; it is made only if the column is an ENUM.
    fn enum_type(
        &mut self,
        table: &mysql::Table,
        column: &mysql::Column,
        rule: &ColumnRule,
    ) -> TableName {
        let mysql::ColumnType::Enum { labels } = &column.column_type else {
            return TableName::new("", "");
        };
        let wanted = format!("{}_{}", table.name.name, column.name);
        let named = &self.choices.settings.named;
        let told = named.part(&table.name, |names| &names.types, &column.name);
        let schema = self.schema(&table.name);
        let name = self.names.within(schema).claim_as(told, &wanted, "enum");
        if name != wanted {
            let pair = (column.name.as_str(), name.as_str());
            let table = self.source.called(&table.name);
            self.conversion.named.note(&table, |names| &mut names.types, pair);
        }
        let name = TableName::new(schema, name);
        // A label longer than the target takes is refused by the server, and named there.
        let labels = rule::labels(labels, rule);
        self.conversion.target.enums.push(postgres::EnumType { name: name.clone(), labels });
        name
    }

    fn table(&mut self, source: &mysql::Table, types: &[postgres::ColumnType]) {
        let found = &mut self.conversion.findings;
        let asking = sequence::defaults(source, &self.sequences);
        let settled = without_defaults(source, &asking);
        let mut columns = table::columns(&settled, types, (self.answers, self.choices), found);
        for (at, default) in asking {
            columns[at].default = Some(default);
        }
        let said = rule::compared(source, &columns, self.choices);
        let said = said.as_ref();
        let made = &mut self.conversion.target.collations;
        rule::collate((source, said), &mut columns, (self.choices, made), found);
        let checks = table::checks(said, &columns, (&self.names, self.choices), found);
        let indexes = self.indexes((source, said), &columns);
        let name = self.tables.get(&source.name).unwrap_or(&source.name).clone();
        let names = self.names.within(&name.schema);
        let found = &mut self.conversion.findings;
        table_findings(source, found);
        if let Some(condition) = self.choices.settings.condition(&source.name) {
            let message = format!("only rows where {condition}, as was asked for");
            let place = Place::table(&source.name);
            found.push(Finding::note(Code::RowsFiltered, place, message));
        }
        let given = (columns.as_slice(), indexes.as_slice());
        let refused = refused::words(&self.answers.refused, source, &Part::Partitions);
        let partitioning = if let Some(words) = refused {
            partition::flattened_as_refused(source, words, found)
        } else if self.choices.settings.is_flattened(&source.name) {
            partition::flattened_as_asked(source, found)
        } else {
            partition::partitioning(source, given, names, found)
        };
        let form = if partitioning.is_some() { Form::Partitioned } else { Form::Plain };
        self.mapping(source, (&name, form), &columns);
        let triggers = self.triggers(source, &columns);
        let comment = source.comment.clone();
        let foreign_keys = Vec::new();
        self.conversion.target.tables.push(postgres::Table {
            name,
            comment,
            columns,
            indexes,
            checks,
            foreign_keys,
            triggers,
            partitioning,
        });
    }

    fn indexes(
        &mut self,
        (source, said): (&mysql::Table, &mysql::Table),
        columns: &[postgres::Column],
    ) -> Vec<postgres::Index> {
        let scope = table::scope(said, columns);
        let Conversion { findings, named, .. } = &mut self.conversion;
        let (table, target) = (self.source.called(&source.name), &self.tables[&source.name]);
        let names = self.names.within(&target.schema);
        let mut indexes = Vec::new();
        for from in &source.indexes {
            let asked = (said, from, self.answers);
            let Some(mut index) = index::index(asked, columns, &scope, findings) else { continue };
            let told = &self.choices.settings.named;
            let told = told.part(&source.name, |names| &names.indexes, &from.name);
            index.name = index::name((&mut *names, told), source, from, findings);
            let usual = format!("{}_pkey", target.name);
            if from.kind != mysql::IndexKind::Primary || index.name != usual {
                let pair = (from.name.as_str(), index.name.as_str());
                named.note(&table, |names| &mut names.indexes, pair);
            }
            indexes.push(index);
        }
        indexes
    }

    fn mapping(
        &mut self,
        source: &mysql::Table,
        (target, form): (&TableName, Form),
        columns: &[postgres::Column],
    ) {
        let mut copied = Vec::new();
        let mut proven = Vec::new();
        for (from, to) in source.columns.iter().zip(columns) {
            let known = (self.answers, &self.choices.settings);
            let way = rule::transcoder((source, from), &to.column_type, known);
            let Some((transcoder, read)) = way else {
                let message = format!("no exact way from its type to {}", to.column_type);
                let place = Place::column(&source.name, &from.name);
                let finding = Finding::error(Code::TableNotCopied, place, message);
                self.conversion.findings.push(finding);
                continue;
            };
            let (name, target) = (from.name.clone(), to.name.clone());
            let mapping = ColumnMapping { source: name, target, transcoder, read };
            if to.generated.is_some() { proven.push(mapping) } else { copied.push(mapping) }
        }
        let copies = copied.len();
        copied.extend(proven);
        self.conversion.mappings.push(TableMapping {
            source: source.name.clone(),
            target: target.clone(),
            rows: self.choices.settings.condition(&source.name).cloned(),
            key: row_key(source, &copied),
            form,
            columns: copied,
            copied: copies,
            owner: Owner::Ours,
            rows_estimate: source.rows_estimate,
            bytes_estimate: source.bytes_estimate,
        });
    }

    /// ON UPDATE CURRENT_TIMESTAMP: one trigger per column, one function per column name and
    /// kind of time.
    fn triggers(
        &mut self,
        source: &mysql::Table,
        columns: &[postgres::Column],
    ) -> Vec<postgres::Trigger> {
        let mut triggers = Vec::new();
        let schema = self.schema(&source.name);
        for (from, to) in source.columns.iter().zip(columns) {
            let Some(now) = table::touched_to(to).filter(|_now| from.on_update_now) else {
                continue;
            };
            let functions = &mut self.conversion.target.touch_functions;
            let same = functions.iter().filter(|f| f.column == to.name && f.name.schema == schema);
            let function = if let Some(function) = same.clone().find(|f| f.now == now) {
                function.name.clone()
            } else {
                let same = same.count();
                let suffix = if same == 0 { String::new() } else { format!("_{}", same + 1) };
                let name = fitted(&format!("touch_{}{suffix}", to.name));
                let name = TableName::new(schema, name);
                let column = to.name.clone();
                functions.push(postgres::TouchFunction { name: name.clone(), column, now });
                name
            };
            let name = fitted(&format!("touch_{}", to.name));
            triggers.push(postgres::Trigger { name, function });
        }
        triggers
    }

    fn foreign_keys(&mut self, table: &mysql::Table, at: usize) {
        let mut found = Vec::new();
        let target_name = |name: &TableName| self.target_name(name);
        let targets = (&target_name as &dyn Fn(&TableName) -> TableName, &self.conversion.target);
        let known = (&self.choices.settings, self.answers, &mut found);
        let keys = foreign_key::foreign_keys(self.source, table, targets, known);
        self.conversion.target.tables[at].foreign_keys = keys;
        self.conversion.findings.extend(found);
    }

    /// What is no table is not carried yet: each is named.
    fn objects(&mut self) {
        for object in &self.source.objects {
            let (kind, what) = match object.kind {
                mysql::ObjectKind::Trigger => (PlaceKind::Trigger, "triggers are"),
                mysql::ObjectKind::Procedure => (PlaceKind::Routine, "procedures are"),
                mysql::ObjectKind::Function => (PlaceKind::Routine, "functions are"),
                mysql::ObjectKind::Event => (PlaceKind::Event, "events are"),
                mysql::ObjectKind::Package => (PlaceKind::Routine, "packages are"),
            };
            let place = match &object.table {
                Some(table) => Place::part(kind, table, &object.name.name),
                None => Place::of(kind, &object.name),
            };
            let message = format!("{what} not carried over yet");
            let help = "rewrite it for PostgreSQL before the application needs it";
            let finding = Finding::warning(Code::NotCarried, place, message).help(help);
            self.conversion.findings.push(finding);
        }
    }
}

/// The table without the defaults that are decided already.
fn without_defaults<'a>(
    source: &'a mysql::Table,
    decided: &[(usize, String)],
) -> Cow<'a, mysql::Table> {
    let mut table = Cow::Borrowed(source);
    for (at, _) in decided {
        table.to_mut().columns[*at].default = mysql::Default::Absent;
    }
    table
}

/// What is to be said of a table as a whole.
fn table_findings(table: &mysql::Table, found: &mut Vec<Finding>) {
    let place = || Place::table(&table.name);
    if table.system_versioned {
        let message = "system-versioned: the current rows are moved, their history is not";
        found.push(Finding::warning(Code::NotCarried, place(), message));
    }
}
