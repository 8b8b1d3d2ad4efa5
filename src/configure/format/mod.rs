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

pub(super) use plain::calls_left;

/// The address of a `MySQL` server as one of PostgreSQL's, as files of variables have it.
pub(super) fn url_to_postgres(url: &str) -> Option<String> {
    url::to_postgres(url, "postgresql")
}

/// A form as a function of one file.
#[cfg(any(test, fuzzing))]
pub(super) type Form = fn(&mut super::draft::Draft, super::plan::Goal);

/// Every form that reads a kind of file, by the end of the file's name.
#[cfg(any(test, fuzzing))]
pub(super) fn forms(name: &str) -> Vec<(super::draft::Language, Form)> {
    use super::draft::Language::{Php, Ruby, Yaml};
    let ending = name.rsplit('.').next();
    let mut forms: Vec<(super::draft::Language, Form)> = Vec::new();
    if ending == Some("php") {
        let all: [Form; 5] =
            [codeigniter::form, drupal::settings, laravel::form, plain::file, wordpress::form];
        forms.extend(all.map(|form| (Php, form)));
    } else if ending == Some("rb") {
        forms.extend(
            [rails::ruby_form as Form, super::switch::gemfile_form].map(|form| (Ruby, form)),
        );
    } else {
        let all: [Form; 4] = [
            rails::yaml_form,
            rails::secrets_form,
            symfony::yaml_form,
            super::switch::services_form,
        ];
        forms.extend(all.map(|form| (Yaml, form)));
    }
    forms
}

#[cfg(test)]
mod tests;
