//! What PHP code needs of PHP, and what any code needs of the machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::composer;
use crate::application::{Application, Framework};
use crate::audit::context::Context;
use crate::audit::file::{File, Kind};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::Verdict;
use crate::project::read::php::{Callee, Code};
use crate::project::read::ruby;

/// Functions and classes by how they begin, and the extension that has them.
const FUNCTIONS: [(&str, &str); 12] = [
    ("mysqli_", "ext-mysqli"),
    ("pg_", "ext-pgsql"),
    ("curl_", "ext-curl"),
    ("imagecreate", "ext-gd"),
    ("imagejpeg", "ext-gd"),
    ("mb_", "ext-mbstring"),
    ("simplexml_", "ext-simplexml"),
    ("bcadd", "ext-bcmath"),
    ("bcmul", "ext-bcmath"),
    ("gzopen", "ext-zlib"),
    ("ldap_", "ext-ldap"),
    ("imap_", "ext-imap"),
];
const CLASSES: [(&str, &str); 10] = [
    ("mysqli", "ext-mysqli"),
    ("PDO", "ext-pdo"),
    ("ZipArchive", "ext-zip"),
    ("SoapClient", "ext-soap"),
    ("NumberFormatter", "ext-intl"),
    ("IntlDateFormatter", "ext-intl"),
    ("Collator", "ext-intl"),
    ("Imagick", "ext-imagick"),
    ("Redis", "ext-redis"),
    ("Memcached", "ext-memcached"),
];

pub(super) fn undeclared(
    context: &Context,
    application: &Application,
    found: &mut Found,
) -> Verdict {
    let Some(manifest) = composer(context, application) else {
        return Verdict::NotApplicable("no composer.json is here");
    };
    let mut used: BTreeMap<&str, (Arc<File>, usize, String)> = BTreeMap::new();
    for file in context.read_kinds(application, &[Kind::Php]) {
        let reading = Reading::new(&file);
        let words = FUNCTIONS.iter().chain(&CLASSES).map(|(word, _)| *word);
        if !words.clone().any(|word| reading.has(word)) {
            continue;
        }
        for (extension, at, name) in needs(reading.php(), &file.text) {
            used.entry(extension).or_insert_with(|| (Arc::clone(&file), at, name));
        }
    }
    let required: Vec<&String> =
        manifest["require"].as_object().into_iter().flat_map(|require| require.keys()).collect();
    let frameworks = matches!(
        application.framework,
        Framework::Laravel
            | Framework::Lumen
            | Framework::Symfony
            | Framework::Drupal
            | Framework::CodeIgniter
    );
    for (extension, (file, at, name)) in used {
        let polyfill = format!("symfony/polyfill-{}", &extension[4..]);
        let declared =
            required.iter().any(|one| one.eq_ignore_ascii_case(extension) || **one == polyfill);
        // What every such framework requires itself.
        let given =
            frameworks && matches!(extension, "ext-mbstring" | "ext-pdo" | "ext-intl" | "ext-curl");
        if !declared && !given && !platform(&manifest, extension) {
            found.at(
                &file,
                at,
                format!("{name} needs {extension}, which composer.json does not require"),
            );
        }
    }
    Verdict::Looked
}

fn platform(manifest: &Value, extension: &str) -> bool {
    manifest["config"]["platform"].get(extension).is_some()
        || manifest["provide"].get(extension).is_some()
        || manifest["replace"].get(extension).is_some()
}

fn needs(code: &Code, text: &str) -> Vec<(&'static str, usize, String)> {
    let mut found = Vec::new();
    for call in code.calls() {
        let name =
            String::from_utf8_lossy(code.text(call.name)).trim_start_matches('\\').to_owned();
        let table: &[(&str, &str)] = match call.callee {
            Callee::Function => &FUNCTIONS,
            Callee::New => &CLASSES,
            Callee::Method | Callee::Static => continue,
        };
        let extension = table.iter().find(|(word, _)| match call.callee {
            Callee::New => *word == name,
            _ => name.starts_with(word),
        });
        let Some((_, extension)) = extension else { continue };
        let family = name.split('_').next().unwrap_or(&name);
        let asked = text.contains(&format!("function_exists('{family}"))
            || text.contains(&format!("function_exists( '{family}"));
        let guarded = asked
            || text.contains(&format!("function_exists('{name}'"))
            || text.contains(&format!("extension_loaded('{}'", &extension[4..]))
            || text.contains(&format!("function {name}("))
            || text.contains(&format!("class_exists('{name}'"))
            || text.contains(&format!("class_exists({name}::class"))
            || text.contains(&format!("class_exists(\\{name}::class"));
        if !guarded {
            found.push((*extension, code.tokens[call.name].span.start, format!("{name}()")));
        }
    }
    found
}

/// Programs that no machine has by itself, and the words by which a Dockerfile installs them.
const PROGRAMS: [(&str, &[&str]); 14] = [
    ("convert", &["imagemagick"]),
    ("mogrify", &["imagemagick"]),
    ("identify", &["imagemagick"]),
    ("wkhtmltopdf", &["wkhtmltopdf"]),
    ("ffmpeg", &["ffmpeg"]),
    ("mysqldump", &["mysql-client", "mariadb-client", "default-mysql-client"]),
    ("mysql", &["mysql-client", "mariadb-client", "default-mysql-client"]),
    ("pg_dump", &["postgresql-client"]),
    ("curl", &["curl"]),
    ("wget", &["wget"]),
    ("zip", &["zip"]),
    ("unzip", &["unzip"]),
    ("pdftotext", &["poppler-utils"]),
    ("gs", &["ghostscript"]),
];

pub(super) fn programs(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let mut declared = String::new();
    for (entry, placed) in context.own(application) {
        let name = placed.inner.rsplit('/').next().unwrap_or_default();
        if placed.kind == Kind::Dockerfile || name == "Aptfile" || name == "Brewfile" {
            declared.push_str(
                &context.file(&entry.path).map_or(String::new(), |file| file.text.clone()),
            );
        }
    }
    for file in context.read_kinds(application, &[Kind::Php, Kind::Ruby]) {
        let tool = [
            "bin/",
            "script",
            "lib/tasks",
            "Console/",
            "Command",
            "deploy",
            "Rakefile",
            "Capfile",
            "tasks/",
        ];
        if tool.iter().any(|part| file.inner.contains(part)) {
            continue;
        }
        for (at, program) in called(&Reading::new(&file)) {
            let Some((name, packages)) = PROGRAMS.iter().find(|(name, _)| *name == program) else {
                continue;
            };
            if !packages.iter().any(|package| declared.contains(package)) {
                found.at(&file, at, format!("calls {name}"));
            }
        }
    }
    Verdict::Looked
}

/// Programs that a file starts, with where it does.
fn called(reading: &Reading) -> Vec<(usize, String)> {
    let mut calls = Vec::new();
    let first = |text: &str| {
        let word = text.trim_start_matches(['`', '"', '\'']).split_whitespace().next()?;
        Some(word.rsplit('/').next()?.trim_matches(['"', '\'', '`']).to_owned())
    };
    if reading.kind == Kind::Php && reading.has_any(&["exec", "system", "popen", "passthru"]) {
        let code = reading.php();
        let names: [&[u8]; 6] =
            [b"exec", b"shell_exec", b"system", b"passthru", b"proc_open", b"popen"];
        for call in code.calls().filter(|call| call.callee == Callee::Function) {
            if !names.iter().any(|name| code.is_name(call.name, name)) {
                continue;
            }
            let literal = code.literal(call.open + 1);
            let word = literal.and_then(|literal| first(&String::from_utf8_lossy(&literal.value)));
            calls.extend(word.map(|word| (code.tokens[call.name].span.start, word)));
        }
    }
    if reading.kind == Kind::Ruby
        && reading.has_any(&["system", "`", "%x", "exec", "Open3", "popen"])
    {
        let code = reading.ruby();
        for token in code.tokens.iter().filter(|token| token.kind == ruby::Kind::Command) {
            let text = String::from_utf8_lossy(token.text(code.source)).into_owned();
            let text = text.trim_start_matches("%x").trim_start_matches(['(', '{', '[']).to_owned();
            calls.extend(first(&text).map(|word| (token.span.start, word)));
        }
        for call in code.calls() {
            let names: [&[u8]; 6] =
                [b"system", b"exec", b"popen", b"capture3", b"capture2", b"spawn"];
            if !names.iter().any(|name| code.text(call.name) == *name) {
                continue;
            }
            let literal = code.literal(call.arguments.start);
            let word = literal.and_then(|literal| first(&String::from_utf8_lossy(&literal.value)));
            calls.extend(word.map(|word| (code.tokens[call.name].span.start, word)));
        }
    }
    calls
}
