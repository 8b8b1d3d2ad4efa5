use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::{Host, Options, OptionsError, TlsMode};
use crate::environment::Environment;
use crate::fault::Blame;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);

fn options_in(url: &str, variables: &[(&str, &str)]) -> Result<Options, OptionsError> {
    Options::from_url(url, &Environment::of(variables), TIMEOUT)
}

fn options(url: &str) -> Options {
    options_in(url, &[]).unwrap()
}

fn message(url: &str) -> String {
    options_in(url, &[]).unwrap_err().to_string()
}

fn tcp(name: &str, port: u16) -> Host {
    Host::Tcp { name: name.to_owned(), port }
}

#[test]
fn a_url_in_full() {
    let options =
        options("mysql://shop:p%40ss%2Fw@db.example.com:3307/my%20shop?connect-timeout=3");
    assert_eq!(options.host, tcp("db.example.com", 3307));
    assert_eq!(options.user, "shop");
    assert_eq!(options.password.as_ref().map(Secret::expose), Some("p@ss/w"));
    assert_eq!(options.database.as_deref(), Some("my shop"));
    assert_eq!(options.connect_timeout, Duration::from_secs(3));
    assert_eq!(options.address(), "mysql://shop@db.example.com:3307/my shop");
    assert!(!format!("{options:?}").contains("p@ss"));
}

#[test]
fn hosts() {
    for (url, host) in [
        ("mysql://u@h/d", tcp("h", 3306)),
        ("MariaDB://u@h:1/d", tcp("h", 1)),
        ("mysql2://u@[::1]:3306/d", tcp("::1", 3306)),
        ("mysql://u@[fe80::1]/d", tcp("fe80::1", 3306)),
        ("mysql://u@h:/d/", tcp("h", 3306)),
        ("mysql://u@/d", tcp("localhost", 3306)),
        ("mysql://u@localhost/d", tcp("localhost", 3306)),
        ("mysql://u:a@b@h/d", tcp("h", 3306)),
        ("mysql://u@%2Frun%2Fm.sock/d", Host::Socket("/run/m.sock".into())),
        ("mysql://u@localhost/d?socket=/run/m.sock", Host::Socket("/run/m.sock".into())),
        ("mysql://u@/d?unix_socket=%2Frun%2Fm.sock", Host::Socket("/run/m.sock".into())),
    ] {
        assert_eq!(options(url).host, host, "{url}");
    }
    assert_eq!(options("mysql://u@[::1]/d").address(), "mysql://u@[::1]:3306/d");
    assert_eq!(options("mysql://u@/d?socket=/s").address(), "mysql://u@/d?socket=/s");
}

#[test]
fn the_url_wins_over_the_environment() {
    let variables = [
        ("MYSQL_PWD", "of env"),
        ("MYSQL_TCP_PORT", "3999"),
        ("MYSQL_UNIX_PORT", "/env.sock"),
        ("USER", "me"),
    ];
    let of = |url| options_in(url, &variables).unwrap();
    let password = |options: &Options| options.password.clone().unwrap().expose().to_owned();
    let bare = of("mysql:///d");
    assert_eq!((bare.host.clone(), bare.user.as_str()), (Host::Socket("/env.sock".into()), "me"));
    assert_eq!(password(&bare), "of env");
    assert_eq!(of("mysql://u@h/d").host, tcp("h", 3999));
    assert_eq!(of("mysql://u@h:1/d").host, tcp("h", 1));
    assert_eq!(of("mysql://u@localhost/d").host, Host::Socket("/env.sock".into()));
    assert_eq!(of("mysql://u@localhost:1/d").host, tcp("localhost", 1));
    assert_eq!(password(&of("mysql://u:of%20url@h/d")), "of url");
    assert_eq!(password(&of("mysql://u:@h/d")), "of env");
}

#[test]
fn the_client_file_comes_last() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".my.cnf");
    let text = "[client]\nuser=fu\npassword='f # p'\nhost=fh\nport=3400\nsocket=/f.sock\n\
                ssl-ca=/f/ca.pem\n[client-mariadb]\nssl-verify-server-cert\n";
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let home = ("HOME", home.path().to_str().unwrap());
    let bare = options_in("mysql:///d", &[home]).unwrap();
    assert_eq!((bare.host, bare.user.as_str()), (tcp("fh", 3400), "fu"));
    assert_eq!(bare.password.unwrap().expose(), "f # p");
    assert_eq!(bare.tls.mode, TlsMode::VerifyFull);
    let local = options_in("mysql://u@localhost/d", &[home]).unwrap();
    assert_eq!((local.host, local.user.as_str()), (Host::Socket("/f.sock".into()), "u"));
    let env = options_in("mysql://h/d?ssl-mode=prefer", &[home, ("MYSQL_PWD", "e")]).unwrap();
    assert_eq!((env.password.unwrap().expose(), env.tls.mode), ("e", TlsMode::Preferred));
}

#[test]
fn tls_modes_in_every_spelling() {
    for (query, mode) in [
        ("", TlsMode::Preferred),
        ("?sslmode=disable", TlsMode::Disabled),
        ("?ssl-mode=DISABLED", TlsMode::Disabled),
        ("?sslMode=prefer", TlsMode::Preferred),
        ("?ssl_mode=required", TlsMode::Required),
        ("?ssl-mode=verify-ca", TlsMode::VerifyCa),
        ("?ssl-mode=VERIFY_IDENTITY", TlsMode::VerifyFull),
        ("?sslmode=verify-full&ssl-ca=/ca", TlsMode::VerifyFull),
        ("?ssl-ca=/ca", TlsMode::VerifyCa),
    ] {
        assert_eq!(options(&format!("mysql://u@h/d{query}")).tls.mode, mode, "{query}");
    }
    let tls = options("mysql://u@h/d?ssl-ca=/a%20b&ssl-cert=/c&ssl-key=/k").tls;
    assert_eq!((tls.ca, tls.cert), (Some("/a b".into()), Some("/c".into())));
    assert_eq!(tls.key, Some("/k".into()));
}

/// URLs and what is said of them.
const WRONG: &[(&str, &str)] = &[
    ("postgres://u:hunter2@h/d", "the source URL must begin with mysql:// or mariadb://"),
    ("u:hunter2@h/d", "the source URL must begin with mysql:// or mariadb://"),
    ("mysql://u:hunter2@h", "the source URL has no database: mysql://user@host/DATABASE"),
    ("mysql://u:hunter2@h/", "the source URL has no database: mysql://user@host/DATABASE"),
    ("mysql://h/d", "nobody says as which user to log in to the source"),
    (
        "mysql://u:hunter2@h:x/d",
        "the source URL's port cannot be read: it is no number from 1 to 65535",
    ),
    (
        "mysql://u:hun/ter2@h/d",
        "the source URL's user and password cannot be read: a / or ? in them must be written \
             as %2F or %3F",
    ),
    (
        "mysql://u:1?hunter2@h/d",
        "the source URL's user and password cannot be read: a / or ? in them must be written \
             as %2F or %3F",
    ),
    ("mysql://u@[::1/d", "the source URL's host cannot be read: no ] after an IPv6 address"),
    ("mysql://u@[x]/d", "the source URL's host cannot be read: no IPv6 address in []"),
    ("mysql://u@h/a/b", "the source URL's database cannot be read: it has a / in it"),
    ("mysql://u%00@h/d", "the source URL's user cannot be read: it has a NUL in it"),
    ("mysql://u:%FF@h/d", "the source URL's password cannot be read: not UTF-8 when decoded"),
    (
        "mysql://u@h/d?sslmod=require",
        "the source URL has a parameter 'sslmod' that nirvana does not know; nearest: ssl-mode",
    ),
    ("mysql://u@h/d?ssl-mode=a&sslmode=b", "the source URL has the parameter 'ssl-mode' twice"),
    (
        "mysql://u@h/d?ssl-mode=maybe",
        "ssl-mode in the source URL is 'maybe', which is none of disabled, preferred, \
             required, verify-ca and verify-full",
    ),
    ("mysql://u@h/d?ssl-key=/k", "ssl-key is given without ssl-cert"),
    (
        "mysql://u@h/d?connect-timeout=soon",
        "connect-timeout in the source URL is 'soon', which is no whole number of seconds \
             above zero",
    ),
];

#[test]
fn what_is_wrong_is_told_in_one_line_without_the_password() {
    for (url, wanted) in WRONG {
        assert_eq!(message(url), *wanted, "{url}");
        assert!(!message(url).contains("hunter2"));
    }
    let error = options_in("mysql://u@h/d?pool=5", &[]).unwrap_err();
    assert!(error.hint().unwrap().contains("connect-timeout, socket, ssl-ca"));
    let error = options_in("mysql://u@h/d", &[("MYSQL_TCP_PORT", "x")]).unwrap_err();
    assert_eq!(error.to_string(), "MYSQL_TCP_PORT is 'x', which is no port number");
}
