//! One application of each kind, as its owner would describe it.

use crate::template::{
    Build, CollectdConf, ComposeFile, Endpoint, Image, ImageKind, Job, KubernetesJob, LogShipping,
    Matched, NginxStatus, Pair, PhpPool, Pod, Process, Procfile, PrometheusConf, PrometheusRules,
    ReleasePage, Rollout, ServiceUnit, ServiceYaml, SocketUnit, TimerUnit, UnitKind, Vhost,
    VhostKind,
};

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

pub(super) fn vhost(kind: VhostKind) -> Vhost {
    Vhost {
        kind,
        app: "shop".into(),
        listen: texts(["127.0.0.1:8080"]),
        server_names: texts(["shop.example.com", "www.shop.example.com"]),
        tls: None,
        redirect_from: Vec::new(),
        public: "/srv/shop/current/public".into(),
        upstream: "unix:/run/shop/app.sock".into(),
        access_log: "/var/log/nginx/shop.json".into(),
        error_log: "/var/log/nginx/shop.error.log".into(),
        body_limit: "20m".into(),
        timeout_seconds: 60,
        release_page: None,
        front_controller_only: true,
        fallback: None,
        not_found: None,
    }
}

pub(super) fn release_page() -> ReleasePage {
    ReleasePage { path: "/.well-known/release".into(), file: "/srv/shop/current/RELEASE".into() }
}

pub(super) fn nginx_status() -> NginxStatus {
    NginxStatus { listen: "127.0.0.1:8081".into() }
}

pub(super) fn php_pool() -> PhpPool {
    PhpPool {
        app: "shop".into(),
        user: None,
        group: None,
        listen: "/run/shop/app.sock".into(),
        listen_group: None,
        workers: 8,
        timeout_seconds: 30,
        error_log: "syslog".into(),
        settings: vec![pair("memory_limit", "256M"), pair("date.timezone", "Europe/Berlin")],
    }
}

pub(super) fn unit(kind: UnitKind) -> ServiceUnit {
    let command = match kind {
        UnitKind::Puma => texts(["/usr/bin/bundle", "exec", "puma", "-C", "config/puma.rb"]),
        UnitKind::PhpFpm => {
            texts(["/usr/sbin/php-fpm8.2", "--nodaemonize", "--fpm-config", "/etc/shop/pool.conf"])
        }
        UnitKind::Worker => texts(["/usr/bin/bundle", "exec", "sidekiq"]),
        UnitKind::Job => texts(["/bin/sh", "-c", "bin/report --share 5% \"$HOME/out\""]),
    };
    ServiceUnit {
        kind,
        app: "shop".into(),
        description: "shop, 100% of it".into(),
        user: Some("shop".into()),
        group: Some("shop".into()),
        directory: "/srv/shop/current".into(),
        environment_files: texts(["/srv/shop/shared/.env"]),
        environment: vec![pair("RAILS_ENV", "production"), pair("MOTTO", "5% \"off\" $today")],
        command,
        stop_seconds: 30,
        socket: (kind == UnitKind::Puma).then(|| "shop-puma.socket".to_owned()),
        runtime_directory: (kind == UnitKind::PhpFpm).then(|| "shop".to_owned()),
        wanted_by: "multi-user.target".into(),
    }
}

pub(super) fn socket() -> SocketUnit {
    SocketUnit {
        description: "shop's socket".into(),
        listen: texts(["/run/shop/app.sock"]),
        user: Some("shop".into()),
        group: Some("www-data".into()),
    }
}

pub(super) fn timer() -> TimerUnit {
    TimerUnit {
        description: "shop's nightly report".into(),
        on_calendar: texts(["*-*-* 03:00:00"]),
        spread_seconds: 300,
        unit: "shop-report.service".into(),
    }
}

pub(super) fn procfile() -> Procfile {
    let process =
        |name: &str, command: &str| Process { name: name.into(), command: command.into() };
    Procfile {
        processes: vec![
            process("web", "bundle exec puma -p ${PORT:-3000}"),
            process("worker", "bundle exec sidekiq"),
            process("release", "bundle exec rails db:migrate"),
        ],
    }
}

pub(super) fn image(kind: ImageKind) -> Image {
    Image {
        kind,
        app: "shop".into(),
        image: match kind {
            ImageKind::Rails => "ruby:3.3-slim",
            ImageKind::Php => "php:8.3-apache",
            ImageKind::Static => "nginxinc/nginx-unprivileged:stable",
        }
        .into(),
        packages: texts(["libpq5"]),
        build_packages: texts(["libpq-dev"]),
        extensions: texts(["pdo_pgsql"]),
        environment: vec![pair("MOTTO", "5% \"off\" $today \\o/")],
        port: 8080,
        command: texts(["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:8080"]),
        assets: true,
        public: if kind == ImageKind::Static { "dist" } else { "public" }.into(),
        build: (kind == ImageKind::Static).then(|| Build {
            image: "node:22-slim".into(),
            command: texts(["npm", "run", "build"]),
        }),
    }
}

fn job(name: &str, command: Vec<String>) -> Job {
    Job { name: name.into(), command }
}

pub(super) fn compose() -> ComposeFile {
    ComposeFile {
        app: "shop".into(),
        image: "registry.example.com/shop:4f2a".into(),
        env_files: texts([".env.production"]),
        environment: vec![pair("MOTTO", "5% \"off\" $today"), pair("DEBUG", "no")],
        command: texts(["bundle", "exec", "puma"]),
        publish: "127.0.0.1:8080".into(),
        port: 3000,
        health_command: texts(["CMD", "curl", "--fail", "http://127.0.0.1:3000/up"]),
        stop_seconds: 30,
        processes: vec![job("worker", texts(["bundle", "exec", "sidekiq"]))],
        release_command: texts(["bundle", "exec", "rails", "db:migrate"]),
    }
}

pub(super) fn pod(process: &str) -> Pod {
    Pod {
        app: "shop".into(),
        process: process.into(),
        namespace: "production".into(),
        image: "registry.example.com/shop:4f2a".into(),
        release: "20261128-4f2a".into(),
        command: texts(["bundle", "exec", "puma", "-e", "$(HOME)"]),
        environment: vec![pair("MOTTO", "costs $(PRICE)"), pair("DEBUG", "no")],
        secrets: texts(["shop-env"]),
        config_maps: Vec::new(),
        cpu: "250m".into(),
        memory: "512Mi".into(),
        deadline_seconds: 600,
    }
}

pub(super) fn rollout() -> Rollout {
    Rollout {
        pod: pod("web"),
        replicas: 3,
        port: Some(3000),
        health_path: "/up".into(),
        stop_seconds: 30,
    }
}

pub(super) fn kubernetes_job() -> KubernetesJob {
    KubernetesJob { pod: pod("migrate") }
}

pub(super) fn service() -> ServiceYaml {
    ServiceYaml {
        app: "shop".into(),
        process: "web".into(),
        namespace: "production".into(),
        port: 80,
    }
}

pub(super) fn logs(to: Endpoint) -> LogShipping {
    LogShipping {
        app: "shop".into(),
        environment: "production".into(),
        data_dir: "/var/lib/vector".into(),
        access_logs: texts(["/var/log/nginx/shop.json"]),
        units: texts(["shop-puma.service", "shop-worker.service"]),
        buffer_bytes: 536_870_976,
        to,
    }
}

pub(super) fn elasticsearch() -> LogShipping {
    logs(Endpoint::Elasticsearch { endpoints: texts(["https://logs.example.com:9200"]) })
}

pub(super) fn otlp() -> LogShipping {
    logs(Endpoint::Otlp { endpoint: "https://otlp.example.com:4318".into(), token: true })
}

fn matched() -> Vec<Matched> {
    vec![Matched { name: "puma".into(), pattern: "puma .*\\[shop\\]".into() }]
}

pub(super) fn collectd() -> CollectdConf {
    CollectdConf {
        app: "shop".into(),
        nginx_status: "127.0.0.1:8081".into(),
        processes: matched(),
        listen_host: "127.0.0.1".into(),
        listen_port: 9103,
    }
}

pub(super) fn prometheus() -> PrometheusConf {
    PrometheusConf {
        app: "shop".into(),
        environment: "production".into(),
        rules: "rules.yaml".into(),
        targets: texts(["web1.example.com:9103", "web2.example.com:9103"]),
    }
}

pub(super) fn rules() -> PrometheusRules {
    PrometheusRules { app: "shop".into(), processes: matched() }
}
