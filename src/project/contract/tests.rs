use super::{Language, Need, is_implicit};

/// `KEY need`, one for each read.
fn reads(language: Language, source: &str) -> Vec<String> {
    let need = |need| match need {
        Need::Required => "required",
        Need::Expected => "expected",
        Need::Optional => "optional",
        Need::Default => "default",
    };
    let reads = language.reads(source.as_bytes());
    reads
        .iter()
        .map(|one| format!("{} {}", one.key.as_deref().unwrap_or("?"), need(one.need)))
        .collect()
}

#[test]
fn ruby_has_its_ways_to_read_the_environment() {
    for (source, wanted) in [
        (
            "a = ENV['A']\nb = ENV.fetch('B')\nc = ENV.fetch(\"C\", 5)",
            "A expected, B required, C default",
        ),
        (
            "ENV.fetch('A') { 5 }\nENV.fetch('B', nil)\nENV['C'] ||= 'x'",
            "A default, B optional, C default",
        ),
        (
            "x if ENV['A']\ny = ENV['B'].present?\nz = ENV['C'] || 3\nENV['D'] == '1'",
            "A optional, B optional, C default, D optional",
        ),
        (
            "# ENV['A']\ns = 'ENV[1]'\nurl = \"https://#{ENV['B']}/\"\nENV[\"X_#{n}\"]",
            "B expected, ? expected",
        ),
        ("ENV['A'] = 'x'\nFoo::ENV['B']", ""),
    ] {
        assert_eq!(reads(Language::Ruby, source).join(", "), wanted, "{source}");
    }
}

#[test]
fn each_language_has_its_ways_to_read_the_environment() {
    for (language, source, wanted) in [
        (Language::Php, "<?php $a = getenv('A');", "A expected"),
        (Language::Php, "<?php $a = getenv('A') ?: 'x';", "A default"),
        (Language::Php, "<?php $a = getenv('A') ?: null;", "A optional"),
        (Language::Php, "<?php if (getenv('A')) {}", "A optional"),
        (Language::Php, "<?php if (!getenv('A')) {}", "A optional"),
        (
            Language::Php,
            "<?php f(env('A', 'x'), env('B'), env(\"C\", null));",
            "A default, B expected, C optional",
        ),
        (
            Language::Php,
            "<?php $x = $_ENV['A'] ?? 'y'; $z = $_ENV[$n]; $_ENV['B'] = 1;",
            "A default, ? expected",
        ),
        (Language::Php, "<?php // getenv('A')\n$s = \"getenv('B')\"; $this->env('C');", ""),
        (
            Language::Php,
            "<?php Env::getOrFail('A'); $_SERVER['HTTP_HOST']; $_SERVER['APP_ENV'];",
            "A required, APP_ENV expected",
        ),
        (
            Language::Yaml,
            "a: <%= ENV['A'] %>\n# <%= ENV['B'] %>\nc: <%# ENV['C'] %>\nd: <%= ENV.fetch('D') { 1 } %>",
            "A expected, D default",
        ),
        (
            Language::Yaml,
            "url: '%env(resolve:A)%'\nx: '%env(default:p:B)%'",
            "A required, B default",
        ),
        (
            Language::JavaScript,
            "const a = process.env.A || 'x'; const b = process.env['B']; // process.env.C",
            "A default, B expected",
        ),
        (
            Language::JavaScript,
            "const u = import.meta.env.VITE_API; if (import.meta.env.DEV) {}",
            "VITE_API expected",
        ),
        (
            Language::Compose,
            "image: a:${TAG:-1}\nurl: $A ${B:?no} $$C\n# ${D}\n",
            "TAG default, A expected, B required",
        ),
        (Language::Shell, "web: php -S 0.0.0.0:$PORT", "PORT expected"),
    ] {
        assert_eq!(reads(language, source).join(", "), wanted, "{source}");
    }
}

#[test]
fn what_the_system_sets_is_implicit() {
    assert!(is_implicit("PORT") && is_implicit("GITHUB_SHA") && !is_implicit("DATABASE_URL"));
}
