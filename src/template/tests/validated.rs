//! Each template, read by the program that it is written for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::examples;
use crate::template::{ImageKind, Tls, UnitKind, Values, VhostKind, render};

/// A program that ci/tools fetches, or that the machine has. Without it a test is skipped by name, or
/// fails where `NIRVANA_TEST_REQUIRE_SERVERS` is set.
fn program(name: &str) -> Option<PathBuf> {
    let clients = std::env::var_os("NIRVANA_TEST_CLIENTS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = clients.into_iter().chain(std::env::split_paths(&path));
    let found = folders.chain(["/usr/sbin".into()]).find_map(|folder| {
        let entries = fs::read_dir(folder).ok()?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.path()));
        // `php-fpm` has its version in its name.
        names.into_iter().find(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        })
    });
    if found.is_none() {
        let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
        assert!(!required, "there is no {name}: ci/tools fetches it");
        eprintln!("skipped: there is no {name}");
    }
    found
}

/// Where files are written to be judged.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.path().join(name), text).unwrap();
        self.path(name)
    }

    fn render<V: Values>(&self, name: &str, values: &V) -> String {
        self.write(name, &render(values).unwrap())
    }
}

fn run(program: &Path, arguments: &[&str]) -> (Output, String) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&said).into_owned())
}

fn accepts(program: &Path, arguments: &[&str]) {
    let (output, said) = run(program, arguments);
    assert!(output.status.success(), "{} {arguments:?}:\n{said}", program.display());
}

fn refuses(program: &Path, arguments: &[&str]) {
    let (output, said) = run(program, arguments);
    assert!(!output.status.success(), "{} takes anything:\n{said}", program.display());
}

#[test]
fn nginx_takes_each_vhost() {
    let Some(nginx) = program("nginx") else { return };
    let desk = Desk::new();
    let check = |text: &str| {
        desk.write("site.conf", text);
        desk.write(
            "nginx.conf",
            "pid nginx.pid; error_log stderr; events {} http { access_log off; include site.conf; }",
        );
        vec!["-t".to_owned(), "-p".into(), desk.path(""), "-c".into(), "nginx.conf".into()]
    };
    let socket = |name: &str| format!("unix:{}", desk.path(name));
    let mut texts = vec![render(&{
        let mut status = examples::nginx_status();
        status.listen = socket("status.sock");
        status
    })];
    for kind in [VhostKind::Rails, VhostKind::Php, VhostKind::Static] {
        let mut vhost = examples::vhost(kind);
        vhost.listen = vec![socket("a b.sock")];
        vhost.access_log = desk.path("access \"log\".json");
        vhost.error_log = desk.path("error.log");
        vhost.release_page = Some(examples::release_page());
        texts.push(render(&vhost));
        vhost.front_controller_only = false;
        vhost.fallback = Some("/index.html".into());
        vhost.not_found = Some("/404.html".into());
        texts.push(render(&vhost));
        if let Some(tls) = std::env::var_os("NIRVANA_TEST_TLS_DIR").map(PathBuf::from) {
            let file = |name: &str| tls.join(name).to_str().unwrap().to_owned();
            vhost.tls =
                Some(Tls { certificate: file("server-cert.pem"), key: file("server-key.pem") });
            vhost.redirect_from = vec![socket("plain.sock")];
            texts.push(render(&vhost));
        }
    }
    for text in texts {
        let arguments = check(&text.unwrap());
        accepts(&nginx, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let arguments = check("server { nonsense on; }");
    refuses(&nginx, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn php_fpm_takes_the_pool() {
    let Some(php_fpm) = program("php-fpm") else { return };
    let desk = Desk::new();
    let mut pool = examples::php_pool();
    pool.error_log = desk.path("error.log");
    pool.listen = desk.path("php.sock");
    // Only root may, and must, say as whom.
    (pool.user, pool.group) = (Some("nobody".into()), Some("nogroup".into()));
    for workers in [1, 2, 8, 50] {
        pool.workers = workers;
        let file = desk.render("pool.conf", &pool);
        accepts(&php_fpm, &["--test", "--fpm-config", &file]);
    }
    let file = desk.write("pool.conf", "[shop]\nlisten = /tmp/a\npm = whenever\n");
    refuses(&php_fpm, &["--test", "--fpm-config", &file]);
}

#[test]
fn systemd_takes_each_unit_without_a_word() {
    let Some(analyze) = program("systemd-analyze") else { return };
    let desk = Desk::new();
    let mut files = Vec::new();
    for (name, kind) in [
        ("shop-puma.service", UnitKind::Puma),
        ("shop-php.service", UnitKind::PhpFpm),
        ("shop-worker.service", UnitKind::Worker),
        ("shop-report.service", UnitKind::Job),
    ] {
        let mut unit = examples::unit(kind);
        // It looks whether the program is there.
        unit.command[0] = "/bin/sh".into();
        files.push(desk.render(name, &unit));
    }
    files.push(desk.render("shop-puma.socket", &examples::socket()));
    files.push(desk.render("shop-report.timer", &examples::timer()));
    let arguments = |files: &[String]| {
        let options = ["verify".to_owned(), "--man=no".into(), "--generators=no".into()];
        options.iter().chain(files).cloned().collect::<Vec<String>>()
    };
    let said = |files: &[String]| {
        let arguments = arguments(files);
        let (_, said) = run(&analyze, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let ours = said.lines().filter(|line| line.contains("shop-"));
        ours.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(said(&files), Vec::<String>::new());
    let bad = desk.write("shop-bad.service", "[Service]\nExecStart=relative\nNonsense=1\n");
    assert!(!said(&[bad]).is_empty(), "systemd-analyze takes anything");
}

/// The parser knows no instructions, only how each is written: the names are looked at here.
fn instructions(parser: &Path, file: &str) {
    const KNOWN: [&str; 9] =
        ["FROM", "WORKDIR", "ENV", "RUN", "COPY", "USER", "EXPOSE", "CMD", "ARG"];
    let (output, said) = run(parser, &[file]);
    assert!(output.status.success(), "{said}");
    for line in said.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())) {
        let name = line.split('\t').next().unwrap();
        assert!(KNOWN.contains(&name), "{line}");
    }
    let motto = said.lines().find(|line| line.starts_with("ENV\tMOTTO"));
    let wanted = r#"ENV	MOTTO	"5% \"off\" \$today \\o/""#;
    assert!(motto.is_none_or(|line| line.starts_with(wanted)), "{said}");
}

#[test]
fn docker_takes_each_dockerfile() {
    let Some(parser) = program("dockerfile-parse") else { return };
    let desk = Desk::new();
    for kind in [ImageKind::Rails, ImageKind::Php, ImageKind::Static] {
        let mut image = examples::image(kind);
        instructions(&parser, &desk.render("Dockerfile", &image));
        image.build = None;
        image.packages.clear();
        image.extensions.clear();
        instructions(&parser, &desk.render("Dockerfile", &image));
    }
    refuses(&parser, &[&desk.write("Dockerfile", "FROM a\nENV b\n")]);
}

#[test]
fn compose_takes_the_file_and_the_published_schema_does() {
    let desk = Desk::new();
    desk.write(".env.production", "A=1\n");
    let file = desk.render("compose.yaml", &examples::compose());
    let bad = desk.write("bad.yaml", "services:\n  web:\n    nonsense: 1\n");
    if let Some(compose) = program("docker-compose") {
        // Debian's is so old that it knows no name in the file, but all else.
        let old = fs::read_to_string(&file).unwrap().replace("name: \"shop\"\n", "");
        let old = desk.write("old.yaml", &old);
        let (output, said) = run(&compose, &["--file", &old, "config"]);
        assert!(output.status.success(), "{said}");
        // What was a dollar in the value is one again, and not a variable of whoever runs it.
        assert!(said.contains("5% \"off\" $$today"), "{said}");
        refuses(&compose, &["--file", &bad, "config"]);
    }
    if let Some(schema) = program("check-jsonschema") {
        accepts(&schema, &["--builtin-schema", "vendor.compose-spec", &file]);
        refuses(&schema, &["--builtin-schema", "vendor.compose-spec", &bad]);
    }
}

#[test]
fn kubernetes_own_schema_takes_each_object() {
    let Some(validate) = program("kubernetes-validate") else { return };
    let desk = Desk::new();
    let mut worker = examples::rollout();
    worker.port = None;
    let files = [
        desk.render("deployment.yaml", &examples::rollout()),
        desk.render("worker.yaml", &worker),
        desk.render("job.yaml", &examples::kubernetes_job()),
        desk.render("service.yaml", &examples::service()),
    ];
    for file in &files {
        accepts(&validate, &["--strict", file]);
    }
    let good = fs::read_to_string(&files[0]).unwrap();
    let bad = desk.write("bad.yaml", &good.replace("replicas:", "replica:"));
    refuses(&validate, &["--strict", &bad]);
}

#[test]
fn prometheus_takes_its_files() {
    let Some(promtool) = program("promtool") else { return };
    let desk = Desk::new();
    let rules = desk.render("rules.yaml", &examples::rules());
    let file = desk.render("prometheus.yaml", &examples::prometheus());
    accepts(&promtool, &["check", "config", &file]);
    accepts(&promtool, &["check", "rules", &rules]);
    refuses(&promtool, &["check", "rules", &file]);
}

#[test]
fn collectd_takes_its_file() {
    let Some(collectd) = program("collectd") else { return };
    let desk = Desk::new();
    let root = collectd.parent().unwrap().parent().unwrap().join("collectd/usr");
    let mut values = examples::collectd();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    values.listen_port = free.local_addr().unwrap().port();
    drop(free);
    let text = render(&values).unwrap();
    let said = |text: &str| {
        let head = format!(
            "PluginDir \"{root}/lib/collectd\"\nTypesDB \"{root}/share/collectd/types.db\"\nBaseDir {:?}\n",
            desk.path(""),
            root = root.display(),
        );
        let file = desk.write("collectd.conf", &(head + text));
        // Reads the file and every figure once; that no nginx runs here is no fault of the file.
        run(&collectd, &["-T", "-C", &file]).1
    };
    let fault = "Parsing the config file failed";
    let good = said(&text);
    assert!(!good.contains(fault) && good.contains("Exiting normally"), "{good}");
    assert!(said(&text.replace("URL", "URI")).contains(fault), "collectd takes anything");
}

/// vector itself cannot be had from a registry, so only that its files are YAML is proven.
#[test]
fn what_vector_reads_is_yaml() {
    let Some(schema) = program("check-jsonschema") else { return };
    let desk = Desk::new();
    let outline = r#"{"type": "object", "required": ["data_dir", "sources", "transforms", "sinks"],
        "additionalProperties": false,
        "properties": {"data_dir": {}, "sources": {}, "transforms": {}, "sinks": {}}}"#;
    let outline = desk.write("outline.json", outline);
    for (name, values) in [("e.yaml", examples::elasticsearch()), ("o.yaml", examples::otlp())] {
        let file = desk.render(name, &values);
        accepts(&schema, &["--schemafile", &outline, &file]);
    }
    refuses(&schema, &["--schemafile", &outline, &desk.write("bad.yaml", "a: [1")]);
}
