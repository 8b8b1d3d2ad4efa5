//! Keys and scalar values of YAML as people commit it: with ERB in it, so that no parser takes it,
//! with tabs, with Windows line ends, or not quite nested. Only what a line can say is read.

/// One `key: value` with the keys above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    /// From the outermost to its own.
    pub(super) keys: Vec<&'a str>,
    /// As it stands, without a comment and without an anchor; empty if lines below have it.
    pub(super) value: &'a str,
    /// `name` of `&name`.
    pub(super) anchor: Option<&'a str>,
    /// The first line being 1.
    pub(super) line: usize,
}

impl Pair<'_> {
    /// Its own key.
    pub(super) fn key(&self) -> &str {
        self.keys.last().copied().unwrap_or_default()
    }
}

pub(super) fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim_start_matches([' ', '\t']);
        let mut indent = line.len() - bare.len();
        let mut content = bare;
        // An item of a list is as deep as what follows its dash.
        while let Some(rest) = content.strip_prefix("- ") {
            indent += 2;
            content = rest;
        }
        let skipped = ["#", "<%", "---", "%", "<<<<", "====", ">>>>"];
        if skipped.iter().any(|mark| content.starts_with(mark)) {
            continue;
        }
        let Some((key, value)) = content.split_once(':') else { continue };
        let separate = value.is_empty() || value.starts_with([' ', '\t', '\r']);
        if !separate || key.is_empty() {
            continue;
        }
        let key = key.trim().trim_matches(['"', '\'']);
        while above.last().is_some_and(|(outer, _)| *outer >= indent) {
            above.pop();
        }
        let (anchor, value) = anchored(uncommented(value.trim()));
        above.push((indent, key));
        let keys: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        let braces = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let inner = braces.into_iter().flat_map(|inner| flow(inner, &keys, at + 1));
        let inner: Vec<Pair> = inner.collect();
        let value = if braces.is_some() { "" } else { value };
        pairs.push(Pair { keys, value, anchor, line: at + 1 });
        pairs.extend(inner);
    }
    pairs
}

/// What stands in braces on one line; braces within braces are left out.
fn flow<'a>(inner: &'a str, keys: &[&'a str], line: usize) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for part in inner.split(',').filter(|part| !part.contains(['{', '}'])) {
        let Some((key, value)) = part.split_once(':') else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        let keys = keys.iter().copied().chain([key]).collect();
        pairs.push(Pair { keys, value: value.trim(), anchor: None, line });
    }
    pairs
}

fn anchored(value: &str) -> (Option<&str>, &str) {
    let Some(rest) = value.strip_prefix('&') else { return (None, value) };
    let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (Some(name), value.trim())
}

/// Without ` # …`, unless that stands in quotes or in ERB.
fn uncommented(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let end = if value.starts_with(['"', '\'']) || value.contains("<%") {
        value.rfind(['"', '\'', '>']).map_or(0, |at| at + 1)
    } else {
        0
    };
    let comment = value[end..].find(" #").map_or(value.len(), |at| end + at);
    value[..comment].trim_end()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn yaml_with_code_in_it_is_read_line_by_line() {
        let text = "default: &default  # shared\r\n  adapter: mysql2 # why\n  password: \"a # b\"\n\
                    <% if ENV['X'] %>\n  pool: <%= ENV.fetch('POOL') { 5 } %> # five\n<% end %>\n\
                    production:\n  primary:\n    <<: *default\n\tcache:\n    url: mysql2://h/d\n\
                    list:\n  - name: a\n    of: b\nnot a pair\nhttp://x\n\
                    flow: {adapter: mysql2, url: \"mysql2://h:1/d\", more: {a: b}} # c\n";
        let lines: Vec<String> = pairs(text)
            .iter()
            .map(|pair| {
                let anchor = pair.anchor.map_or(String::new(), |name| format!(" &{name}"));
                format!("{} {} = {}{anchor}", pair.line, pair.keys.join("."), pair.value)
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        1 default =  &default
        2 default.adapter = mysql2
        3 default.password = "a # b"
        5 default.pool = <%= ENV.fetch('POOL') { 5 } %>
        7 production = 
        8 production.primary = 
        9 production.primary.<< = *default
        10 production.cache = 
        11 production.cache.url = mysql2://h/d
        12 list = 
        13 list.name = a
        14 list.of = b
        17 flow = 
        17 flow.adapter = mysql2
        17 flow.url = "mysql2://h:1/d"
        "#);
    }
}
