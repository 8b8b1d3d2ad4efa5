//! Addresses of databases: `mysql2://user:password@host:3306/name?encoding=utf8mb4`.

/// The scheme that PostgreSQL has in the place of MySQL's; none if the address is of neither.
fn scheme(of: &str) -> Option<&'static str> {
    Some(match of {
        "mysql" | "mysql2" | "mysqli" | "trilogy" | "mariadb" | "pdo_mysql" => "postgresql",
        _ => return None,
    })
}

/// The same address for PostgreSQL: another scheme and port, and without parameters that only MySQL
/// knows. None if it is none of MySQL's.
pub(super) fn to_postgres(url: &str, postgres: &str) -> Option<String> {
    let (of, rest) = url.split_once("://")?;
    scheme(of)?;
    let (address, query) = match rest.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (rest, None),
    };
    let (host, path) = match address.rsplit_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (address, String::new()),
    };
    let host = host.strip_suffix(":3306").map_or(host.to_owned(), |host| format!("{host}:5432"));
    let kept: Vec<String> = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|one| match one.split_once('=')? {
            ("serverVersion", _) => Some("serverVersion=16".to_owned()),
            ("charset", _) => Some("charset=utf8".to_owned()),
            ("pool" | "connect_timeout", _) => Some(one.to_owned()),
            _ => None,
        })
        .collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Some(format!("{postgres}://{host}{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::to_postgres;

    #[test]
    fn addresses_keep_what_both_servers_have() {
        for (url, wanted) in [
            (
                "mysql://u:p@h:3306/d?serverVersion=8.0.32&charset=utf8mb4",
                Some("postgresql://u:p@h:5432/d?serverVersion=16&charset=utf8"),
            ),
            ("mysql2://u:p%40@h/d?reconnect=true&pool=5", Some("postgresql://u:p%40@h/d?pool=5")),
            ("trilogy://h:3307", Some("postgresql://h:3307")),
            ("postgres://h/d", None),
            ("sqlite:///a.db", None),
            ("nothing", None),
        ] {
            assert_eq!(to_postgres(url, "postgresql").as_deref(), wanted);
        }
    }
}
