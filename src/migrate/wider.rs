//! Types that the data chose are kept once they stand. A first run whose flags held a 2 has made a
//! smallint of them; that those of now are all 0 or 1 is no reason to call it another table. Pure.

use crate::migrate::conversion::Conversion;
use crate::migrate::scan::Answers;
use crate::mysql::schema::Schema;
use crate::postgres::catalog::Found;

/// The answers without those by which a column would be narrower than it stands, or of a type of
/// its own where it stands as text; `None` if all is as planned.
pub(crate) fn as_it_stands(
    (schema, answers): (&Schema, &Answers),
    conversion: &Conversion,
    found: &Found,
) -> Option<Answers> {
    let mut wider = answers.clone();
    for (mapping, planned) in conversion.mappings.iter().zip(&conversion.target.tables) {
        let table = schema.tables.iter().find(|table| table.name == mapping.source);
        let (Some(table), Some(there)) = (table, found.tables.get(&mapping.target)) else {
            continue;
        };
        for column in &mapping.columns {
            let planned = planned.columns.iter().find(|one| one.name == column.target);
            let there = there.columns.iter().find(|one| one.name == column.target);
            let (Some(planned), Some(there)) = (planned, there) else { continue };
            if !there.is_of(&planned.column_type) {
                wider.forget_fit(table, &column.source);
            }
        }
    }
    (wider != *answers).then_some(wider)
}
