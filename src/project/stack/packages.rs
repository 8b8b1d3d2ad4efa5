//! What Gemfile, Gemfile.lock, composer.json and composer.lock say of one package.

use serde_json::Value;

use crate::application::{Evidence, Version};
use crate::project::stack::view::{View, evidence, line_of};
use crate::project::tree::join;

/// A package and where it is named.
#[derive(Debug)]
pub(super) struct Package {
    path: Vec<u8>,
    line: Option<usize>,
    name: String,
    /// The version, or what is allowed.
    version: Option<String>,
    /// Whether a lock file says so.
    locked: bool,
}

impl Package {
    pub(super) fn evidence(&self, rule: &'static str) -> Evidence {
        let what = match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        };
        evidence(&self.path, self.line, rule, what)
    }

    pub(super) fn version(&self, rule: &'static str) -> Option<Version> {
        let value = self.version.clone()?;
        Some(Version { value, exact: self.locked, evidence: self.evidence(rule) })
    }
}

/// A gem as Gemfile.lock locks it; without a lock as Gemfile names it.
pub(super) fn gem(view: &View, folder: &[u8], name: &str) -> Option<Package> {
    for lock in ["Gemfile.lock", "gems.locked"] {
        let path = join(folder, lock.as_bytes());
        if let Some(text) = view.text(&path) {
            return locked_gem(&text, name).map(|(line, version)| Package {
                path,
                line: Some(line),
                name: name.to_owned(),
                version: Some(version),
                locked: true,
            });
        }
    }
    ["Gemfile", "gems.rb"].iter().find_map(|file| {
        let path = join(folder, file.as_bytes());
        let text = view.text(&path)?;
        let (line, version) = named_gem(&text, name)?;
        let name = name.to_owned();
        Some(Package { path, line: Some(line), name, version, locked: false })
    })
}

/// `    rails (7.1.3)` below `specs:`; what a gem depends on stands deeper.
fn locked_gem(text: &str, name: &str) -> Option<(usize, String)> {
    text.lines().enumerate().find_map(|(at, line)| {
        let spec = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))?;
        let (gem, version) = spec.split_once(" (")?;
        // A platform may follow, as in `1.6.0-x86_64-linux`.
        let version = version.trim_end_matches(')').split('-').next()?;
        (gem == name).then(|| (at + 1, version.to_owned()))
    })
}

/// `gem "rails", "~> 7.1"`, in any of Ruby's quotes, not in a comment.
fn named_gem(text: &str, name: &str) -> Option<(usize, Option<String>)> {
    text.lines().enumerate().find_map(|(at, line)| {
        let rest = line.trim_start().strip_prefix("gem")?.trim_start_matches([' ', '(']);
        let mut parts = rest.split(['"', '\'']);
        let (_, found) = (parts.next()?, parts.next()?);
        if found != name {
            return None;
        }
        let (between, next) = (parts.next().unwrap_or_default(), parts.next());
        // The first of several requirements, in a list or not; an option comes after its name.
        let version = next.filter(|_| matches!(between.trim(), "," | ", [" | ",["));
        Some((at + 1, version.map(str::to_owned)))
    })
}

/// A package that composer.json requires, with the version that composer.lock has of it. Of the
/// lock alone only what cannot be a part of another framework's: an application whose composer.json
/// requires a distribution of it.
pub(super) fn composer(view: &View, folder: &[u8], name: &str) -> Option<Package> {
    let manifest = join(folder, b"composer.json");
    let json = view.json(&manifest);
    let wanted = json["require"].get(name).and_then(Value::as_str);
    if let Some(locked) = locked(view, folder, name)
        && (wanted.is_some() || DISTRIBUTED.contains(&name))
    {
        return Some(locked);
    }
    let text = view.text(&manifest)?;
    let key = format!("\"{name}\"");
    let line = line_of(&text, |line| line.contains(&key));
    let version = Some(wanted?.to_owned());
    Some(Package { path: manifest, line, name: name.to_owned(), version, locked: false })
}

/// Packages that applications often have by way of another: Drupal distributions, WordPress.
const DISTRIBUTED: [&str; 3] =
    ["drupal/core", "johnpbloch/wordpress-core", "roots/wordpress-no-content"];

/// What composer.lock has of a package, of those that are not for development only.
pub(super) fn locked(view: &View, folder: &[u8], name: &str) -> Option<Package> {
    let path = join(folder, b"composer.lock");
    let json = view.json(&path);
    let package = json["packages"].as_array()?.iter().find(|one| one["name"] == name)?;
    let version = package["version"].as_str()?.trim_start_matches('v').to_owned();
    let text = view.text(&path)?;
    let key = format!("\"name\": \"{name}\"");
    let line = line_of(&text, |line| line.contains(&key));
    Some(Package { path, line, name: name.to_owned(), version: Some(version), locked: true })
}

#[cfg(test)]
mod tests {
    use super::{locked_gem, named_gem};

    #[test]
    fn a_gem_is_found_where_it_is_locked_and_not_where_another_wants_it() {
        let lock = "GEM\n  specs:\n    jekyll (4.3.2)\n      rails (>= 1)\n    \
                    nokogiri (1.16.0-x86_64-linux)\n    rails (7.1.3)\n\nDEPENDENCIES\n  rails\n";
        assert_eq!(locked_gem(lock, "rails"), Some((6, "7.1.3".to_owned())));
        assert_eq!(locked_gem(lock, "nokogiri"), Some((5, "1.16.0".to_owned())));
        assert_eq!(locked_gem(lock, "pg"), None);
    }

    #[test]
    fn a_gem_is_named_by_a_whole_name_outside_of_comments() {
        let text = "# gem 'pg'\ngem 'pg_search'\n  gem(\"rails\", '~> 4.2')\ngem 'mysql2', group: :x\n\
                    gem 'a', ['~> 7.1.5', '>= 7.1.5.2']\ngem 'b', git: 'https://t@h/x'\n";
        assert_eq!(named_gem(text, "pg"), None);
        assert_eq!(named_gem(text, "rails"), Some((3, Some("~> 4.2".to_owned()))));
        assert_eq!(named_gem(text, "mysql2"), Some((4, None)));
        assert_eq!(named_gem(text, "a"), Some((5, Some("~> 7.1.5".to_owned()))));
        assert_eq!(named_gem(text, "b"), Some((6, None)));
    }
}
