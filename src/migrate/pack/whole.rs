//! Makes the directory whole, once all rows are in it: the files of SQL, and the manifest last.

use crate::archive::{
    Assumed, Chunk, Column, Compression, FileFact, Folder, Head, Manifest, SCHEMA,
    Table as PackedTable,
};
use crate::finding::{Code, Finding, Place};
use crate::migrate::copied::Copied;
use crate::migrate::error::Error;
use crate::migrate::mapping::{Form, TableMapping};
use crate::migrate::pack::files::{self, Written};
use crate::migrate::pack::remains::{self, ALTERED};
use crate::migrate::pack::work::{Board, State};
use crate::migrate::pack::{Directory, Loaders, restore, script};
use crate::migrate::pair::Pair;
use crate::migrate::transcode::Alteration;
use crate::postgres::schema::{Column as Planned, Schema, Table};
use crate::report::{Report, Verified};

const LOAD: &str = include_str!("load.sh");

/// Writes all that is not rows. A directory that has not all rows, proven, is left as unfinished.
pub(super) fn finish(board: Board, pair: &Pair<Directory>, report: &Report) -> Result<(), Error> {
    let lost = report.tables.iter().filter(|table| table.verified != Verified::Equal).count();
    let directory = pair.target.address();
    if lost > 0 {
        return Err(Error::NotWhole { tables: lost, directory });
    }
    let states = board.tables();
    let Board { conversion, events, folder, remains, .. } = board;
    let (mut schema, mappings) = (conversion.target, conversion.mappings);
    for ((mapping, state), table) in mappings.iter().zip(&states).zip(&mut schema.tables) {
        for finding in without_not_null(mapping, state, table) {
            events.found(finding);
        }
    }
    let contents = Contents { mappings: &mappings, states: &states, schema: &schema, pair };
    let remains = remains.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut files: Vec<FileFact> = states
        .iter()
        .flat_map(|state| state.chunks.iter().flatten().map(|stored| stored.fact.clone()))
        .collect();
    files.extend(remains.finish()?);
    files.extend(contents.write(&folder)?);
    let findings = events.findings();
    let snapshot = report.snapshot.clone();
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: Manifest::now(),
        source: pair.source.address(),
        snapshot,
        target: contents.assumed(),
        data: pair.target.form,
        tables: contents.tables(),
        files,
        findings,
    };
    Ok(folder.finish(&manifest)?)
}

/// Drops what the table's rows break. What was altered on the way is told with that.
fn without_not_null(mapping: &TableMapping, state: &State, table: &mut Table) -> Vec<Finding> {
    let mut found = Vec::new();
    for (column, nulls) in mapping.columns.iter().zip(&state.nulls) {
        let named = |planned: &&mut Planned| planned.name == column.target;
        let Some(planned) = table.columns.iter_mut().find(named) else { continue };
        if *nulls == 0 || !planned.not_null {
            continue;
        }
        planned.not_null = false;
        if !became_null(&state.copied, mapping, &column.source) {
            let message = format!("NOT NULL is dropped: {nulls} rows hold NULL");
            let place = Place::column(&mapping.source, &column.source);
            found.push(Finding::warning(Code::NotNullDropped, place, message));
        }
    }
    found
}

fn became_null(copied: &Copied, mapping: &TableMapping, column: &str) -> bool {
    copied.alterations(mapping).any(|altered| {
        altered.column == column
            && matches!(
                altered.alteration,
                Alteration::ZeroDate | Alteration::EnumError | Alteration::EmptyToNull
            )
    })
}

/// What is written down.
struct Contents<'a> {
    mappings: &'a [TableMapping],
    states: &'a [State],
    schema: &'a Schema,
    pair: &'a Pair<Directory>,
}

impl Contents<'_> {
    fn write(&self, folder: &Folder) -> Result<Vec<FileFact>, Error> {
        let Self { mappings, states, schema, pair } = self;
        let form = pair.target.form;
        let chunks: Vec<(usize, Written)> = states
            .iter()
            .enumerate()
            .flat_map(|(table, state)| state.chunks.iter().flatten().map(move |s| (table, s)))
            .map(|(table, stored)| (table, stored.written.clone()))
            .collect();
        let (copies, places) = files::copies(mappings, form.format);
        let indexes = script::indexes(schema);
        let constraints = script::constraints(schema);
        let scripts = [("indexes.sql", &indexes), ("constraints.sql", &constraints)];
        let catalog = serde_json::to_string_pretty(schema).map_err(Error::Catalog)? + "\n";
        let texts = [
            ("schema.sql", script::schema(schema, &pair.schemas.all(), pair.target.postgres)),
            ("copy.sql", copies),
            ("load.sql", files::session(mappings, &chunks, form)),
            ("load.tsv", files::work(&chunks, &places, &scripts)),
            ("indexes.sql", indexes.text.clone()),
            ("constraints.sql", constraints.text.clone()),
            ("drop.sql", script::drop(schema)),
            ("catalog.json", catalog),
        ];
        let mut facts = vec![folder.write_program("load.sh", LOAD.as_bytes())?];
        for (name, text) in texts {
            facts.push(folder.write(name, text.as_bytes())?);
        }
        let pairs = mappings.iter().zip(*states);
        let altered: String =
            pairs.map(|(mapping, state)| remains::altered(mapping, &state.copied)).collect();
        if !altered.is_empty() {
            facts.push(folder.write(ALTERED, altered.as_bytes())?);
        }
        if pair.target.loaders == Loaders::PgRestore {
            facts.push(folder.write_toc(&self.toc(&chunks))?);
        }
        Ok(facts)
    }

    fn toc(&self, chunks: &[(usize, Written)]) -> Vec<u8> {
        let Self { mappings, schema, pair, .. } = self;
        let compression = pair.target.form.compression;
        // A dump need not name its database.
        let mut named = mappings.iter().map(|mapping| mapping.source.schema.as_str());
        let database = named.find(|name| !name.is_empty()).unwrap_or("nirvana");
        let ending = compression.ending();
        let plan = restore::Plan { schema, mappings, chunks, database, ending };
        let source = pair.source.address();
        let gzip = compression == Compression::Gzip;
        restore::toc(&plan).bytes(&Head { database, source: &source, gzip })
    }

    fn assumed(&self) -> Assumed {
        let target = &self.pair.target;
        let used = self.schema.extensions.iter();
        let used = used.map(|extension| crate::archive::Extension {
            name: extension.name.clone(),
            schema: extension.schema.clone(),
        });
        Assumed {
            schemas: self.pair.schemas.all().iter().map(ToString::to_string).collect(),
            postgres: target.postgres,
            extensions: used.collect(),
        }
    }

    fn tables(&self) -> Vec<PackedTable> {
        let pairs = self.mappings.iter().zip(self.states);
        pairs.map(|(mapping, state)| table(mapping, state)).collect()
    }
}

fn table(mapping: &TableMapping, state: &State) -> PackedTable {
    let columns = mapping.columns.iter();
    let key = mapping.key.iter().filter_map(|at| mapping.columns.get(*at));
    let chunks = state.chunks.iter().flatten().map(|stored| {
        let Written { path, rows, bytes } = stored.written.clone();
        Chunk { file: path, rows, bytes }
    });
    PackedTable {
        source: mapping.source.clone(),
        target: mapping.target.clone(),
        columns: columns
            .map(|column| Column { source: column.source.clone(), target: column.target.clone() })
            .collect(),
        copied: mapping.copied,
        key: key.map(|column| column.target.clone()).collect(),
        partitioned: mapping.form == Form::Partitioned,
        rows: state.copied.digest.rows,
        digest: state.copied.digest.to_string(),
        quarantined: state.copied.refused.count,
        chunks: chunks.collect(),
    }
}
