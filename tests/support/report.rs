//! What the program reports, as the tests ask for it.

/// The report of a run.
pub(crate) struct Report(pub(crate) serde_json::Value);

impl Report {
    /// `code place` of every finding that is more than a note, sorted.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.findings(|severity| severity != "note")
    }

    fn findings(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let findings = self.0["findings"].as_array().unwrap().iter();
        // What concerns a server as a whole hangs on the test's servers, not on the data.
        let findings = findings.filter(|finding| {
            let kind = finding["place"]["kind"].as_str().unwrap();
            kind != "source" && kind != "target"
        });
        let mut found: Vec<String> = findings
            .filter(|finding| wanted(finding["severity"].as_str().unwrap()))
            .map(|finding| {
                let place = &finding["place"];
                let table = place["table"]["name"].as_str();
                let name = place["name"].as_str();
                let place: Vec<&str> = table.into_iter().chain(name).collect();
                format!("{} {}", finding["code"].as_str().unwrap(), place.join("."))
                    .trim_end()
                    .to_owned()
            })
            .collect();
        found.sort();
        found
    }

    /// The codes of all findings, each once, sorted.
    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self
            .findings(|_| true)
            .iter()
            .map(|finding| finding.split(' ').next().unwrap().to_owned())
            .collect();
        codes.dedup();
        codes
    }

    /// Tables that are not proven equal.
    pub(crate) fn unproven(&self) -> Vec<String> {
        let tables = self.0["tables"].as_array().unwrap().iter();
        tables
            .filter(|table| table["verified"] != "equal")
            .map(|table| format!("{} is {}", table["source"]["name"], table["verified"]))
            .collect()
    }

    /// Table names and rows; panics if one is not proven equal.
    pub(crate) fn proven_rows(&self) -> Vec<(String, u64)> {
        let tables = self.0["tables"].as_array().unwrap().iter();
        tables
            .map(|table| {
                let name = table["source"]["name"].as_str().unwrap().to_owned();
                assert_eq!(table["verified"], "equal", "{name}");
                (name, table["rows"].as_u64().unwrap())
            })
            .collect()
    }
}
