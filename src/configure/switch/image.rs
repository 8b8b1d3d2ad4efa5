//! Images of containers.

/// The image of PostgreSQL that takes the place of one of MySQL's.
pub(super) const IMAGE: &str = "postgres:16";

/// The image for PostgreSQL; none if it is no image of MySQL's.
pub(super) fn image(old: &str) -> Option<String> {
    let name = old.split([':', '@', '$']).next()?;
    let last = name.rsplit('/').next()?;
    let is_mysql =
        matches!(last, "mysql" | "mariadb" | "percona" | "mysql-server" | "percona-server");
    is_mysql.then(|| match name.split_once('/') {
        Some(("bitnami", _)) => "bitnami/postgresql:16".to_owned(),
        Some(("cimg" | "circleci", _)) => "cimg/postgres:16.0".to_owned(),
        _ => IMAGE.to_owned(),
    })
}
