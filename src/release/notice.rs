//! Tells webhooks how a release ended. That one was not heard is a finding and never a failure: the
//! release is what it is.

use std::path::Path;
use std::time::Duration;

use super::env::find;
use super::error::Error;
use super::health::told;
use super::settings::{Notice, NoticeKind, Settings};
use crate::environment::Environment;
use crate::finding::{Code, Finding, Place};
use crate::host::Host;
use crate::host::http::{Question, Url};
use crate::report::Outcome;
use crate::secret::Secret;

const PATIENCE: Duration = Duration::from_secs(10);

/// What a notice says.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct News<'a> {
    /// `deploy` or `rollback`.
    pub(super) action: &'a str,
    pub(super) outcome: Outcome,
    pub(super) release: &'a str,
    pub(super) commit: &'a str,
    /// What served before.
    pub(super) previous: &'a str,
    pub(super) path: &'a str,
    pub(super) hosts: Vec<&'a str>,
    pub(super) by: &'a str,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
    pub(super) duration_ms: u64,
}

impl News<'_> {
    /// One line for people.
    fn sentence(&self) -> String {
        let how = match self.outcome {
            Outcome::Done | Outcome::DoneWithFindings => "serves",
            Outcome::RolledBack => "was not well and was left again for what served before",
            _ => "FAILED",
        };
        let why = self.error.map_or(String::new(), |error| format!(": {error}"));
        let (hosts, by) = (self.hosts.join(", "), self.by);
        format!(
            "{} of {} to {hosts} by {by}: release {} {how}{why}",
            self.action, self.path, self.release
        )
    }

    fn json(&self, kind: NoticeKind) -> Secret {
        let value = match kind {
            NoticeKind::Slack => serde_json::json!({ "text": self.sentence() }),
            NoticeKind::Webhook => serde_json::to_value(self).unwrap_or_default(),
        };
        Secret::new(value.to_string())
    }
}

/// Tells all, each for itself; gives what was not heard.
pub(super) async fn tell(
    settings: &Settings,
    environment: &Environment,
    folder: &Path,
    news: &News<'_>,
) -> Vec<Finding> {
    let mut unheard = Vec::new();
    for notice in &settings.notices {
        if let Err(why) = send(notice, environment, folder, news).await {
            let message = format!("a notice was not heard: {why}");
            let finding = Finding::warning(Code::NoticeNotHeard, Place::target(), message);
            unheard.push(finding.help("the release itself is as this report says"));
        }
    }
    unheard
}

async fn send(
    notice: &Notice,
    environment: &Environment,
    folder: &Path,
    news: &News<'_>,
) -> Result<(), String> {
    let told_of = |error: Error| told(&error);
    let url = find(&notice.url, environment, folder, "release.notices").map_err(told_of)?;
    let url = Url::parse(url.expose()).map_err(|error| told(&error))?;
    let here = Host::parse("local", None).map_err(|error| told(&error))?;
    let question = Question::Post(news.json(notice.kind));
    let answer = here.ask(&url, None, &question, PATIENCE).await.map_err(|error| told(&error))?;
    match answer.status {
        200..=299 => Ok(()),
        status => Err(format!("{} answered with status {status}", url.address())),
    }
}

#[cfg(test)]
mod tests {
    use super::{News, NoticeKind};
    use crate::report::Outcome;

    #[test]
    fn a_notice_says_what_became_of_the_release() {
        let news = News {
            action: "deploy",
            outcome: Outcome::RolledBack,
            release: "7-3f2a9c1b",
            commit: "3f2a9c1b",
            previous: "6-aaaaaaaa",
            path: "/srv/shop",
            hosts: vec!["web1", "web2"],
            by: "alice@desk",
            error: Some("it did not answer"),
            duration_ms: 7,
        };
        insta::assert_snapshot!(news.json(NoticeKind::Slack).expose(), @r#"{"text":"deploy of /srv/shop to web1, web2 by alice@desk: release 7-3f2a9c1b was not well and was left again for what served before: it did not answer"}"#);
        insta::assert_snapshot!(news.json(NoticeKind::Webhook).expose(), @r#"{"action":"deploy","outcome":"rolled-back","release":"7-3f2a9c1b","commit":"3f2a9c1b","previous":"6-aaaaaaaa","path":"/srv/shop","hosts":["web1","web2"],"by":"alice@desk","error":"it did not answer","duration_ms":7}"#);
    }
}
