//! A SARIF 2.1.0 log: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, within
//! what GitHub takes: at most 25,000 results, each with a place, and rules whose ids are unique.
//! No snippet is given, as it could show a secret.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::finding::Severity;
use crate::report::Report;
use crate::twelve_factor::{Card, Factor, Hit, State};
use crate::ui::UiError;
use crate::ui::audit::word;

/// What GitHub takes of one run; the gravest come first.
const MOST: usize = 25_000;
/// Where the pages of the rules are.
const PAGES: &str = "docs/rules";

pub(super) fn log(report: &Report) -> Result<String, UiError> {
    let mut text = serde_json::to_string_pretty(&value(report))?;
    text.push('\n');
    Ok(text)
}

fn value(report: &Report) -> Value {
    let audited = report.audited.as_ref();
    let cards: &[Card] = audited.map_or(&[], |audited| &audited.cards);
    let hits: &[Hit] = audited.map_or(&[], |audited| &audited.hits);
    let index: BTreeMap<&str, usize> =
        cards.iter().enumerate().map(|(at, card)| (card.id, at)).collect();
    let results: Vec<Value> =
        hits.iter().take(MOST).map(|hit| result(hit, index.get(hit.rule).copied())).collect();
    let told: Vec<Value> = report.findings.iter().map(notification).collect();
    let failed = report
        .error
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": error.message } }));
    let mut notifications: Vec<Value> = told.into_iter().chain(failed).collect();
    if hits.len() > MOST {
        let text = format!("{} results of {} are left out", hits.len() - MOST, hits.len());
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    let mut run = json!({
        "tool": { "driver": {
            "name": "nirvana",
            "semanticVersion": report.tool_version,
            "rules": cards.iter().map(rule).collect::<Vec<_>>(),
        } },
        "automationDetails": { "id": "nirvana-audit/" },
        "columnKind": "utf16CodeUnits",
        "invocations": [{
            "executionSuccessful": report.error.is_none(),
            "exitCode": report.outcome.exit_code(),
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    });
    if let Some(commit) = audited.and_then(|audited| audited.commit.as_deref()) {
        run["properties"] = json!({ "commit": commit });
    }
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

fn rule(card: &Card) -> Value {
    let mut properties = json!({
        "precision": card.precision.word(),
        "tags": [format!("{} {}", card.factor.numeral(), card.factor.title())],
    });
    if let Some(severity) = security(card) {
        properties["security-severity"] = severity.into();
        properties["tags"] = json!(["security", properties["tags"][0]]);
    }
    json!({
        "id": card.id,
        "shortDescription": { "text": sentence(card.title) },
        "fullDescription": { "text": card.why },
        "defaultConfiguration": { "level": word(card.level) },
        "help": { "text": help(card), "markdown": markdown(card) },
        "properties": properties,
    })
}

/// GitHub sorts what is about secrets by this number.
fn security(card: &Card) -> Option<&'static str> {
    (card.factor == Factor::Config).then_some(match card.level {
        Severity::Error => "8.0",
        Severity::Warning => "5.0",
        Severity::Note => "2.0",
    })
}

fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn help(card: &Card) -> String {
    format!("{}\n\nBefore:\n{}\n\nAfter:\n{}", card.why, card.before, card.after)
}

fn markdown(card: &Card) -> String {
    format!(
        "{}\n\n**Before**\n```\n{}\n```\n\n**After**\n```\n{}\n```\n\n{}\n\nThe rule's page is `{PAGES}/{}.md`.",
        card.why, card.before, card.after, card.quiet, card.id
    )
}

fn result(hit: &Hit, index: Option<usize>) -> Value {
    let mut result = json!({
        "ruleId": hit.rule,
        "level": word(hit.level),
        "kind": "fail",
        "message": { "text": format!("{}. {}", hit.message, hit.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&hit.path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": hit.line },
        } }],
        "partialFingerprints": { "nirvanaFingerprint/v1": hit.fingerprint },
    });
    if let Some(index) = index {
        result["ruleIndex"] = index.into();
    }
    let suppression = match &hit.state {
        State::Open => None,
        State::AllowedInline { reason } => {
            Some(json!({ "kind": "inSource", "justification": reason }))
        }
        State::AllowedByPath { reason } => {
            Some(json!({ "kind": "external", "justification": reason }))
        }
        State::Known => {
            result["baselineState"] = "unchanged".into();
            Some(json!({ "kind": "external", "justification": "known by the baseline" }))
        }
    };
    if let Some(suppression) = suppression {
        result["suppressions"] = json!([suppression]);
    }
    result
}

fn notification(finding: &crate::finding::Finding) -> Value {
    let mut text = format!("{}: {}", finding.place, finding.message);
    if let Some(help) = &finding.help {
        text = format!("{text}. {help}");
    }
    json!({
        "level": word(finding.severity),
        "message": { "text": text },
        "descriptor": { "id": finding.code.word() },
    })
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: AsciiSet =
        NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(path, &KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::{sentence, uri};

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri("app/a b#c?.rb"), "app/a%20b%23c%3F.rb");
        assert_eq!(uri("a:b/ü.php"), "a%3Ab/%C3%BC.php");
        assert_eq!(sentence("a secret is in the code"), "A secret is in the code.");
    }
}
