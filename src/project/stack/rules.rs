//! The one table of what is read as what. A new framework, driver or process is a line here.
//!
//! A rule says something of a folder if all its signals are there. A rule that names
//! a framework or a component has a signal of a file, so that folders to look at are found by their files.

use crate::application::{ComponentKind, Confidence, Framework, Server};

/// What a rule says of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Application(Framework, Confidence),
    /// With the reason why it is no application.
    Component(ComponentKind, &'static str),
    PackageManager(&'static str),
    Driver(Server, &'static str),
    /// A process by its name, and how it is started.
    Process(&'static str, &'static str),
}

/// One thing that is or is not there. Paths are relative to the folder in question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    /// One of these files.
    File(&'static [&'static str]),
    /// One of these folders has a file.
    Folder(&'static [&'static str]),
    /// One of these files has one of these texts, on a line that is no comment.
    Text(&'static [&'static str], &'static [&'static str]),
    /// A file of the folder itself whose name ends so.
    Ending(&'static str),
    /// As `Ending`, and one of its lines has this text, comment or not.
    Header(&'static str, &'static str),
    /// One of these gems is in Gemfile.lock, or where there is none in Gemfile.
    Gem(&'static [&'static str]),
    /// One of these packages is required by composer.json, or locked where nothing else can be
    /// what locks it; `ext-…` too. What only development needs does not count.
    Composer(&'static [&'static str]),
    /// One of these packages is required for development.
    ComposerDev(&'static [&'static str]),
    /// The `type` in composer.json is one of these.
    ComposerType(&'static [&'static str]),
    /// One of these packages is in package.json.
    Npm(&'static [&'static str]),
    /// The folder is the tree's root, or it lies in a folder whose path ends so.
    Within(&'static [&'static str]),
    /// None of these files is there.
    NoFile(&'static [&'static str]),
}

/// A rule: what it says, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// A word that reports carry and that stays the same.
    pub(super) id: &'static str,
    pub(super) says: Says,
    pub(super) when: &'static [Signal],
}

const fn rule(id: &'static str, says: Says, when: &'static [Signal]) -> Rule {
    Rule { id, says, when }
}

const fn certain(framework: Framework) -> Says {
    Says::Application(framework, Confidence::Certain)
}

const fn likely(framework: Framework) -> Says {
    Says::Application(framework, Confidence::Likely)
}

use ComponentKind::{Library, Module, Plugin, Theme};
use Framework as F;
use Says::{Component, Driver, PackageManager, Process};
use Signal::{
    Composer, ComposerDev, ComposerType, Ending, File, Folder, Gem, Header, NoFile, Npm, Text,
    Within,
};

/// Folders that hold what a web server serves.
pub(super) const DOCUMENT_ROOTS: [&str; 9] =
    ["public", "web", "htdocs", "public_html", "www", "docroot", "webroot", "httpdocs", "html"];

/// Folders of other people's code, which say nothing of the application.
pub(super) const VENDORED: [&str; 8] = [
    "node_modules",
    "vendor",
    "bower_components",
    "third_party",
    "third-party",
    ".bundle",
    "jspm_packages",
    ".yarn",
];

/// Folders of tests, examples and templates: what is in them is not what is deployed.
pub(super) const REHEARSALS: [&str; 20] = [
    "test",
    "tests",
    "Tests",
    "spec",
    "specs",
    "fixtures",
    "Fixtures",
    "testdata",
    "__tests__",
    "__fixtures__",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "stubs",
    "templates",
    "features",
    "benchmark",
];

/// PHP files that configure a tool; they are no way into an application.
pub(super) const TOOL_FILES: [&str; 8] = [
    "rector.php",
    "ecs.php",
    "scoper.inc.php",
    "castor.php",
    "monorepo-builder.php",
    "_ide_helper.php",
    "preload.php",
    "phpstan-bootstrap.php",
];

const RAILS: Signal = Gem(&["rails", "railties"]);
const WORDPRESS: &[&str] = &[
    "johnpbloch/wordpress",
    "johnpbloch/wordpress-core",
    "roots/wordpress",
    "roots/wordpress-no-content",
];

// A table is read line by line.
#[rustfmt::skip]
/// Among rules of one folder the surer says what it is, then the earlier.
pub(super) const RULES: &[Rule] = &[
    // Server applications
    rule("rails-application", certain(F::Rails), &[File(&["config/application.rb"]), File(&["config/environment.rb", "bin/rails", "script/rails"]), RAILS]),
    rule("rails-2-initializer", certain(F::Rails), &[Text(&["config/environment.rb"], &["Rails::Initializer.run"])]),
    rule("rails-0-environment", certain(F::Rails), &[Text(&["config/environment.rb"], &["RAILS_ROOT ="]), File(&["app/controllers/application.rb"])]),
    rule("rails-class", likely(F::Rails), &[Text(&["config/application.rb"], &["Rails::Application"])]),
    rule("rails-rack", likely(F::Rails), &[Text(&["config.ru"], &["Rails.application", "::Application"]), RAILS]),
    rule("bedrock", certain(F::Bedrock), &[File(&["config/application.php"]), File(&["web/wp-config.php"])]),
    rule("wordpress-core", certain(F::Wordpress), &[File(&["wp-includes/version.php"])]),
    rule("wordpress-settings", certain(F::Wordpress), &[File(&["wp-settings.php"]), File(&["wp-config.php", "wp-config-sample.php"])]),
    rule("wordpress-composer", certain(F::Wordpress), &[File(&["composer.json"]), Composer(WORDPRESS)]),
    rule("wordpress-blog-header", likely(F::Wordpress), &[Text(&["index.php"], &["wp-blog-header.php"])]),
    rule("wordpress-config", likely(F::Wordpress), &[Text(&["wp-config.php"], &["wp-settings.php"])]),
    rule("drupal-core", certain(F::Drupal), &[File(&["core/lib/Drupal.php"])]),
    rule("drupal-composer", certain(F::Drupal), &[File(&["composer.json"]), Composer(&["drupal/core", "drupal/core-recommended", "drupal/drupal"]), ComposerType(&["project", "drupal-project", ""])]),
    rule("drupal-7-bootstrap", certain(F::Drupal), &[Text(&["includes/bootstrap.inc"], &["define('VERSION', '7.", "define('VERSION', '8."])]),
    rule("drupal-6-system", certain(F::Drupal), &[Text(&["modules/system/system.module"], &["define('VERSION', '6."])]),
    rule("drupal-settings", likely(F::Drupal), &[File(&["sites/default/settings.php", "sites/default/default.settings.php"])]),
    rule("lumen", certain(F::Lumen), &[File(&["bootstrap/app.php"]), Composer(&["laravel/lumen-framework"])]),
    rule("laravel-artisan", certain(F::Laravel), &[File(&["artisan"]), Composer(&["laravel/framework"])]),
    rule("laravel-3", likely(F::Laravel), &[File(&["artisan"]), File(&["laravel/laravel.php"])]),
    rule("laravel-bootstrap", likely(F::Laravel), &[File(&["bootstrap/app.php"]), File(&["routes/web.php", "routes/api.php", "app/Http/routes.php", "app/Http/Kernel.php"]), Composer(&["laravel/framework"])]),
    rule("symfony-console", certain(F::Symfony), &[File(&["bin/console"]), Composer(&["symfony/framework-bundle", "symfony/symfony"])]),
    rule("symfony-kernel", certain(F::Symfony), &[File(&["app/AppKernel.php"]), File(&["app/console", "bin/console"])]),
    rule("symfony-bundles", likely(F::Symfony), &[File(&["config/bundles.php", "symfony.lock"]), Composer(&["symfony/framework-bundle"]), ComposerType(&["project", ""])]),
    rule("codeigniter-3-core", certain(F::CodeIgniter), &[File(&["system/core/CodeIgniter.php", "system/codeigniter/CodeIgniter.php"]), File(&["application/config/config.php", "system/application/config/config.php"])]),
    rule("codeigniter-3-composer", certain(F::CodeIgniter), &[File(&["application/config/config.php"]), Composer(&["codeigniter/framework"])]),
    rule("codeigniter-4-spark", certain(F::CodeIgniter), &[File(&["spark"]), File(&["app/Config/App.php"])]),
    rule("codeigniter-4-composer", likely(F::CodeIgniter), &[File(&["app/Config/App.php"]), Composer(&["codeigniter4/framework"])]),
    // Sites that are built, and applications of the browser
    rule("jekyll-gem", certain(F::Jekyll), &[File(&["_config.yml", "_config.yaml", "_config.toml"]), Gem(&["jekyll", "github-pages"])]),
    rule("jekyll-folders", likely(F::Jekyll), &[File(&["_config.yml", "_config.yaml", "_config.toml"]), Folder(&["_posts", "_layouts", "_includes", "_pages"])]),
    rule("hugo-config", certain(F::Hugo), &[File(&["hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config/_default/hugo.toml", "config/_default/hugo.yaml"])]),
    rule("hugo-folders", likely(F::Hugo), &[File(&["config.toml", "config.yaml", "config.yml", "config.json", "config/_default/config.toml"]), Folder(&["content"]), Folder(&["archetypes", "layouts", "themes", "static"])]),
    rule("eleventy-config", certain(F::Eleventy), &[File(&[".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts"])]),
    rule("docusaurus-config", certain(F::Docusaurus), &[File(&["docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs", "docusaurus.config.cjs"])]),
    rule("mkdocs-config", certain(F::Mkdocs), &[File(&["mkdocs.yml", "mkdocs.yaml"])]),
    rule("angular-config", certain(F::SinglePage), &[File(&["angular.json"])]),
    rule("vite-page", certain(F::SinglePage), &[File(&["index.html"]), Npm(&["vite"])]),
    rule("page-builder", certain(F::SinglePage), &[File(&["package.json"]), Npm(&["react-scripts", "@vue/cli-service", "gatsby", "astro"])]),
    rule("next-export", certain(F::SinglePage), &[Text(&["next.config.js", "next.config.mjs", "next.config.ts"], &["output: 'export'", "output: \"export\""])]),
    rule("built-page", likely(F::SinglePage), &[Text(&["index.html"], &["<div id=\"root\"></div>", "<div id=root></div>", "<div id=\"app\"></div>", "<div id=app></div>", "<app-root>"])]),
    // What others install
    rule("laravel-package", Component(Library, "a package for Laravel: it is tested with orchestra/testbench and has no artisan"), &[File(&["composer.json"]), ComposerDev(&["orchestra/testbench"]), NoFile(&["artisan"])]),
    rule("composer-library", Component(Library, "a package that others require: the type in composer.json says so"), &[File(&["composer.json"]), ComposerType(&["library", "symfony-bundle", "composer-plugin", "metapackage"])]),
    rule("composer-wordpress-plugin", Component(Plugin, "a WordPress plugin: the type in composer.json says so"), &[File(&["composer.json"]), ComposerType(&["wordpress-plugin", "wordpress-muplugin"])]),
    rule("composer-wordpress-theme", Component(Theme, "a WordPress theme: the type in composer.json says so"), &[File(&["composer.json"]), ComposerType(&["wordpress-theme"])]),
    rule("composer-drupal-module", Component(Module, "a Drupal extension: the type in composer.json says so"), &[File(&["composer.json"]), ComposerType(&["drupal-module", "drupal-custom-module", "drupal-theme", "drupal-custom-theme", "drupal-profile"])]),
    rule("drupal-extension", Component(Module, "a Drupal extension: it has an info file and no core"), &[Within(&["modules/custom", "themes/custom", "profiles/custom"]), Header(".info.yml", "core_version_requirement:")]),
    rule("drupal-7-extension", Component(Module, "a Drupal extension: it has an info file and no core"), &[Within(&["modules/custom", "themes/custom", "all/modules", "all/themes"]), Header(".info", "core = ")]),
    rule("wordpress-theme", Component(Theme, "a WordPress theme: style.css has its header"), &[Within(&["wp-content/themes", "app/themes", "content/themes"]), Header("style.css", "Theme Name:")]),
    rule("wordpress-plugin", Component(Plugin, "a WordPress plugin: a PHP file has its header"), &[Within(&["wp-content/plugins", "wp-content/mu-plugins", "app/plugins", "app/mu-plugins", "content/plugins"]), Header(".php", "Plugin Name:")]),
    rule("jekyll-theme", Component(Theme, "a Jekyll theme that others install as a gem"), &[Ending(".gemspec"), Folder(&["_layouts"])]),
    rule("gem", Component(Library, "a gem that others install: it has a gemspec"), &[Ending(".gemspec")]),
    // Package managers
    rule("bundler", PackageManager("Bundler"), &[File(&["Gemfile.lock", "gems.locked", "Gemfile", "gems.rb"])]),
    rule("composer", PackageManager("Composer"), &[File(&["composer.lock", "composer.json"])]),
    rule("npm", PackageManager("npm"), &[File(&["package-lock.json", "npm-shrinkwrap.json"])]),
    rule("yarn", PackageManager("Yarn"), &[File(&["yarn.lock"])]),
    rule("pnpm", PackageManager("pnpm"), &[File(&["pnpm-lock.yaml"])]),
    rule("bun", PackageManager("Bun"), &[File(&["bun.lock", "bun.lockb"])]),
    rule("package-json", PackageManager("npm"), &[File(&["package.json"]), NoFile(&["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"])]),
    // Drivers of databases
    rule("gem-mysql2", Driver(Server::Mysql, "mysql2"), &[Gem(&["mysql2"])]),
    rule("gem-trilogy", Driver(Server::Mysql, "trilogy"), &[Gem(&["trilogy", "activerecord-trilogy-adapter"])]),
    rule("gem-mysql", Driver(Server::Mysql, "mysql"), &[Gem(&["mysql", "activerecord-jdbcmysql-adapter"])]),
    rule("gem-pg", Driver(Server::Postgresql, "pg"), &[Gem(&["pg", "activerecord-jdbcpostgresql-adapter"])]),
    rule("gem-sqlite3", Driver(Server::Sqlite, "sqlite3"), &[Gem(&["sqlite3", "activerecord-jdbcsqlite3-adapter"])]),
    rule("gem-sqlserver", Driver(Server::Mssql, "tiny_tds"), &[Gem(&["tiny_tds", "activerecord-sqlserver-adapter"])]),
    rule("gem-oracle", Driver(Server::Oracle, "ruby-oci8"), &[Gem(&["ruby-oci8"])]),
    rule("gem-mongoid", Driver(Server::Mongodb, "mongoid"), &[Gem(&["mongoid"])]),
    rule("ext-pdo-mysql", Driver(Server::Mysql, "ext-pdo_mysql"), &[Composer(&["ext-pdo_mysql"])]),
    rule("ext-mysqli", Driver(Server::Mysql, "ext-mysqli"), &[Composer(&["ext-mysqli"])]),
    rule("ext-pdo-pgsql", Driver(Server::Postgresql, "ext-pdo_pgsql"), &[Composer(&["ext-pdo_pgsql"])]),
    rule("ext-pgsql", Driver(Server::Postgresql, "ext-pgsql"), &[Composer(&["ext-pgsql"])]),
    rule("ext-pdo-sqlite", Driver(Server::Sqlite, "ext-pdo_sqlite"), &[Composer(&["ext-pdo_sqlite", "ext-sqlite3"])]),
    rule("composer-mongodb", Driver(Server::Mongodb, "mongodb"), &[Composer(&["mongodb/laravel-mongodb", "jenssegers/mongodb", "doctrine/mongodb-odm-bundle"])]),
    // Processes
    rule("sidekiq", Process("worker", "bundle exec sidekiq"), &[Gem(&["sidekiq"])]),
    rule("solid-queue", Process("worker", "bin/jobs"), &[Gem(&["solid_queue"])]),
    rule("good-job", Process("worker", "bundle exec good_job start"), &[Gem(&["good_job"])]),
    rule("delayed-job", Process("worker", "bin/delayed_job run"), &[Gem(&["delayed_job", "delayed_job_active_record"])]),
    rule("resque", Process("worker", "bundle exec rake resque:work"), &[Gem(&["resque"])]),
    rule("whenever", Process("cron", "whenever --update-crontab"), &[File(&["config/schedule.rb"]), Gem(&["whenever"])]),
    rule("clockwork", Process("clock", "bundle exec clockwork clock.rb"), &[Gem(&["clockwork"])]),
    rule("laravel-horizon", Process("worker", "php artisan horizon"), &[File(&["artisan"]), Composer(&["laravel/horizon"])]),
    rule("laravel-jobs", Process("worker", "php artisan queue:work"), &[File(&["artisan"]), Folder(&["app/Jobs"])]),
    rule("laravel-schedule", Process("cron", "php artisan schedule:run"), &[Text(&["routes/console.php", "app/Console/Kernel.php", "bootstrap/app.php"], &["Schedule::", "$schedule->"])]),
    rule("laravel-reverb", Process("websocket", "php artisan reverb:start"), &[File(&["artisan"]), Composer(&["laravel/reverb"])]),
    rule("symfony-messenger", Process("worker", "php bin/console messenger:consume"), &[Text(&["config/packages/messenger.yaml", "config/packages/messenger.yml"], &["transports:"])]),
    rule("drupal-cron", Process("cron", "drush cron"), &[File(&["core/lib/Drupal.php", "includes/bootstrap.inc", "web/core/lib/Drupal.php", "docroot/core/lib/Drupal.php"])]),
];
