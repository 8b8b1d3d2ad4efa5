//! Views.

use crate::name::postgres_list;
use crate::postgres::schema::View;

/// CREATE VIEW, which `PostgreSQL` compiles at once: what it refuses is not there.
pub(crate) fn create_view(view: &View) -> String {
    let invoker = if view.invoker { " WITH (security_invoker = true)" } else { "" };
    let check = match &view.check_option {
        Some(option) => format!("\nWITH {option} CHECK OPTION"),
        None => String::new(),
    };
    format!(
        "CREATE VIEW {} ({}){invoker} AS\n{}{check}",
        view.name.postgres(),
        postgres_list(&view.columns),
        view.query
    )
}
