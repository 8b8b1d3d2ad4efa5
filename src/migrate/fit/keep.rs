//! Tables that stand in a schema which is otherwise made: they are as planned, and are filled like
//! those of somebody else. What they forbid stays forbidden, their keys and triggers come back.

use super::{Fit, Fitter, Terms, counters, unplanned};
use crate::migrate::conversion::Conversion;
use crate::migrate::mapping::{Owner, TableMapping};
use crate::mysql::schema as mysql;
use crate::name::TableName;
use crate::postgres::standing::{Standing, StandingTable};

/// Takes the tables that stand out of what is made.
pub(crate) fn keep(
    source: &mysql::Schema,
    (standing, is_kept): (&Standing, &dyn Fn(&TableMapping) -> bool),
    terms: Terms<'_>,
    mut conversion: Conversion,
) -> Conversion {
    let tables = conversion.mappings.len();
    let schemas = terms.schemas.all().into_iter().map(str::to_owned).collect();
    conversion.fit = Some(Fit { schemas, counters: vec![Vec::new(); tables], ..Fit::default() });
    let mut fitter = Fitter { source, terms, standing, possible: Vec::new(), conversion };
    for at in 0..tables {
        let mapping = &fitter.conversion.mappings[at];
        let table = source.tables.iter().find(|table| table.name == mapping.source);
        let there = standing.tables.get_key_value(&mapping.target);
        if let (true, Some(table), Some(there)) = (is_kept(mapping), table, there) {
            fitter.keep(at, table, there);
        }
    }
    fitter.set_aside();
    fitter.conversion
}

impl Fitter<'_> {
    fn keep(
        &mut self,
        at: usize,
        source: &mysql::Table,
        (name, there): (&TableName, &StandingTable),
    ) {
        self.privileges(source, (name, there));
        self.rows_there(source, (name, there));
        let mapping = &mut self.conversion.mappings[at];
        mapping.owner = Owner::Theirs;
        let counters = counters(source, mapping, there);
        self.plan().counters[at] = counters;
        self.conversion.target.tables[at] = unplanned(name);
    }
}
