//! The forms that settings have: one file per framework, each reading its own.

mod codeigniter;
mod drupal;
mod laravel;
pub(super) mod php;
mod plain;
mod rails;
mod symfony;
mod url;
mod wordpress;

use crate::application::Framework;

use super::plan::Site;

pub(super) fn draft(site: &mut Site) {
    match site.application.framework {
        Framework::Rails => rails::draft(site),
        Framework::Laravel | Framework::Lumen => laravel::draft(site),
        Framework::Symfony => symfony::draft(site),
        Framework::Drupal => drupal::draft(site),
        Framework::Wordpress | Framework::Bedrock => wordpress::draft(site),
        Framework::CodeIgniter => codeigniter::draft(site),
        Framework::Php => plain::draft(site),
        _ => {}
    }
}

/// The address of a `MySQL` server as one of PostgreSQL's, as files of variables have it.
pub(super) fn url_to_postgres(url: &str) -> Option<String> {
    url::to_postgres(url, "postgresql")
}
