//! Real servers for tests, each test with a database of its own.
//!
//! `ci/servers env` exports where they are. A test whose server is absent says that it was skipped,
//! or fails where `NIRVANA_TEST_REQUIRE_SERVERS` is set.

mod example;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;

pub(crate) use self::example::example;
use crate::environment::Environment;
use crate::postgres::connect::{Options, Session};

/// The variables that hold the URLs of superusers of the servers we test with.
pub(crate) const SERVERS: [&str; 2] = ["NIRVANA_TEST_POSTGRES15", "NIRVANA_TEST_POSTGRES18"];

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A variable of `ci/servers env`; None, with a word about it, where the test is to be skipped.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = Environment::of_process().get(name).map(str::to_owned);
    if value.is_none() {
        let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
        assert!(!required, "{name} is not set, but NIRVANA_TEST_REQUIRE_SERVERS is");
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("skipped: {test}: {name} is not set");
    }
    value
}

/// How to connect with what the URL alone says.
pub(crate) fn options(url: &str) -> Options {
    Options::from_url(url, &Environment::of(&[]), CONNECT_TIMEOUT).unwrap()
}

pub(crate) async fn session(url: &str) -> Session {
    Session::open(&options(url)).await.unwrap()
}

/// The URL of another database of the same server.
pub(crate) fn url_of(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

/// Runs a test on each server in a fresh database, which goes even if the test fails.
pub(crate) async fn with_databases(test: impl AsyncFn(&str, &Session)) {
    for name in SERVERS {
        let Some(url) = variable(name) else { continue };
        let admin = session(&url).await;
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let database = format!("nirvana_test_{}_{number}", std::process::id());
        admin.execute(&format!("CREATE DATABASE {database} TEMPLATE template0")).await.unwrap();
        let own_url = url_of(&url, &database);
        let own = session(&own_url).await;
        let outcome = AssertUnwindSafe(test(&own_url, &own)).catch_unwind().await;
        drop(own);
        admin.execute(&format!("DROP DATABASE {database} WITH (FORCE)")).await.unwrap();
        if let Err(panic) = outcome {
            eprintln!("on {name}:");
            resume_unwind(panic);
        }
    }
}
