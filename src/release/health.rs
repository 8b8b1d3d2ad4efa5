//! Whether a release answers, and whether it is the one that should.
//!
//! A web server answers as well when the old code does: opcache, a resolved path that is remembered,
//! a process that was not reloaded. So an answer counts only if it has the id of the release in it,
//! and only several in a row count, each on a connection of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::error::{Error, Printed};
use super::ledger::Id;
use super::settings::{Health, IdIn};
use crate::host::Host;
use crate::host::http::{Answer, Question, Url};

const PAUSE: Duration = Duration::from_millis(250);

/// How a release is asked, with what the file leaves out filled in.
#[derive(Clone, Debug)]
pub(super) struct Check {
    url: Url,
    urls: BTreeMap<String, Url>,
    host: Option<String>,
    status: u16,
    pub(super) id_in: IdIn,
    header: String,
    answers: u32,
    within: Duration,
    timeout: Duration,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Well {
    pub(super) asked: u32,
    /// Of the last answer.
    pub(super) took: Duration,
}

impl Check {
    pub(super) fn of(health: &Health) -> Result<Self, Error> {
        let mut urls = BTreeMap::new();
        for (host, url) in &health.urls {
            urls.insert(host.clone(), Url::parse(url)?);
        }
        Ok(Self {
            url: Url::parse(&health.url)?,
            urls,
            host: health.host.clone(),
            status: health.status.unwrap_or(200),
            id_in: health.id_in,
            header: health.header.clone().unwrap_or_default().to_ascii_lowercase(),
            answers: health.answers.unwrap_or(3).max(1),
            within: Duration::from_secs(health.within.unwrap_or(30)),
            timeout: Duration::from_secs(health.timeout.unwrap_or(5).max(1)),
        })
    }

    pub(super) fn address(&self, host: &str) -> String {
        self.url(host).address()
    }

    fn url(&self, host: &str) -> &Url {
        self.urls.get(host).unwrap_or(&self.url)
    }

    async fn ask(&self, host: &Host) -> Result<Answer, crate::host::Error> {
        let url = self.url(host.name());
        host.ask(url, self.host.as_deref(), &Question::Get, self.timeout).await
    }

    /// Asks until enough answers in a row are good, or time is over.
    pub(super) async fn wait(&self, host: &Host, id: &Id) -> Result<Well, Error> {
        let begun = Instant::now();
        let (mut row, mut asked) = (0, 0);
        loop {
            let sent = Instant::now();
            let answer = self.ask(host).await;
            asked += 1;
            let fault = match &answer {
                Ok(answer) => self.fault(answer, id),
                Err(error) => Some(told(error)),
            };
            row = if fault.is_none() { row + 1 } else { 0 };
            if row >= self.answers {
                return Ok(Well { asked, took: sent.elapsed() });
            }
            if begun.elapsed() >= self.within {
                let fault = fault.unwrap_or_else(|| "too few good answers in a row".to_owned());
                let seconds = self.within.as_secs();
                let said = format!("asked {asked} times in {seconds} s, the last time: {fault}");
                let (host, release) = (host.name().to_owned(), id.to_string());
                return Err(Error::Unhealthy { host, release, source: Printed(said) });
            }
            if fault.is_some() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// One question; for `check`.
    pub(super) async fn once(&self, host: &Host, id: &Id) -> Result<Duration, String> {
        let sent = Instant::now();
        let answer = self.ask(host).await;
        match answer.as_ref().map(|answer| self.fault(answer, id)) {
            Ok(None) => Ok(sent.elapsed()),
            Ok(Some(fault)) => Err(fault),
            Err(error) => Err(told(error)),
        }
    }

    /// What is wrong with an answer.
    fn fault(&self, answer: &Answer, id: &Id) -> Option<String> {
        if answer.status != self.status {
            return Some(format!("status {} instead of {}", answer.status, self.status));
        }
        let in_header = |name: Option<&str>| {
            let mut headers = answer.headers.iter();
            headers.any(|(it, value)| name.is_none_or(|name| it == name) && has(value, id))
        };
        let is_there = match self.id_in {
            IdIn::Nowhere => true,
            IdIn::Body => has(&answer.body, id),
            IdIn::Header => in_header(Some(&self.header)),
            IdIn::Anywhere => has(&answer.body, id) || in_header(None),
        };
        let missing =
            || format!("status {}, and the answer does not have {id} in it", answer.status);
        (!is_there).then(missing)
    }
}

/// The id as a word of its own: 17-a is not 7-a.
fn has(text: &str, id: &Id) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric();
    text.match_indices(id.as_str()).any(|(at, found)| {
        !text[..at].ends_with(is_part) && !text[at + found.len()..].starts_with(is_part)
    })
}

/// An error and what it is due to, in one line.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(&format!(": {cause_text}"));
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Check;
    use crate::host::http::Answer;
    use crate::release::ledger::Id;
    use crate::release::settings::tests::settings;

    #[test]
    fn only_the_new_release_is_well() {
        let fault = |more: &str, status, header: &str, body: &str| {
            let text = format!("path = '/srv/shop'\n[health]\nurl = 'http://h/up'\n{more}");
            let check = Check::of(settings(&text).health.as_ref().unwrap()).unwrap();
            let headers = vec![("x-release".to_owned(), header.to_owned())];
            let answer = Answer { status, headers, body: body.to_owned() };
            check.fault(&answer, &Id::new(7, "3f2a9c1b"))
        };
        let header = "id-in = 'header'\nheader = 'X-Release'";
        for (more, status, has, body, well) in [
            ("", 200, "", "{\"release\":\"7-3f2a9c1b\"}", true),
            ("", 200, "7-3f2a9c1b", "ok", true),
            ("", 200, "", "6-1b2c3d4e", false),
            ("", 200, "", "17-3f2a9c1b", false),
            ("", 200, "", "7-3f2a9c1bb", false),
            ("", 503, "", "7-3f2a9c1b", false),
            ("status = 204", 204, "7-3f2a9c1b", "", true),
            ("id-in = 'body'", 200, "7-3f2a9c1b", "ok", false),
            (header, 200, "7-3f2a9c1b", "ok", true),
            (header, 200, "6-aaaaaaaa", "7-3f2a9c1b", false),
            ("id-in = 'nowhere'", 200, "", "ok", true),
        ] {
            assert_eq!(fault(more, status, has, body).is_none(), well, "{more} {has} {body}");
        }
    }
}
