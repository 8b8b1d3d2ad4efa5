//! Two hosts on this machine, as a release meets them: each an sshd, a php-fpm and an nginx of its
//! own, started by the test as an unprivileged user, with a home of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::{Run, nirvana, run, setting};

/// What no file, line or argument may have but the file of settings itself.
pub(crate) const SECRET: &str = "correct-horse-7731";

pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) hosts: Vec<Host>,
}

pub(crate) struct Host {
    pub(crate) home: PathBuf,
    pub(crate) port: u16,
    children: Vec<Child>,
}

impl Host {
    /// The application's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.home.join("shop")
    }

    /// The release that serves, by the link.
    pub(crate) fn current(&self) -> String {
        let link = std::fs::read_link(self.root().join("current"));
        link.map_or(String::new(), |to| to.file_name().unwrap().to_string_lossy().into_owned())
    }

    /// What a visitor gets, status and body.
    pub(crate) fn visit(&self) -> Result<String, String> {
        visit(self.port)
    }

    pub(crate) fn ledger(&self) -> String {
        std::fs::read_to_string(self.root().join(".nirvana/ledger.jsonl")).unwrap_or_default()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Terminated and not killed: php-fpm and nginx take their workers with them.
            let pid = child.id().to_string();
            let _ = Command::new("kill").arg(pid).status();
            let _ = child.wait();
        }
    }
}

/// A request on a connection of its own; an error unless the answer is whole and 200.
pub(crate) fn visit(port: u16) -> Result<String, String> {
    let asked = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(b"GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<String, std::io::Error>(answer)
    };
    let answer = asked().map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    if head.starts_with("HTTP/1.1 200") { Ok(body.to_owned()) } else { Err(answer) }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn open(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Root lends its servers to somebody else; everybody else runs them himself.
fn user() -> String {
    let lent = std::env::var("NIRVANA_TEST_SERVER_USER").unwrap_or_default();
    if lent.is_empty() { ran(Command::new("id").arg("-un")).trim().to_owned() } else { lent }
}

fn id(what: &str, user: &str) -> String {
    ran(Command::new("id").args([what, user])).trim().to_owned()
}

impl Site {
    /// None at a desk without the servers.
    pub(crate) fn start() -> Option<Self> {
        let programs = PathBuf::from(setting("NIRVANA_TEST_CLIENTS")?);
        if !programs.join("php-fpm").exists() {
            assert!(std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_none(), "run ci/tools");
            eprintln!("skipped: there is no php-fpm; run ci/tools");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("nvr").tempdir_in("/tmp").unwrap();
        open(folder.path(), 0o755);
        let keys = folder.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        for key in ["host", "user"] {
            let make = ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"];
            ran(Command::new("ssh-keygen").args(make).arg(keys.join(key)).stdin(Stdio::null()));
        }
        let mut site = Self { folder, hosts: Vec::new() };
        let mut config = String::new();
        let mut known = String::new();
        let public = std::fs::read_to_string(keys.join("host.pub")).unwrap();
        for name in ["web1", "web2"] {
            let ssh = free_port();
            let host = site.host(&programs, name, ssh);
            site.hosts.push(host);
            known.push_str(&format!("[127.0.0.1]:{ssh} {public}"));
            config.push_str(&format!(
                "Host {name}\n HostName 127.0.0.1\n Port {ssh}\n User {}\n IdentityFile {}\n \
                 IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n StrictHostKeyChecking yes\n",
                user(),
                keys.join("user").display(),
                keys.join("known").display()
            ));
        }
        std::fs::write(keys.join("known"), known).unwrap();
        std::fs::write(keys.join("config"), config).unwrap();
        Some(site)
    }

    fn host(&self, programs: &Path, name: &str, ssh: u16) -> Host {
        let top = self.folder.path().join(name);
        let home = top.join("home");
        for folder in ["home", "tmp", "run"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        let port = free_port();
        let keys = self.folder.path().join("keys");
        for file in ["host", "user.pub"] {
            std::fs::copy(keys.join(file), top.join(file)).unwrap();
        }
        open(&top.join("host"), 0o600);
        let (user, uid, gid) = (user(), id("-u", &user()), id("-g", &user()));
        let home_shown = home.display();
        let passwd = format!("{user}:none:{uid}:{gid}:{user}:{home_shown}:/bin/sh\n");
        std::fs::write(top.join("passwd"), passwd).unwrap();
        std::fs::write(top.join("group"), format!("{user}:x:{gid}:\n")).unwrap();
        let top_shown = top.display().to_string();
        for (file, text) in [
            ("sshd.conf", SSHD.replace("SSH", &ssh.to_string())),
            ("fpm.conf", FPM.to_owned()),
            ("nginx.conf", NGINX.replace("PORT", &port.to_string())),
        ] {
            std::fs::write(top.join(file), text.replace("TOP", &top_shown)).unwrap();
        }
        ran(Command::new("chown").args(["-R", &format!("{uid}:{gid}")]).arg(&top));
        let start = |program: &str, arguments: &[&str]| {
            let mut command = match uid.as_str() {
                own if own == ran(Command::new("id").arg("-u")).trim() => {
                    Command::new(programs.join(program))
                }
                _ => {
                    let mut lent = Command::new("setpriv");
                    lent.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]);
                    lent.arg(programs.join(program));
                    lent
                }
            };
            if program == "sshd" {
                command.env("LD_PRELOAD", programs.join("libnss_wrapper.so"));
                command.env("NSS_WRAPPER_PASSWD", top.join("passwd"));
                command.env("NSS_WRAPPER_GROUP", top.join("group"));
            }
            let log = std::fs::File::create(self.folder.path().join(format!("{name}-{program}")));
            let log = log.unwrap();
            command.args(arguments).current_dir(&top).env("HOME", &home).stdin(Stdio::null());
            command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
        };
        let at = |file: &str| top.join(file).display().to_string();
        let children = vec![
            start("sshd", &["-D", "-e", "-f", &at("sshd.conf")]),
            start("php-fpm", &["-F", "-y", &at("fpm.conf")]),
            start("nginx", &["-p", &top_shown, "-e", "stderr", "-c", &at("nginx.conf")]),
        ];
        let host = Host { home, port, children };
        await_all(&[ssh, port], &top.join("run/fpm.sock"));
        host
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A project with a first commit, `more` being added to its nirvana.toml.
    pub(crate) fn project(&self, more: &str) -> Project<'_> {
        let folder = self.path().join("project");
        std::fs::create_dir_all(folder.join("repo")).unwrap();
        let project = Project { site: self, folder };
        project.git(&["init", "-q"]);
        project.configure(more);
        project
    }
}

/// Until all of them listen.
fn await_all(ports: &[u16], socket: &Path) {
    for _ in 0..400 {
        let listens = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        if ports.iter().all(listens) && socket.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no answer on {ports:?}, or no {}", socket.display());
}

const SSHD: &str = "Port SSH\nListenAddress 127.0.0.1\nHostKey TOP/host\n\
    AuthorizedKeysFile TOP/user.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
    PidFile none\nLogLevel VERBOSE\nMaxSessions 10\n";

const FPM: &str = "[global]\npid = TOP/run/fpm.pid\nerror_log = TOP/run/fpm.log\n\
    process_control_timeout = 10s\n[www]\nlisten = TOP/run/fpm.sock\npm = static\n\
    pm.max_children = 3\n";

const NGINX: &str = "daemon off;\npid TOP/run/nginx.pid;\nworker_processes 1;\n\
    events { worker_connections 256; }\nhttp {\n access_log off;\n\
    client_body_temp_path TOP/tmp/a; proxy_temp_path TOP/tmp/b; fastcgi_temp_path TOP/tmp/c;\n\
    uwsgi_temp_path TOP/tmp/d; scgi_temp_path TOP/tmp/e;\n\
    server {\n listen 127.0.0.1:PORT;\n root TOP/home/shop/current/public;\n\
    location / {\n fastcgi_pass unix:TOP/run/fpm.sock;\n\
    fastcgi_param SCRIPT_FILENAME $realpath_root/index.php;\n\
    fastcgi_param DOCUMENT_ROOT $realpath_root;\n fastcgi_param REQUEST_METHOD $request_method;\n\
    fastcgi_param QUERY_STRING $query_string;\n } } }\n";

const INDEX: &str = "<?php\nrequire __DIR__ . '/../version.php';\n\
    $release = trim(file_get_contents(__DIR__ . '/../RELEASE'));\ngetenv('APP_SECRET');\n\
    http_response_code(STATUS);\necho json_encode(['release' => $release, 'version' => VERSION]);\n";

/// A PHP application in git, and its nirvana.toml.
pub(crate) struct Project<'a> {
    site: &'a Site,
    pub(crate) folder: PathBuf,
}

impl Project<'_> {
    /// The file, `more` at its end; hooks and other keys of the section itself go into `keys`.
    pub(crate) fn configure(&self, more: &str) {
        self.configure_with("", more);
    }

    pub(crate) fn configure_with(&self, keys: &str, more: &str) {
        let [one, two] = [0, 1].map(|at: usize| self.site.hosts[at].port);
        let text = format!(
            "[release]\npath = \"~/shop\"\nrepository = \"repo\"\nhosts = [\"web1\", \"web2\"]\n\
             ssh-config = \"{}\"\nbuild = [\"echo built >built\"]\n\
             reload = 'kill -USR2 \"$(cat ~/../run/fpm.pid)\"'\n{keys}\n\
             [release.shared]\ndirectories = [\"storage\"]\n[release.env]\nvalues.APP_ENV = \"production\"\n\
             values.APP_SECRET = {{ env = \"APP_SECRET\" }}\n\
             [release.health]\nurl = \"http://127.0.0.1:{one}/\"\nurls.web2 = \"http://127.0.0.1:{two}/\"\n\
             within = 10\n{more}",
            self.site.path().join("keys/config").display()
        );
        std::fs::write(self.folder.join("nirvana.toml"), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).arg("-C");
        ran(git.arg(self.folder.join("repo")).args(arguments))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join("repo").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A commit whose answers have that version and that status.
    pub(crate) fn commit(&self, version: &str, status: u16) {
        self.write("public/index.php", INDEX);
        let text = format!("<?php\nconst VERSION = '{version}';\nconst STATUS = {status};\n");
        self.write("version.php", &text);
        self.write("storage/.gitignore", "*\n");
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", version]);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = nirvana();
        command.arg("release").args(arguments).current_dir(&self.folder);
        command.env("APP_SECRET", SECRET).env("USER", "alice");
        command
    }

    pub(crate) fn release(&self, arguments: &[&str]) -> Run {
        run(self.command(arguments))
    }

    /// Both hosts serve that version, and the release that the link names.
    pub(crate) fn serves(&self, version: &str) -> bool {
        self.site.hosts.iter().all(|host| {
            let wanted =
                format!("{{\"release\":\"{}\",\"version\":\"{version}\"}}", host.current());
            host.visit().is_ok_and(|body| body == wanted)
        })
    }

    /// As `serves`, for what a host does by itself after a kill.
    pub(crate) fn comes_to_serve(&self, version: &str) -> bool {
        (0..200).any(|_| {
            self.serves(version) || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }
        })
    }
}

/// Visitors of one host, one after another, until told to go.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(Vec<String>, Vec<String>)>,
}

impl Load {
    /// No more than that many requests.
    const MOST: usize = 20_000;

    pub(crate) fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut answers, mut lost) = (Vec::new(), Vec::new());
            for _ in 0..Self::MOST {
                if asked.load(Ordering::Relaxed) {
                    break;
                }
                match visit(port) {
                    Ok(body) => answers.push(body),
                    Err(error) => lost.push(error),
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            (answers, lost)
        });
        Self { stop, thread }
    }

    /// Good answers in their order, and what was lost.
    pub(crate) fn end(self) -> (Vec<String>, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
