//! Which name of the source is which of the target: the same; or else the one that differs in case
//! or in underscores only (`OrderItems`, `order_items`, `orderitems`), if there is but one.

use std::collections::BTreeMap;

/// What became of one name of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The place in the target's names.
    One(usize),
    /// The target's names, or other names of the source, that it could as well be.
    Ambiguous(Vec<String>),
    None,
}

/// Pairs the names, each of the target with one of the source at most.
pub(super) fn pair(source: &[&str], target: &[&str]) -> Vec<Match> {
    let exact: BTreeMap<&str, usize> =
        target.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let is_taken = |name: &str| source.contains(&name);
    let mut near: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in target.iter().enumerate().filter(|(_, name)| !is_taken(name)) {
        near.entry(folded(name)).or_default().push(at);
    }
    let mut rivals: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in source.iter().filter(|name| !exact.contains_key(*name)) {
        rivals.entry(folded(name)).or_default().push(name);
    }
    let matched = source.iter().map(|name| {
        if let Some(at) = exact.get(name) {
            return Match::One(*at);
        }
        let folded = folded(name);
        let rivals = rivals.get(&folded).map(Vec::as_slice).unwrap_or_default();
        match near.get(&folded).map(Vec::as_slice) {
            Some([at]) if rivals.len() == 1 => Match::One(*at),
            Some([at]) => {
                let others = rivals.iter().filter(|rival| *rival != name);
                let others =
                    others.map(|rival| format!("{rival} of the source for {}", target[*at]));
                Match::Ambiguous(others.collect())
            }
            Some(many) => Match::Ambiguous(many.iter().map(|at| target[*at].to_owned()).collect()),
            None => Match::None,
        }
    });
    matched.collect()
}

fn folded(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{Match, pair};

    #[test]
    fn the_same_name_first_then_the_only_one_that_is_nearly_so() {
        let target = ["order_items", "Users", "users", "tags", "user_tags", "usertags"];
        let cases = [
            ("OrderItems", Match::One(0)),
            ("users", Match::One(2)),
            ("TAGS", Match::One(3)),
            ("UserTags", Match::Ambiguous(vec!["user_tags".to_owned(), "usertags".to_owned()])),
            ("gone", Match::None),
        ];
        let source = cases.each_ref().map(|(name, _)| *name);
        assert_eq!(pair(&source, &target), cases.map(|(_, expected)| expected));
        // Two of the source cannot have the same one, and an exact name is nobody else's.
        let two = pair(&["Tags", "TAGS"], &["tags"]);
        assert!(two.iter().all(|one| matches!(one, Match::Ambiguous(_))), "{two:?}");
        assert_eq!(pair(&["tags", "TAGS"], &["tags"]), [Match::One(0), Match::None]);
    }
}
