//! The forms that settings have: one file per framework, each reading its own.

mod codeigniter;
mod drupal;
mod laravel;
pub(super) mod php;
mod plain;
mod rails;
mod symfony;
mod wordpress;

use crate::application::Framework;

use super::site::Site;

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

/// Every form of settings that reads a kind of file, by the end of the file's name.
#[cfg(any(test, fuzzing))]
pub(super) fn forms(name: &str) -> Vec<(super::language::Language, super::draft::Form)> {
    use super::draft::Form;
    use super::language::Language::{Php, Ruby, Yaml};
    let ending = name.rsplit('.').next();
    let mut forms = Vec::new();
    if ending == Some("php") {
        let all: [Form; 5] =
            [codeigniter::form, drupal::settings, laravel::form, plain::file, wordpress::form];
        forms.extend(all.map(|form| (Php, form)));
    } else if ending == Some("rb") {
        forms.push((Ruby, rails::ruby_form));
    } else {
        let all: [Form; 3] = [rails::yaml_form, rails::secrets_form, symfony::yaml_form];
        forms.extend(all.map(|form| (Yaml, form)));
    }
    forms
}

#[cfg(test)]
mod tests;
