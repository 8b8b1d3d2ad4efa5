//! VI. Processes share nothing: what must last is in a backing service.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::project::read::php::Callee;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Processes;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "VI-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "uploads are kept on the disk of one machine",
            why: "A second machine does not have them, and the next release may not either. Keep \
                  them in an object store.",
            before: "config.active_storage.service = :local\nmove_uploaded_file($tmp, 'uploads/' . $name);",
            after: "config.active_storage.service = :amazon",
            quiet: "Development and test; move_uploaded_file() is a note.",
        },
        applies: Applies::Server,
        check: Check::Files { kinds: &[Kind::Ruby, Kind::Php], reach: Reach::Live, look: uploads },
    },
    Rule {
        card: Card {
            id: "VI-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "sessions are kept in files",
            why: "A visitor whose next request comes to another machine is logged out, and so is \
                  everybody after a release. Keep sessions in Redis or the database.",
            before: "SESSION_DRIVER=file\n'driver' => env('SESSION_DRIVER', 'file'),",
            after: "SESSION_DRIVER=redis",
            quiet: "Files that are there to be copied. In config/session.php, where a variable may say \
                    otherwise, it is a note.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Dotenv, Kind::Ini],
            reach: Reach::Live,
            look: sessions,
        },
    },
    Rule {
        card: Card {
            id: "VI-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the cache of production is in files or in memory",
            why: "Each process has another answer, and what one deletes the others keep. Use Redis or \
                  Memcached.",
            before: "config.cache_store = :file_store, \"tmp/cache\"",
            after: "config.cache_store = :redis_cache_store, { url: ENV[\"REDIS_URL\"] }",
            quiet: "Development and test.",
        },
        applies: Applies::Server,
        check: Check::Files { kinds: &[Kind::Ruby, Kind::Dotenv], reach: Reach::Live, look: cache },
    },
    Rule {
        card: Card {
            id: "VI-004",
            factor: FACTOR,
            level: Warning,
            precision: Precision::Medium,
            title: "the program writes beside its own code",
            why: "A release's folder is replaced by the next one, and should be read-only. Write into \
                  a backing service, or into a folder that the environment names.",
            before: "file_put_contents(__DIR__ . '/counter.txt', $n);",
            after: "$redis->set('counter', $n);",
            quiet: "tmp, log, storage and cache folders; commands, tasks, tests and installers.",
        },
        applies: Applies::Server,
        check: Check::Files { kinds: &[Kind::Php, Kind::Ruby], reach: Reach::Live, look: writes },
    },
    Rule {
        card: Card {
            id: "VI-005",
            factor: FACTOR,
            level: Note,
            precision: Precision::High,
            title: "WordPress keeps its uploads beside its code",
            why: "A second machine does not have them. Use a plugin that keeps uploads in an object \
                  store.",
            before: "wp-content/uploads/2024/05/flour.jpg",
            after: "define( 'S3_UPLOADS_BUCKET', getenv( 'S3_BUCKET' ) );",
            quiet: "A plugin that moves uploads elsewhere is in the tree or in composer.json.",
        },
        applies: Applies::To(&[F::Wordpress, F::Bedrock]),
        check: Check::Application(wordpress),
    },
];

fn uploads(file: &Reading, found: &mut Found) {
    match file.kind {
        Kind::Ruby
            if file.inner == "config/environments/production.rb" && file.has("active_storage") =>
        {
            let code = file.ruby();
            for assignment in code.assignments() {
                let target = code.span(&assignment.target);
                let is_service = shown(target.of(file.bytes())).ends_with("active_storage.service");
                if is_service && code.text(assignment.value.start) == b":local" {
                    found.at(file, target.start, "Active Storage keeps files on the local disk");
                }
            }
        }
        Kind::Ruby if file.inner.contains("uploader") || file.inner.contains("carrierwave") => {
            let code = file.ruby();
            for call in
                code.calls_of(b"storage").filter(|call| code.text(call.arguments.start) == b":file")
            {
                found.at(
                    file,
                    code.tokens[call.name].span.start,
                    "CarrierWave keeps files on the local disk",
                );
            }
        }
        Kind::Php if file.has("move_uploaded_file") => {
            let code = file.php();
            for call in
                code.calls_of(b"move_uploaded_file").filter(|call| call.callee == Callee::Function)
            {
                let hit = found.at(
                    file,
                    code.tokens[call.name].span.start,
                    "an upload is moved to the local disk",
                );
                hit.weighs(Note);
            }
        }
        _ => {}
    }
}

fn sessions(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    match file.kind {
        Kind::Dotenv => {
            for variable in file.variables() {
                if variable.key == "SESSION_DRIVER" && variable.value == "file" {
                    found.at(file, variable.key_at, "SESSION_DRIVER is file");
                }
            }
        }
        Kind::Php
            if file.inner.ends_with("config/session.php")
                || file.inner.ends_with("config/config.php")
                || file.inner.ends_with("Config/Session.php") =>
        {
            let code = file.php();
            for entry in code.entries() {
                let is_driver = code.key(entry.key).is_some_and(|key| *key == *b"driver");
                let call = code.is_name(entry.value.start, b"env")
                    && code
                        .literal(entry.value.start + 4)
                        .is_some_and(|literal| *literal.value == *b"file");
                if is_driver
                    && (call || code.constant(&entry.value).is_some_and(|value| *value == *b"file"))
                {
                    found
                        .at(
                            file,
                            code.tokens[entry.key].span.start,
                            "sessions are kept in files unless the environment says otherwise",
                        )
                        .weighs(Note);
                }
            }
            for assignment in code.assignments() {
                let keys = code.keys(&assignment).unwrap_or_default();
                let value = code.constant(&assignment.value);
                let ci3 = keys.last().is_some_and(|key| **key == *b"sess_driver")
                    && value.is_some_and(|value| *value == *b"files");
                let ci4 = code.text(assignment.base) == b"$driver"
                    && code.span(&assignment.value).of(file.bytes()).starts_with(b"FileHandler");
                if ci3 || ci4 {
                    found.at(
                        file,
                        code.tokens[assignment.base].span.start,
                        "sessions are kept in files",
                    );
                }
            }
        }
        Kind::Ini => {
            for (start, line) in file.code_lines() {
                let Some((key, value)) = line.split_once('=') else { continue };
                if key.trim() == "session.save_handler" && value.trim().trim_matches('"') == "files"
                {
                    found.at(file, start, "session.save_handler is files");
                }
            }
        }
        _ => {}
    }
}

fn cache(file: &Reading, found: &mut Found) {
    match file.kind {
        Kind::Ruby if file.inner == "config/environments/production.rb" => {
            let code = file.ruby();
            for assignment in code.assignments() {
                let store = code.text(assignment.value.start);
                if code.is_name(assignment.target.end - 1, b"cache_store")
                    && matches!(store, b":file_store" | b":memory_store")
                {
                    found.at(
                        file,
                        code.span(&assignment.target).start,
                        format!("the store is {}", shown(store)),
                    );
                }
            }
        }
        Kind::Dotenv if file.scope == Scope::Live => {
            for variable in file.variables() {
                if matches!(variable.key, "CACHE_STORE" | "CACHE_DRIVER")
                    && matches!(variable.value, "file" | "array")
                {
                    found.at(
                        file,
                        variable.key_at,
                        format!("{} is {}", variable.key, variable.value),
                    );
                }
            }
        }
        _ => {}
    }
}

/// Parts of paths that are meant to be written to.
const KEPT: [&str; 8] =
    ["tmp", "log", "storage", "cache", "var/", "uploads", "sys_get_temp_dir", "writable"];

fn writes(file: &Reading, found: &mut Found) {
    let tool = [
        "Console/",
        "Command",
        "lib/tasks",
        "bin/",
        "script",
        "install",
        "generators/",
        "db/",
        "database/",
        "config/deploy",
        "tools/",
        "build",
        "rector",
        "cli",
    ];
    if tool.iter().any(|part| file.inner.contains(part)) || file.scope != Scope::Live {
        return;
    }
    match file.kind {
        Kind::Php if file.has("__DIR__") && file.has_any(&["file_put_contents", "fopen"]) => {
            php_writes(file, found);
        }
        Kind::Ruby
            if file.has("Rails.root")
                && file.has_any(&["File.write", "File.open", "FileUtils"]) =>
        {
            let code = file.ruby();
            for call in code.calls() {
                let on_file = call.name >= 2 && code.is_name(call.name - 2, b"File");
                let name = code.text(call.name);
                if !on_file || !matches!(name, b"write" | b"open" | b"binwrite") {
                    continue;
                }
                let text = shown(code.span(&call.arguments).of(file.bytes())).into_owned();
                let opens = name != b"open"
                    || [", \"w", ", 'w", ", \"a", ", 'a"].iter().any(|mode| text.contains(mode));
                if opens
                    && text.starts_with("Rails.root")
                    && !KEPT.iter().any(|part| text.contains(part))
                {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        "a file is written below the code",
                    );
                }
            }
        }
        _ => {}
    }
}

fn php_writes(file: &Reading, found: &mut Found) {
    let code = file.php();
    for call in code.calls().filter(|call| call.callee == Callee::Function) {
        let (puts, opens) =
            (code.is_name(call.name, b"file_put_contents"), code.is_name(call.name, b"fopen"));
        if !puts && !opens {
            continue;
        }
        let items = code.items(call.open);
        let Some(path) = items.first() else { continue };
        let text = shown(code.span(path).of(file.bytes())).to_ascii_lowercase();
        let mode =
            items.get(1).and_then(|mode| code.constant(mode)).map(|mode| shown(&mode).into_owned());
        let writes = puts || mode.is_some_and(|mode| mode.starts_with(['w', 'a', 'c', 'x']));
        if writes
            && code.is_name(path.start, b"__DIR__")
            && !KEPT.iter().any(|part| text.contains(part))
        {
            found.at(file, code.tokens[call.name].span.start, "a file is written below the code");
        }
    }
}

fn wordpress(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let offload = ["s3-uploads", "offload", "wp-stateless", "amazon-s3"];
    let moved = context.tree.below(&application.folder).iter().any(|entry| {
        let path = shown(&entry.path).to_ascii_lowercase();
        path.contains("plugins/") && offload.iter().any(|word| path.contains(word))
    }) || context
        .first(application, &["composer.json"])
        .is_some_and(|file| offload.iter().any(|word| file.text.contains(word)));
    let places = [
        "wp-config.php",
        "config/application.php",
        "web/app",
        "wp-content",
        "wp/wp-content",
        "web/wp-config.php",
    ];
    let Some(place) = places.iter().find(|path| context.has(application, path)) else {
        return Verdict::NotApplicable("only the parts around WordPress are here");
    };
    if !moved {
        let path = crate::project::tree::shown(&crate::project::tree::join(
            &application.folder,
            place.as_bytes(),
        ));
        found.absent(&path, "nothing moves uploads to a store that machines share");
    }
    Verdict::Looked
}
