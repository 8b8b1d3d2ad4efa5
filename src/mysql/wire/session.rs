//! The settings of our sessions: what a server's administrator has set globally must not change
//! what we read.

/// `MySQL` and `MariaDB` number their versions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    MySql(u16, u16, u16),
    MariaDb(u16, u16),
}

impl Product {
    fn of(version: &str) -> Self {
        let mut numbers = version
            .split(|letter: char| !letter.is_ascii_digit())
            .map(|digits| digits.parse::<u16>().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let (major, minor, patch) = (next(), next(), next());
        if version.contains("MariaDB") {
            Self::MariaDb(major, minor)
        } else {
            Self::MySql(major, minor, patch)
        }
    }
}

/// One statement, run right after the login.
pub(super) fn settings(server_version: &str) -> String {
    let mut settings = vec![
        // Text arrives as UTF-8 whatever its column's charset is.
        "NAMES utf8mb4",
        // TIMESTAMP is an instant; only in UTC does each have one spelling.
        "time_zone = '+00:00'",
        // No ANSI_QUOTES, no NO_BACKSLASH_ESCAPES, no PAD_CHAR_TO_FULL_LENGTH.
        "sql_mode = ''",
        "autocommit = 1",
        // A global limit would cut off rows unseen, or refuse to read large tables.
        "sql_select_limit = 18446744073709551615",
        "sql_big_selects = 1",
        "sql_auto_is_null = 0",
        "sql_quote_show_create = 1",
        "group_concat_max_len = 1073741824",
        // The target may keep us waiting, and with us the server.
        "net_write_timeout = 28800",
        "net_read_timeout = 28800",
        // Who holds the snapshot has nothing to say for as long as the copy takes: 24 days, the
        // most that every platform's server takes.
        "wait_timeout = 2147483",
    ];
    match Product::of(server_version) {
        Product::MariaDb(major, minor) => {
            if (major, minor) >= (10, 1) {
                settings.push("max_statement_time = 0");
            }
            if (major, minor) >= (10, 3) {
                settings.push("idle_transaction_timeout = 0");
                settings.push("idle_readonly_transaction_timeout = 0");
            }
        }
        Product::MySql(major, minor, patch) => {
            if (major, minor, patch) >= (5, 7, 8) {
                settings.push("max_execution_time = 0");
            }
            if major >= 8 {
                // Sizes and row counts of today instead of yesterday's.
                settings.push("information_schema_stats_expiry = 0");
            }
        }
    }
    format!("SET {}", settings.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Product, settings};

    #[test]
    fn versions_are_told_apart() {
        for (version, product) in [
            ("10.11.6-MariaDB-0+deb12u1", Product::MariaDb(10, 11)),
            ("11.4.2-MariaDB", Product::MariaDb(11, 4)),
            ("8.0.36-28", Product::MySql(8, 0, 36)),
            ("5.7.44-log", Product::MySql(5, 7, 44)),
            ("9.7.4", Product::MySql(9, 7, 4)),
            ("", Product::MySql(0, 0, 0)),
        ] {
            assert_eq!(Product::of(version), product, "{version}");
        }
    }

    #[test]
    fn variables_go_only_where_they_exist() {
        assert!(settings("8.4.0").contains("information_schema_stats_expiry"));
        assert!(!settings("5.7.44").contains("information_schema_stats_expiry"));
        assert!(!settings("5.6.51").contains("max_execution_time"));
        assert!(!settings("10.11.6-MariaDB").contains("max_execution_time"));
        assert!(settings("10.11.6-MariaDB").contains("max_statement_time"));
        assert!(settings("10.11.6-MariaDB").contains("idle_transaction_timeout"));
        assert!(!settings("10.2.44-MariaDB").contains("idle_transaction_timeout"));
    }
}
