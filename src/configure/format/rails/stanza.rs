//! Which configurations `database.yml` has, and which settings each of them ends up with.

use crate::application::Server;
use crate::project::read::yaml_erb::{Kind, Pair, Yaml};

use super::{erb, is_local};

/// Keys of a configuration; at the root of a file they belong to the environment above them.
const SETTINGS: [&[u8]; 8] =
    [b"adapter", b"database", b"username", b"password", b"host", b"encoding", b"url", b"socket"];
/// Anchors that are followed from one to the next.
const DEEPEST: usize = 8;

/// One set of settings: an environment's, one connection's of it, or what others merge.
#[derive(Clone, Debug)]
pub(super) struct Stanza<'a> {
    pub(super) environment: &'a [u8],
    pub(super) connection: Option<&'a [u8]>,
    pub(super) anchor: Option<&'a [u8]>,
    /// Pairs that stand in it.
    pub(super) own: Vec<usize>,
    merges: Vec<&'a [u8]>,
}

/// All stanzas of a file.
pub(super) struct Stanzas<'a> {
    pub(super) all: Vec<Stanza<'a>>,
}

impl<'a> Stanzas<'a> {
    pub(super) fn new(yaml: &Yaml<'a>) -> Self {
        let mut all: Vec<Stanza<'a>> = Vec::new();
        let mut above: Option<usize> = None;
        for (top, pair) in yaml.within(None) {
            let key = yaml.key(pair);
            // Not nested, as some commit it.
            if let Some(above) = above
                && (SETTINGS.contains(&key) || (key == b"<<" && pair.value.is_some()))
            {
                let merges = aliases(yaml, pair);
                let stanza: &mut Stanza = &mut all[above];
                stanza.own.push(top);
                stanza.merges.extend(merges);
                continue;
            }
            let first = all.len();
            all.push(stanza(yaml, top, key, None));
            above = pair.value.is_none().then_some(first);
            for (child, below) in yaml.within(Some(top)) {
                let is_connection = below.has_pairs
                    && yaml.within(Some(child)).any(|(_, pair)| {
                        let key = yaml.key(pair);
                        SETTINGS.contains(&key) || key == b"<<"
                    });
                if is_connection {
                    all.push(stanza(yaml, child, key, Some(yaml.key(below))));
                }
            }
        }
        Self { all }
    }

    /// Whether it is there only to be merged.
    pub(super) fn is_template(&self, stanza: &Stanza) -> bool {
        const ENVIRONMENTS: [&[u8]; 7] =
            [b"development", b"test", b"production", b"staging", b"qa", b"cucumber", b"ci"];
        let is_merged = stanza
            .anchor
            .is_some_and(|anchor| self.all.iter().any(|other| other.merges.contains(&anchor)));
        stanza.connection.is_none()
            && !ENVIRONMENTS.contains(&stanza.environment)
            && (is_merged || stanza.environment.starts_with(b"."))
    }

    /// Stanzas that a deploy uses.
    pub(super) fn deployed(&self) -> impl Iterator<Item = &Stanza<'a>> {
        self.all.iter().filter(|one| {
            !is_local(one.environment) && !is_generated(one.environment) && !self.is_template(one)
        })
    }

    /// Stanzas that only a developer or a test uses.
    pub(super) fn local(&self) -> impl Iterator<Item = &Stanza<'a>> {
        self.all.iter().filter(|one| is_local(one.environment))
    }

    /// The pair that decides a setting: the stanza's own, or the one of what it merges.
    pub(super) fn effective(&self, yaml: &Yaml, stanza: &Stanza, key: &[u8]) -> Option<usize> {
        self.find(yaml, stanza, key, 0)
    }

    fn find(&self, yaml: &Yaml, stanza: &Stanza, key: &[u8], depth: usize) -> Option<usize> {
        let is_it = |nth: &&usize| yaml.key(&yaml.pairs[**nth]) == key;
        if let Some(own) = stanza.own.iter().rev().find(is_it) {
            return Some(*own);
        }
        if depth == DEEPEST {
            return None;
        }
        stanza.merges.iter().rev().find_map(|merged| {
            let other = self.all.iter().find(|other| other.anchor == Some(*merged))?;
            self.find(yaml, other, key, depth + 1)
        })
    }

    /// The server that a stanza speaks to; unknown if only a variable says.
    pub(super) fn server(&self, yaml: &Yaml, stanza: &Stanza) -> Server {
        let of = |key: &[u8]| {
            let pair = &yaml.pairs[self.effective(yaml, stanza, key)?];
            let scalar = yaml.scalar(pair)?;
            if !scalar.is_dynamic {
                return Some(Server::of(&String::from_utf8_lossy(&scalar.value)));
            }
            let literals = erb::literals(yaml.source, pair.span);
            let known =
                literals.iter().map(|(_, value)| Server::of(&String::from_utf8_lossy(value)));
            known.rev().find(|server| *server != Server::Unknown)
        };
        let scheme = || {
            let pair = &yaml.pairs[self.effective(yaml, stanza, b"url")?];
            let scalar = yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic)?;
            let url = String::from_utf8_lossy(&scalar.value).into_owned();
            Some(Server::of(url.split_once("://")?.0))
        };
        of(b"adapter").or_else(scheme).unwrap_or(Server::Unknown)
    }

    /// The stanza that a pair stands in.
    pub(super) fn owner(&self, nth: usize) -> Option<&Stanza<'a>> {
        self.all.iter().find(|one| one.own.contains(&nth))
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Stanza<'a>> {
        self.all.iter().filter(|one| self.is_template(one))
    }
}

/// Whether a name is made by ERB.
pub(super) fn is_generated(environment: &[u8]) -> bool {
    memchr::memmem::find(environment, b"<%").is_some()
}

fn stanza<'a>(
    yaml: &Yaml<'a>,
    nth: usize,
    environment: &'a [u8],
    connection: Option<&'a [u8]>,
) -> Stanza<'a> {
    let anchor = yaml.pairs[nth].anchor.map(|token| &token.text(yaml.source)[1..]);
    let own: Vec<usize> = yaml.within(Some(nth)).map(|(child, _)| child).collect();
    let merges = own.iter().flat_map(|child| aliases(yaml, &yaml.pairs[*child])).collect();
    Stanza { environment, connection, anchor, own, merges }
}

/// The names that `<<: *name` or `<<: [*one, *other]` merge.
fn aliases<'a>(yaml: &Yaml<'a>, pair: &Pair) -> Vec<&'a [u8]> {
    if yaml.key(pair) != b"<<" {
        return Vec::new();
    }
    let within = |start: usize| pair.span.start <= start && start < pair.span.end;
    let tokens = yaml.tokens.iter();
    tokens
        .filter(|token| token.kind == Kind::Alias && within(token.span.start))
        .map(|token| &token.text(yaml.source)[1..])
        .collect()
}
