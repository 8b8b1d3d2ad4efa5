use super::{Choice, Course, Wish, choose, needs, pruned_after, steps};
use crate::host::Host;
use crate::release::files::Delta;
use crate::release::health::Check;
use crate::release::ledger::Id;
use crate::release::settings::Settings;
use crate::release::settings::tests::settings;
use crate::release::site::{Seen, Site};

const FILE: &str = "path = '/srv/shop'\nbuild = ['make']\nreload = 'systemctl reload php8.2-fpm'\n\
    keep = 2\ncommand.run = 'php artisan migrate --force'\ncommand.lock.env = 'DATABASE_URL'\n\
    shared.directories = ['storage']\n[env.values]\nA = 'b'\n[[files]]\nto = 'config/nginx.conf'\n\
    template = 'nginx/php.conf'\nvalidate = 'nginx -t -c $FILE'\n[health]\nurl = 'http://127.0.0.1/up'\n";

/// A host with lines such as `1-a good`, of which the digest is that of the number.
fn site(name: &str, current: &str, story: &str) -> Site {
    let mut text = format!("current releases/{current}\n");
    for line in story.split(", ").filter(|line| !line.is_empty()) {
        let (id, state) = line.split_once(' ').unwrap();
        text.push_str(&format!("folder {id}\nledger {{\"at\":\"t\",\"release\":\"{id}\","));
        text.push_str(&format!("\"state\":\"{state}\",\"digest\":\"{}\"}}\n", &id[..1]));
    }
    Site { host: Host::parse(name, None).unwrap(), seen: Seen::parse(&text) }
}

fn wish<'a>(settings: &'a Settings, digest: &'a str, check: Option<&'a Check>) -> Wish<'a> {
    Wish { settings, commit: "3f2a9c1bdead", digest, files: 7, check, anew: false }
}

fn plan(digest: &str, sites: &[Site]) -> String {
    let settings = settings(FILE);
    let check = Check::of(settings.health.as_ref().unwrap()).unwrap();
    let wish = wish(&settings, digest, Some(&check));
    let choice = choose(&wish, sites);
    let delta = Delta { from: Some("1-a".to_owned()), sent: 2, sent_bytes: 99, ..Delta::default() };
    let deltas: Vec<Option<Delta>> = sites
        .iter()
        .map(|site| needs(&site.seen, &choice.id).upload.then(|| delta.clone()))
        .collect();
    let steps = steps(&wish, &choice, sites, &deltas);
    let lines = steps.iter().map(|step| {
        let host = step.host.as_deref().unwrap_or("here");
        let why = step.why.as_ref().map_or(String::new(), |why| format!(" [{why}]"));
        format!("{} {host}: {}{why}\n", step.step, step.what)
    });
    lines.collect()
}

#[test]
fn a_new_release_takes_all_steps() {
    let plan = plan("9", &[site("web1", "2-b", "1-a good, 2-b good, 3-c failed")]);
    insta::assert_snapshot!(plan, @r"
    contract here: what the code reads is in .env
    lock web1: /srv/shop/.nirvana/lock
    upload web1: commit 3f2a9c1bdead as 4-3f2a9c1b, 7 files: 2 sent (99 bytes), 0 linked from 1-a
    share web1: storage
    render web1: .env, config/nginx.conf
    build web1: make
    validate web1: config/nginx.conf: nginx -t -c $FILE
    command web1: php artisan migrate --force (under the database's advisory lock)
    switch web1: current → releases/4-3f2a9c1b instead of releases/2-b, then systemctl reload php8.2-fpm
    health web1: 127.0.0.1:80 answers with 4-3f2a9c1b
    confirm web1: 4-3f2a9c1b is good
    prune web1: 1-a, 3-c
    ");
}

#[test]
fn what_a_killed_run_has_done_is_not_done_again() {
    let begun = "1-a good, 2-b begun, 2-b uploaded, 2-b built, 2-b commanded";
    let plan = plan("2", &[site("web1", "1-a", begun), site("web2", "1-a", "1-a good, 2-b begun")]);
    insta::assert_snapshot!(plan, @r"
    contract here: what the code reads is in .env
    lock web1: /srv/shop/.nirvana/lock
    lock web2: /srv/shop/.nirvana/lock
    upload web1: commit 3f2a9c1bdead as 2-b, 7 files [its files are there already]
    upload web2: commit 3f2a9c1bdead as 2-b, 7 files: 2 sent (99 bytes), 0 linked from 1-a
    share web1: storage
    share web2: storage
    render web1: .env, config/nginx.conf
    render web2: .env, config/nginx.conf
    build web1: make [it is built already]
    build web2: make
    validate web1: config/nginx.conf: nginx -t -c $FILE
    validate web2: config/nginx.conf: nginx -t -c $FILE
    command web1: php artisan migrate --force (under the database's advisory lock) [it ran already]
    switch web1: current → releases/2-b instead of releases/1-a, then systemctl reload php8.2-fpm
    switch web2: current → releases/2-b instead of releases/1-a, then systemctl reload php8.2-fpm
    health web1: 127.0.0.1:80 answers with 2-b
    health web2: 127.0.0.1:80 answers with 2-b
    confirm web1: 2-b is good
    confirm web2: 2-b is good
    prune web1: keep 2 [nothing to remove]
    prune web2: keep 2 [nothing to remove]
    ");
}

#[test]
fn which_release_it_is_to_be() {
    let file = settings(FILE);
    let chosen = |digest: &str, sites: &[Site]| {
        let Choice { id, course } = choose(&wish(&file, digest, None), sites);
        (id.to_string(), course)
    };
    let good = || site("web1", "2-b", "1-a good, 2-b good");
    let new = |id: &str| (id.to_owned(), Course::New);
    assert_eq!(chosen("9", &[site("web1", "", "")]), new("1-3f2a9c1b"));
    assert_eq!(chosen("2", &[good()]), ("2-b".to_owned(), Course::Settled));
    // Confirmed on one host only when nirvana was killed.
    let half = site("web2", "1-a", "1-a good, 2-b commanded");
    assert_eq!(chosen("2", &[good(), half]), ("2-b".to_owned(), Course::GoOn));
    // A host that was added later.
    assert_eq!(chosen("2", &[good(), site("web2", "", "")]), ("2-b".to_owned(), Course::GoOn));
    // What was not well on one host is not gone on with on the other.
    let left = site("web1", "1-a", "1-a good, 2-b rolled-back");
    let open = site("web2", "1-a", "1-a good, 2-b commanded");
    assert_eq!(chosen("2", &[left, open]), new("3-3f2a9c1b"));
    // Numbers never repeat, whichever host has the highest.
    let far = site("web2", "1-a", "1-a good, 7-c pruned");
    assert_eq!(chosen("9", &[good(), far]), new("8-3f2a9c1b"));
    let mut anew = wish(&file, "2", None);
    anew.anew = true;
    assert_eq!(choose(&anew, &[good()]).course, Course::New);
}

#[test]
fn the_new_release_counts_among_those_that_are_kept() {
    let seen = site("web1", "3-c", "1-a good, 2-b good, 3-c good").seen;
    let pruned = |keep| {
        let ids = pruned_after(&seen, &Id::new(4, "d"), keep);
        ids.iter().map(Id::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((pruned(4), pruned(3)), (String::new(), "1-a".to_owned()));
}
