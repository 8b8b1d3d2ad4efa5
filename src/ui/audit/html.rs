//! One page for a team: how the factors stand, then every finding by rule with its help. It loads
//! nothing, runs no script, and has no secret in it.

use crate::finding::Severity;
use crate::report::Report;
use crate::twelve_factor::{Audited, Card, Factor, Hit, Score, Standing};
use crate::ui::audit::{by_rule, sentence, state, word};

/// Places of one rule that the page lists; the JSON report has all.
const PLACES: usize = 200;

pub(super) fn page(report: &Report, audited: &Audited) -> String {
    let (head, rest) = sentence(report, audited);
    let name = report.target.rsplit('/').find(|part| !part.is_empty() && *part != ".");
    let title = format!("Audit of {}", name.unwrap_or("this codebase"));
    let commit =
        audited.commit.as_deref().map(|id| format!(" · commit {}", &id[..id.len().min(12)]));
    let base = audited
        .base
        .as_deref()
        .map(|id| format!(" · only what came since {}", &id[..id.len().min(12)]));
    let about = format!(
        "{}{}{}",
        audited.applications.join(" · "),
        commit.unwrap_or_default(),
        base.unwrap_or_default()
    );
    let factors: String = audited.scores.iter().map(factor).collect();
    let findings: String =
        by_rule(audited).iter().map(|(rule, hits)| section(audited, rule, hits)).collect();
    let empty = if findings.is_empty() { "<p class=\"good\">Nothing was found.</p>" } else { "" };
    let good = if report.outcome.exit_code() == 0 { "good" } else { "bad" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p class=\"about\">{about}</p>\n<p class=\"verdict {good}\"><strong>{head}</strong> {rest}</p>\n\
         </header>\n<main>\n<section class=\"factors\">\n{factors}</section>\n\
         <h2>Findings</h2>\n{empty}{findings}{told}{rest_of}</main>\n\
         <footer>nirvana {version} · a rule that does not apply counts neither for nor against</footer>\n\
         </body>\n</html>\n",
        title = text(&title),
        about = text(&about),
        head = text(head),
        rest = text(&rest),
        told = told(report),
        rest_of = silent(audited),
        version = report.tool_version,
    )
}

/// A card with a bar: how many of the rules that apply hold.
fn factor(score: &Score) -> String {
    let Score { factor, passed, applicable, not_applicable, errors, warnings, notes } = score;
    if *factor == Factor::Audit && *applicable == *passed {
        return String::new();
    }
    let (numeral, title) = (factor.numeral(), text(factor.title()));
    if *applicable == 0 {
        return format!(
            "<div class=\"factor none\"><h3><span>{numeral}</span>{title}</h3><p>not applicable</p></div>\n"
        );
    }
    let share = passed * 100 / applicable;
    let tone = match (errors, warnings) {
        (0, 0) => "good",
        (0, _) => "warning",
        _ => "error",
    };
    let mut counts = String::new();
    for (number, class, one, many) in [
        (errors, "error", "error", "errors"),
        (warnings, "warning", "warning", "warnings"),
        (notes, "note", "note", "notes"),
    ] {
        if *number > 0 {
            let noun = if *number == 1 { one } else { many };
            counts.push_str(&format!("<span class=\"count {class}\">{number} {noun}</span>"));
        }
    }
    let counts = if counts.is_empty() { String::new() } else { format!("<p>{counts}</p>") };
    let out = if *not_applicable == 0 {
        String::new()
    } else {
        format!(", {not_applicable} not applicable")
    };
    format!(
        "<div class=\"factor {tone}\"><h3><span>{numeral}</span>{title}</h3>\
         <div class=\"bar\" role=\"img\" aria-label=\"{share} of 100\"><i style=\"width:{share}%\"></i></div>\
         <p>{passed} of {applicable} rules hold{out}</p>{counts}</div>\n"
    )
}

fn section(audited: &Audited, rule: &str, hits: &[&Hit]) -> String {
    let level = word(hits.iter().map(|hit| hit.level).max().unwrap_or(Severity::Note));
    let card = audited.card(rule);
    let title = card.map_or("", |card| card.title);
    let mut rows = String::new();
    for hit in hits.iter().take(PLACES) {
        rows.push_str(&format!(
            "<tr><td class=\"{}\"><code>{}<wbr>:{}</code></td><td>{}</td></tr>\n",
            word(hit.level),
            text(&hit.path).replace('/', "/<wbr>"),
            hit.line,
            prose(&hit.message)
        ));
    }
    if hits.len() > PLACES {
        let more = hits.len() - PLACES;
        rows.push_str(&format!(
            "<tr><td></td><td>… and {more} more; the JSON report has all</td></tr>\n"
        ));
    }
    format!(
        "<section class=\"rule {level}\" id=\"{rule}\">\n<h3><span class=\"count {level}\">{level}</span> \
         {title} <small>{rule} · {number}</small></h3>\n<table>{rows}</table>\n{help}</section>\n",
        title = text(title),
        number = hits.len(),
        help = card.map_or(String::new(), help),
    )
}

fn help(card: &Card) -> String {
    format!(
        "<details><summary>Why, and what to do</summary><p>{}</p><div class=\"pair\">\
         <figure><figcaption>Before</figcaption><pre>{}</pre></figure>\
         <figure><figcaption>After</figcaption><pre>{}</pre></figure></div><p class=\"quiet\">{}</p></details>\n",
        prose(card.why),
        text(card.before),
        text(card.after),
        prose(card.quiet)
    )
}

/// What of the tree could not be read.
fn told(report: &Report) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for one in &report.findings {
        let (place, message) = (text(&one.place.to_string()), text(&one.message));
        rows.push_str(&format!("<li><code>{place}</code> {message}</li>\n"));
    }
    format!("<h2>What was not looked at</h2>\n<ul>{rows}</ul>\n")
}

/// What passed, what is allowed, and what does not apply.
fn silent(audited: &Audited) -> String {
    let mut rows = String::new();
    for one in &audited.rules {
        let (class, how) = match &one.standing {
            Standing::Pass => ("good", "holds".to_owned()),
            Standing::NotApplicable { reason } => ("none", format!("not applicable: {reason}")),
            Standing::Found { .. } => continue,
        };
        rows.push_str(&format!(
            "<tr class=\"{class}\"><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            one.rule,
            text(one.title),
            text(&how)
        ));
    }
    let mut allowed = String::new();
    for hit in audited.hits.iter().filter(|hit| !hit.is_open()) {
        allowed.push_str(&format!(
            "<tr><td>{}</td><td><code>{}:{}</code></td><td>{}</td></tr>\n",
            hit.rule,
            text(&hit.path),
            hit.line,
            text(&state(hit))
        ));
    }
    let allowed = if allowed.is_empty() {
        String::new()
    } else {
        format!("<h2>Allowed or known</h2>\n<table class=\"rest\">{allowed}</table>\n")
    };
    format!(
        "{allowed}<h2>Rules that found nothing</h2>\n<details><summary>The rule, what it looks for, and \
         whether it holds or does not apply</summary><table class=\"rest\">{rows}</table></details>\n"
    )
}

/// The same, with what stands between backticks as code.
fn prose(message: &str) -> String {
    let mut marked = String::new();
    let parts: Vec<&str> = message.split('`').collect();
    // Without a partner a backtick is a letter like any other.
    if parts.len().is_multiple_of(2) {
        return text(message);
    }
    for (nth, part) in parts.into_iter().enumerate() {
        if nth % 2 == 1 {
            marked.push_str(&format!("<code>{}</code>", text(part)));
        } else {
            marked.push_str(&text(part));
        }
    }
    marked
}

fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() && letter != '\n' => safe.extend(letter.escape_default()),
            letter => safe.push(letter),
        }
    }
    safe
}

const STYLE: &str = include_str!("style.css");
