//! How tables are called: with their databases only where there is more than one.

use crate::finding::{Finding, Place};
use crate::name::TableName;
use crate::report::Report;

/// Whether a name alone tells what is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Naming {
    /// All stand in one schema.
    #[default]
    Short,
    /// They stand in several.
    WithSchema,
}

impl Naming {
    pub(crate) fn of<'a>(mut tables: impl Iterator<Item = &'a TableName>) -> Self {
        let first = tables.next().map(|table| &table.schema);
        let several = tables.any(|table| Some(&table.schema) != first);
        if several { Self::WithSchema } else { Self::Short }
    }

    /// As the tables of the source want it; where nothing is said of them, as those of the findings.
    pub(crate) fn of_report(report: &Report) -> Self {
        let planned = report.plan.iter().map(|table| &table.source);
        let tables = planned.chain(report.tables.iter().map(|table| &table.source));
        if report.plan.is_empty() && report.tables.is_empty() {
            return Self::of_findings(&report.findings);
        }
        Self::of(tables)
    }

    pub(crate) fn of_findings(findings: &[Finding]) -> Self {
        Self::of(findings.iter().filter_map(|finding| finding.place.table.as_ref()))
    }

    pub(crate) fn table(self, table: &TableName) -> String {
        match self {
            Self::Short => table.name.clone(),
            Self::WithSchema => table.to_string(),
        }
    }

    pub(crate) fn place(self, place: &Place) -> String {
        let table = place.table.as_ref().map(|table| &table.schema);
        match (self, table.or(place.schema.as_ref())) {
            (Self::WithSchema, Some(schema)) => format!("{schema}.{place}"),
            _ => place.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Naming;
    use crate::finding::{Place, PlaceKind};
    use crate::name::TableName;

    #[test]
    fn a_database_is_named_where_there_are_several() {
        let (shop, blog) = (TableName::new("shop", "users"), TableName::new("blog", "users"));
        assert_eq!(Naming::of([&shop, &shop].into_iter()), Naming::Short);
        let several = Naming::of([&shop, &blog].into_iter());
        assert_eq!((several, several.table(&blog)), (Naming::WithSchema, "blog.users".to_owned()));
        assert_eq!(several.place(&Place::column(&blog, "id")), "blog.users.id");
        assert_eq!(several.place(&Place::of(PlaceKind::View, &shop)), "shop.users");
        assert_eq!(several.place(&Place::target()), "target");
        assert_eq!(Naming::Short.place(&Place::column(&blog, "id")), "users.id");
    }
}
