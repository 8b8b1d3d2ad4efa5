//! The schema of the target that each database of the source becomes.

use std::collections::{BTreeMap, BTreeSet};

/// The schema of a database of which nobody has said more.
pub(crate) const USUAL: &str = "public";

/// Database → schema. Several may share one, as long as no two names in it are the same. A database
/// without a name is the only one of a dump, which nobody has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schemas(BTreeMap<Option<String>, String>);

impl Schemas {
    pub(crate) fn new(pairs: impl IntoIterator<Item = (Option<String>, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Whatever the database's name is.
    pub(crate) fn one(schema: impl Into<String>) -> Self {
        Self::new([(None, schema.into())])
    }

    /// The schema of a database, which a server may write in another case than whoever named it.
    pub(crate) fn of(&self, database: &str) -> &str {
        let exact = self.0.get(&Some(database.to_owned()));
        let folded = database.to_lowercase();
        let same =
            |name: &Option<String>| name.as_ref().is_some_and(|n| n.to_lowercase() == folded);
        let similar = || self.0.iter().find(|(name, _)| same(name)).map(|(_, schema)| schema);
        let found = exact.or_else(similar).or_else(|| self.0.get(&None));
        found.map_or(USUAL, String::as_str)
    }

    /// All of them, each once and in order.
    pub(crate) fn all(&self) -> Vec<&str> {
        let schemas: BTreeSet<&str> = self.0.values().map(String::as_str).collect();
        schemas.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Schemas;

    #[test]
    fn each_database_has_its_schema() {
        let named = |name: &str, schema: &str| (Some(name.to_owned()), schema.to_owned());
        let schemas = Schemas::new([named("Shop", "public"), named("blog", "blog")]);
        assert_eq!(
            (schemas.of("Shop"), schemas.of("shop"), schemas.of("blog")),
            ("public", "public", "blog")
        );
        assert_eq!(schemas.all(), ["blog", "public"]);
        let shared = Schemas::new([named("a", "app"), named("A", "other"), named("b", "app")]);
        assert_eq!(
            (shared.of("a"), shared.of("A"), shared.all()),
            ("app", "other", vec!["app", "other"])
        );
        assert_eq!(Schemas::one("s").of("whatever a dump is called"), "s");
    }
}
