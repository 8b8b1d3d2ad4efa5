//! `config/secrets.yml`: what deploys keep secret comes from the environment.

use crate::finding::Code;
use crate::project::read::yaml_erb::Yaml;

use super::super::super::draft::{Draft, Moved, Sensitivity};
use super::is_local;
use crate::secret_shape::{has_password, is_secret_name};

pub(super) fn draft(draft: &mut Draft) {
    let yaml = Yaml::new(draft.source);
    if yaml.broken.is_some() {
        return;
    }
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let path = yaml.path(nth);
        let (Some(environment), true) = (path.first(), path.len() > 1) else { continue };
        let Some(scalar) = yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic) else { continue };
        let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        let is_secret = is_secret_name(&name) || has_password(&scalar.value);
        if !is_secret || scalar.value.is_empty() {
            continue;
        }
        draft.secrets.push(pair.span);
        if is_local(environment) {
            let message =
                format!("{name} of {} stays in the code", String::from_utf8_lossy(environment));
            draft.found(Code::SettingLeft, pair.key.span.start, message);
            continue;
        }
        // Names above the last one tell apart what is called the same.
        let names: Vec<_> = path[1..].iter().map(|key| String::from_utf8_lossy(key)).collect();
        let key = names.join("_").to_ascii_uppercase();
        let key = key.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_', "_");
        let is_hexadecimal = scalar.value.iter().all(u8::is_ascii_hexdigit);
        let json = if is_hexadecimal { "" } else { ".to_json" };
        let expression = format!("<%= ENV[\"{key}\"]{json} %>");
        let deploy = (*environment != b"production"
            && *environment != b"shared"
            && *environment != b"default")
            .then(|| String::from_utf8_lossy(environment).into_owned());
        let value = scalar.value.into_owned();
        let moved = Moved { key, expression, sensitivity: Sensitivity::Secret, deploy };
        draft.to_environment(pair.span, &value, moved);
    }
}
