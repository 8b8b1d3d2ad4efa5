//! What each template takes, as types: the tests render by them, so that none asks for a value that
//! is told nowhere. Whoever uses a template writes the values in nirvana.toml. A path, a name or an
//! address here is text as its program reads it; the template's language quotes it. No value is a
//! secret: those are in environment files, which no template holds.

use serde::Serialize;

use super::Values;

/// A server of nginx that visitors reach: `nginx/{rails,php,static}.conf`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Vhost {
    #[serde(skip)]
    pub(crate) kind: VhostKind,
    /// Names the upstream and the format of the log: letters that nginx takes in a name.
    pub(crate) app: String,
    /// Addresses of `listen`: `80`, `[::]:80`, `127.0.0.1:8080`, `unix:/run/shop.sock`.
    pub(crate) listen: Vec<String>,
    pub(crate) server_names: Vec<String>,
    /// With it, `listen` speaks TLS.
    pub(crate) tls: Option<Tls>,
    /// Addresses without TLS that send visitors to https; only with `tls`.
    pub(crate) redirect_from: Vec<String>,
    /// The document root below the link to the live release, absolute.
    pub(crate) public: String,
    /// `unix:/run/shop/puma.sock` or `127.0.0.1:3000`; of php the socket of php-fpm.
    pub(crate) upstream: String,
    pub(crate) access_log: String,
    pub(crate) error_log: String,
    /// The largest body of a request, as nginx counts: `20m`.
    pub(crate) body_limit: String,
    /// Seconds until an answer of the application is given up.
    pub(crate) timeout_seconds: u32,
    pub(crate) release_page: Option<ReleasePage>,
    /// Of PHP: only `index.php` runs, as with Laravel, Symfony and Drupal; not with WordPress.
    pub(crate) front_controller_only: bool,
    /// Of files: what answers for a path that no file has, such as `/index.html`.
    pub(crate) fallback: Option<String>,
    /// Of files: the page for 404, such as `/404.html`.
    pub(crate) not_found: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VhostKind {
    Rails,
    Php,
    Static,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tls {
    /// The chain, PEM.
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Where nginx tells which release is live.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReleasePage {
    /// The path of the request: `/.well-known/release`.
    pub(crate) path: String,
    /// The file with the release's id, below the link to the live release.
    pub(crate) file: String,
}

impl Values for Vhost {
    fn template(&self) -> &'static str {
        match self.kind {
            VhostKind::Rails => "nginx/rails.conf",
            VhostKind::Php => "nginx/php.conf",
            VhostKind::Static => "nginx/static.conf",
        }
    }
}

/// nginx's own figures, for collectd: `nginx/status.conf`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NginxStatus {
    /// An address of this machine only: `127.0.0.1:8081`.
    pub(crate) listen: String,
}

impl Values for NginxStatus {
    fn template(&self) -> &'static str {
        "nginx/status.conf"
    }
}

/// The configuration of a php-fpm of its own: `php/pool.conf`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PhpPool {
    pub(crate) app: String,
    /// As whom, if php-fpm is started as root; else nobody else can be named.
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    /// The socket: `/run/shop/php.sock`, or `127.0.0.1:9000`.
    pub(crate) listen: String,
    /// The group that nginx is in.
    pub(crate) listen_group: Option<String>,
    /// Processes at most.
    pub(crate) workers: u32,
    /// Seconds that a request may take, and that a reload waits for it.
    pub(crate) timeout_seconds: u32,
    /// `syslog`, or a file.
    pub(crate) error_log: String,
    /// Settings of php.ini that the application cannot change.
    pub(crate) settings: Vec<Pair>,
}

impl Values for PhpPool {
    fn template(&self) -> &'static str {
        "php/pool.conf"
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A service of systemd: `systemd/{puma,php-fpm,worker,job}.service`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceUnit {
    #[serde(skip)]
    pub(crate) kind: UnitKind,
    pub(crate) app: String,
    pub(crate) description: String,
    /// As whom; none for a unit of a user's own systemd.
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    /// The link to the live release, absolute.
    pub(crate) directory: String,
    /// Files of variables, absolute; `-` before one that may be absent.
    pub(crate) environment_files: Vec<String>,
    /// Variables that are no secrets: anybody on the machine may read a unit.
    pub(crate) environment: Vec<Pair>,
    /// The program by its whole path, and its arguments; no shell reads them.
    pub(crate) command: Vec<String>,
    /// Seconds that it may take to stop.
    pub(crate) stop_seconds: u32,
    /// Of puma: the unit of its socket, `shop-puma.socket`.
    pub(crate) socket: Option<String>,
    /// Of php-fpm: the folder below /run that systemd makes for the socket.
    pub(crate) runtime_directory: Option<String>,
    /// `multi-user.target`, or `default.target` of a user's own systemd.
    pub(crate) wanted_by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    /// puma from 5.1, which notifies systemd.
    Puma,
    PhpFpm,
    /// What runs until it is stopped.
    Worker,
    /// What a timer starts and what ends by itself.
    Job,
}

impl Values for ServiceUnit {
    fn template(&self) -> &'static str {
        match self.kind {
            UnitKind::Puma => "systemd/puma.service",
            UnitKind::PhpFpm => "systemd/php-fpm.service",
            UnitKind::Worker => "systemd/worker.service",
            UnitKind::Job => "systemd/job.service",
        }
    }
}

/// The socket that systemd keeps open for puma: `systemd/puma.socket`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SocketUnit {
    pub(crate) description: String,
    /// Paths of sockets or `127.0.0.1:3000`; the same that puma is told to bind.
    pub(crate) listen: Vec<String>,
    /// Who owns a socket that is a file; none for a unit of a user's own systemd.
    pub(crate) user: Option<String>,
    /// The group that nginx is in.
    pub(crate) group: Option<String>,
}

impl Values for SocketUnit {
    fn template(&self) -> &'static str {
        "systemd/puma.socket"
    }
}

/// When a job runs: `systemd/job.timer`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TimerUnit {
    pub(crate) description: String,
    /// Moments as systemd.time(7) has them: `*-*-* 03:00:00`.
    pub(crate) on_calendar: Vec<String>,
    /// Seconds over which hosts spread their starts.
    pub(crate) spread_seconds: u32,
    /// The service that it starts: `shop-report.service`.
    pub(crate) unit: String,
}

impl Values for TimerUnit {
    fn template(&self) -> &'static str {
        "systemd/job.timer"
    }
}

/// `Procfile`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Procfile {
    pub(crate) processes: Vec<Process>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Process {
    /// `web`, `worker`, `release`: letters, digits, `_`, `.` and `-`.
    pub(crate) name: String,
    /// One line that a shell reads.
    pub(crate) command: String,
}

impl Values for Procfile {
    fn template(&self) -> &'static str {
        "Procfile"
    }
}

/// An image: `docker/{rails,php,static}.Dockerfile`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Image {
    #[serde(skip)]
    pub(crate) kind: ImageKind,
    pub(crate) app: String,
    /// What it stands on: `ruby:3.3-slim`, `php:8.3-apache`, `nginxinc/nginx-unprivileged:stable`.
    pub(crate) image: String,
    /// Packages of the distribution that it needs when it runs.
    pub(crate) packages: Vec<String>,
    /// Packages that only the build needs.
    pub(crate) build_packages: Vec<String>,
    /// Of PHP: extensions that are built: `pdo_pgsql`.
    pub(crate) extensions: Vec<String>,
    /// Variables that are no secrets: whoever has an image can read them.
    pub(crate) environment: Vec<Pair>,
    pub(crate) port: u16,
    /// Of Rails: what starts; no shell reads it.
    pub(crate) command: Vec<String>,
    /// Of Rails: whether there are assets to build.
    pub(crate) assets: bool,
    /// Of PHP and of files: the document root, relative to the repository.
    pub(crate) public: String,
    /// Of files: how they are made.
    pub(crate) build: Option<Build>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageKind {
    Rails,
    Php,
    Static,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Build {
    /// `node:22-slim`
    pub(crate) image: String,
    pub(crate) command: Vec<String>,
}

impl Values for Image {
    fn template(&self) -> &'static str {
        match self.kind {
            ImageKind::Rails => "docker/rails.Dockerfile",
            ImageKind::Php => "docker/php.Dockerfile",
            ImageKind::Static => "docker/static.Dockerfile",
        }
    }
}

/// `docker/compose.yaml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ComposeFile {
    /// Names the project: lower-case letters, digits, `_` and `-`.
    pub(crate) app: String,
    pub(crate) image: String,
    pub(crate) env_files: Vec<String>,
    pub(crate) environment: Vec<Pair>,
    pub(crate) command: Vec<String>,
    /// The port or address of the machine: `8080`, `127.0.0.1:8080`.
    pub(crate) publish: String,
    /// The port in the container.
    pub(crate) port: u16,
    /// `CMD`, and a command that ends with 0 if the application answers.
    pub(crate) health_command: Vec<String>,
    pub(crate) stop_seconds: u32,
    pub(crate) processes: Vec<Job>,
    /// Migrations.
    pub(crate) release_command: Vec<String>,
}

/// A process whose command no shell reads.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
}

impl Values for ComposeFile {
    fn template(&self) -> &'static str {
        "docker/compose.yaml"
    }
}

/// One container and what it is started with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pod {
    pub(crate) app: String,
    /// `web`, `worker`, `migrate`
    pub(crate) process: String,
    pub(crate) namespace: String,
    /// The image by its digest or by a tag that is never moved.
    pub(crate) image: String,
    /// The release's id, which the container has as RELEASE.
    pub(crate) release: String,
    pub(crate) command: Vec<String>,
    pub(crate) environment: Vec<Pair>,
    /// Secrets of the cluster that become variables, by their names.
    pub(crate) secrets: Vec<String>,
    pub(crate) config_maps: Vec<String>,
    /// `250m`
    pub(crate) cpu: String,
    /// `512Mi`, and no more.
    pub(crate) memory: String,
    /// Seconds until a rollout or a job has failed.
    pub(crate) deadline_seconds: u32,
}

/// `kubernetes/deployment.yaml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rollout {
    #[serde(flatten)]
    pub(crate) pod: Pod,
    pub(crate) replicas: u32,
    /// Of a process that answers requests.
    pub(crate) port: Option<u16>,
    /// What is asked to see whether it answers: `/up`.
    pub(crate) health_path: String,
    pub(crate) stop_seconds: u32,
}

impl Values for Rollout {
    fn template(&self) -> &'static str {
        "kubernetes/deployment.yaml"
    }
}

/// `kubernetes/job.yaml`; the release is part of its name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KubernetesJob {
    #[serde(flatten)]
    pub(crate) pod: Pod,
}

impl Values for KubernetesJob {
    fn template(&self) -> &'static str {
        "kubernetes/job.yaml"
    }
}

/// `kubernetes/service.yaml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceYaml {
    pub(crate) app: String,
    /// The process that answers: `web`.
    pub(crate) process: String,
    pub(crate) namespace: String,
    pub(crate) port: u16,
}

impl Values for ServiceYaml {
    fn template(&self) -> &'static str {
        "kubernetes/service.yaml"
    }
}

/// Logs on their way, by vector: `logs/{elasticsearch,otlp}.yaml`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogShipping {
    pub(crate) app: String,
    /// `production`
    pub(crate) environment: String,
    /// Where vector keeps what it has read and not sent.
    pub(crate) data_dir: String,
    /// nginx's logs of JSON.
    pub(crate) access_logs: Vec<String>,
    /// Units of systemd whose output is sent.
    pub(crate) units: Vec<String>,
    /// Bytes of the buffer on disk: vector takes no less than 268435488.
    pub(crate) buffer_bytes: u64,
    #[serde(flatten)]
    pub(crate) to: Endpoint,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Endpoint {
    Elasticsearch {
        endpoints: Vec<String>,
    },
    Otlp {
        /// Up to `/v1/logs`.
        endpoint: String,
        /// Whether OTLP_TOKEN of vector's environment is sent.
        token: bool,
    },
}

impl Values for LogShipping {
    fn template(&self) -> &'static str {
        match self.to {
            Endpoint::Elasticsearch { .. } => "logs/elasticsearch.yaml",
            Endpoint::Otlp { .. } => "logs/otlp.yaml",
        }
    }
}

/// `metrics/collectd.conf`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CollectdConf {
    pub(crate) app: String,
    /// Host and port of `nginx/status.conf`.
    pub(crate) nginx_status: String,
    pub(crate) processes: Vec<Matched>,
    /// Where Prometheus asks.
    pub(crate) listen_host: String,
    pub(crate) listen_port: u16,
}

/// Processes that are counted together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Matched {
    pub(crate) name: String,
    /// A regular expression over the command line.
    pub(crate) pattern: String,
}

impl Values for CollectdConf {
    fn template(&self) -> &'static str {
        "metrics/collectd.conf"
    }
}

/// `metrics/prometheus.yaml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PrometheusConf {
    pub(crate) app: String,
    pub(crate) environment: String,
    /// The file of `metrics/rules.yaml`.
    pub(crate) rules: String,
    /// Host and port of each collectd.
    pub(crate) targets: Vec<String>,
}

impl Values for PrometheusConf {
    fn template(&self) -> &'static str {
        "metrics/prometheus.yaml"
    }
}

/// `metrics/rules.yaml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PrometheusRules {
    pub(crate) app: String,
    pub(crate) processes: Vec<Matched>,
}

impl Values for PrometheusRules {
    fn template(&self) -> &'static str {
        "metrics/rules.yaml"
    }
}
