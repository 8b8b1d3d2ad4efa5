//! Rules on any text: for tests, and for fuzzers.

use crate::application::Framework;

use super::factor;
use super::file::{File, Kind, Placed, scope};
use super::run::look;
use super::suppress;

/// Files of each kind that rules know, and what they may be a part of.
const PLACES: [(&str, Option<Framework>); 20] = [
    ("app/x.php", Some(Framework::Php)),
    ("app/x.php", Some(Framework::Laravel)),
    ("wp-config.php", Some(Framework::Wordpress)),
    ("sites/default/settings.php", Some(Framework::Drupal)),
    ("app/Config/Database.php", Some(Framework::CodeIgniter)),
    ("config/packages/x.php", Some(Framework::Symfony)),
    ("app/models/x.rb", Some(Framework::Rails)),
    ("config/environments/production.rb", Some(Framework::Rails)),
    ("config/database.yml", Some(Framework::Rails)),
    ("config/packages/doctrine.yaml", Some(Framework::Symfony)),
    (".env", Some(Framework::Laravel)),
    ("src/x.js", Some(Framework::SinglePage)),
    ("index.html", Some(Framework::Static)),
    ("bin/x.sh", None),
    ("Dockerfile", None),
    ("docker-compose.yml", None),
    (".github/workflows/x.yml", None),
    ("Procfile", None),
    ("x.service", None),
    ("x.json", None),
];

/// Every rule about files reads any text as every kind of file: none panics, what is found has its
/// place, and no secret is in what is told.
pub(crate) fn check(data: &[u8]) {
    let Some((nth, text)) = data.split_first() else { return };
    let (path, framework) = PLACES[usize::from(*nth) % PLACES.len()];
    let placed = Placed {
        shown: path.to_owned(),
        kind: Kind::of(path),
        scope: scope(path, path, framework),
        inner: path.to_owned(),
        framework,
        server: None,
    };
    let file = File::new(placed, String::from_utf8_lossy(text).into_owned());
    for hit in look(&file, &factor::rules()) {
        let line = file.line(hit.line as usize);
        assert!(file.text.is_empty() || hit.line as usize <= file.lines().count(), "{hit:?}");
        let Some(secret) = hit.secret.clone() else { continue };
        let secret = line.get(secret.clone());
        assert!(secret.is_some(), "{hit:?}");
        // A word of the message may be somebody's password.
        let is_drawn = |secret: &&str| secret.len() > 11 && secret.contains(char::is_numeric);
        let told = secret.filter(is_drawn).is_some_and(|secret| hit.message.contains(secret));
        assert!(!told, "the message of {} has the secret", hit.rule);
    }
    let _ = suppress::comments(&file);
}
