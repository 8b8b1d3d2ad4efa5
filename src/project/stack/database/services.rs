//! Drivers that an image installs, and servers that CI or Compose start beside the application.

use crate::application::{Driver, Server};
use crate::project::stack::database::yaml::pairs;
use crate::project::stack::view::{View, evidence};
use crate::project::tree::{Entry, shown};

/// Words of a Dockerfile.
const INSTALLED: [(&str, Server); 10] = [
    ("pdo_mysql", Server::Mysql),
    ("mysqli", Server::Mysql),
    ("default-libmysqlclient-dev", Server::Mysql),
    ("libmariadb-dev", Server::Mysql),
    ("pdo_pgsql", Server::Postgresql),
    ("pgsql", Server::Postgresql),
    ("libpq-dev", Server::Postgresql),
    ("libsqlite3-dev", Server::Sqlite),
    ("pdo_sqlite", Server::Sqlite),
    ("pdo_sqlsrv", Server::Mssql),
];
/// Images of servers.
const IMAGES: [(&str, Server); 8] = [
    ("mysql", Server::Mysql),
    ("mariadb", Server::Mysql),
    ("percona", Server::Mysql),
    ("mysql-server", Server::Mysql),
    ("postgres", Server::Postgresql),
    ("postgis", Server::Postgresql),
    ("postgresql", Server::Postgresql),
    ("mongo", Server::Mongodb),
];

pub(in crate::project::stack) fn drivers(view: &View, folder: &[u8]) -> Vec<Driver> {
    let mut found = Vec::new();
    for entry in view.tree.below(folder) {
        let read: fn(&Entry, &str) -> Vec<Driver> = match kind(entry, folder) {
            Some(Kind::Image) => image,
            Some(Kind::Services) => services,
            None => continue,
        };
        if let Some(text) = view.text(&entry.path) {
            found.extend(read(entry, &text));
        }
    }
    found
}

enum Kind {
    Image,
    Services,
}

fn kind(entry: &Entry, folder: &[u8]) -> Option<Kind> {
    let name = String::from_utf8_lossy(entry.name());
    let below = entry.folder().strip_prefix(folder).unwrap_or_default();
    let below = shown(below.strip_prefix(b"/").unwrap_or(below));
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let compose = name.starts_with("docker-compose") || name.starts_with("compose.");
    let here = ["", "docker", ".docker", ".devcontainer"].contains(&below.as_str());
    let ci = match below.as_str() {
        "" => matches!(name.as_ref(), ".gitlab-ci.yml" | ".travis.yml" | ".drone.yml"),
        ".github/workflows" | ".circleci" => true,
        _ => false,
    };
    if here && name.contains("Dockerfile") {
        return Some(Kind::Image);
    }
    (yaml && (ci || here && compose)).then_some(Kind::Services)
}

/// Extensions and libraries, a word of a line each, comments left out.
fn image(entry: &Entry, text: &str) -> Vec<Driver> {
    let mut found: Vec<Driver> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            let known = INSTALLED.iter().find(|(name, _)| *name == word);
            let Some((name, server)) = known else { continue };
            if found.iter().any(|driver| driver.name == *name) {
                continue;
            }
            let evidence = evidence(&entry.path, Some(at + 1), "dockerfile", *name);
            found.push(Driver { name: (*name).to_owned(), server: *server, evidence });
        }
    }
    found
}

fn services(entry: &Entry, text: &str) -> Vec<Driver> {
    let mut found: Vec<Driver> = Vec::new();
    let mut add = |image: &str, line: usize| {
        let image = image.trim_matches(['"', '\'']);
        let last = image.rsplit('/').next().unwrap_or(image);
        let name = last.split([':', '@']).next().unwrap_or(last);
        let Some((_, server)) = IMAGES.iter().find(|(known, _)| *known == name) else { return };
        if found.iter().any(|driver| driver.name == last) {
            return;
        }
        let evidence = evidence(&entry.path, Some(line), "service-image", last);
        found.push(Driver { name: last.to_owned(), server: *server, evidence });
    };
    for pair in pairs(text).iter().filter(|pair| pair.key() == "image") {
        add(pair.value, pair.line);
    }
    // Travis: a list of names below `services:`; GitLab: a list of images, too.
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim();
        match bare.strip_prefix("- ") {
            Some(item) if inside => add(item.split(" #").next().unwrap_or(item).trim(), at + 1),
            Some(item) if item.starts_with("image: ") => add(&item["image: ".len()..], at + 1),
            _ => inside = bare == "services:",
        }
    }
    found
}
