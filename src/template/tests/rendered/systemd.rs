//! Units, and the Procfile.

use crate::template::tests::examples;
use crate::template::{UnitKind, render};

#[test]
fn puma() {
    insta::assert_snapshot!(render(&examples::unit(UnitKind::Puma)).unwrap(), @r#"
    [Unit]
    Description=shop, 100%% of it
    After=network.target
    Requires=shop-puma.socket
    After=shop-puma.socket
    # Nobody is awake to start it again: it is tried for ever.
    StartLimitIntervalSec=0

    [Service]
    # puma from 5.1 tells when it answers, and goes on telling.
    Type=notify
    NotifyAccess=all
    WatchdogSec=30
    NoNewPrivileges=true
    PrivateTmp=true
    User=shop
    Group=shop
    ProtectSystem=full
    # The link and not where it leads to: what is started next is the release that is then live.
    WorkingDirectory=/srv/shop/current
    EnvironmentFile=/srv/shop/shared/.env
    Environment=RAILS_ENV=production
    Environment="MOTTO=5%% \"off\" $today"
    SyslogIdentifier=shop
    ExecStart=/usr/bin/bundle exec puma -C config/puma.rb
    # A restart of its own that keeps the sockets open; a phased one could not change gems.
    ExecReload=/bin/kill -USR2 $MAINPID
    KillMode=mixed
    TimeoutStopSec=30
    Restart=always
    RestartSec=1

    [Install]
    WantedBy=multi-user.target
    "#);
}

#[test]
fn php_fpm() {
    insta::assert_snapshot!(render(&examples::unit(UnitKind::PhpFpm)).unwrap(), @r#"
    [Unit]
    Description=shop, 100%% of it
    After=network.target
    StartLimitIntervalSec=0

    [Service]
    Type=notify
    NoNewPrivileges=true
    PrivateTmp=true
    User=shop
    Group=shop
    ProtectSystem=full
    # The link and not where it leads to: what is started next is the release that is then live.
    WorkingDirectory=/srv/shop/current
    EnvironmentFile=/srv/shop/shared/.env
    Environment=RAILS_ENV=production
    Environment="MOTTO=5%% \"off\" $today"
    SyslogIdentifier=shop
    RuntimeDirectory=shop
    RuntimeDirectoryMode=0755
    ExecStart=/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config /etc/shop/pool.conf
    # Reloads code and configuration; requests that are being answered are finished first.
    ExecReload=/bin/kill -USR2 $MAINPID
    KillMode=mixed
    TimeoutStopSec=30
    Restart=always
    RestartSec=1

    [Install]
    WantedBy=multi-user.target
    "#);
}

#[test]
fn worker() {
    insta::assert_snapshot!(render(&examples::unit(UnitKind::Worker)).unwrap(), @r#"
    [Unit]
    Description=shop, 100%% of it
    After=network.target
    StartLimitIntervalSec=0

    [Service]
    Type=exec
    NoNewPrivileges=true
    PrivateTmp=true
    User=shop
    Group=shop
    ProtectSystem=full
    # The link and not where it leads to: what is started next is the release that is then live.
    WorkingDirectory=/srv/shop/current
    EnvironmentFile=/srv/shop/shared/.env
    Environment=RAILS_ENV=production
    Environment="MOTTO=5%% \"off\" $today"
    SyslogIdentifier=shop
    ExecStart=/usr/bin/bundle exec sidekiq
    # It is asked to finish what it has in hand, and has this long.
    KillMode=mixed
    TimeoutStopSec=30
    Restart=always
    RestartSec=1

    [Install]
    WantedBy=multi-user.target
    "#);
}

#[test]
fn job() {
    insta::assert_snapshot!(render(&examples::unit(UnitKind::Job)).unwrap(), @r#"
    [Unit]
    Description=shop, 100%% of it
    After=network.target

    [Service]
    # The timer never starts a second one while this one runs.
    Type=oneshot
    NoNewPrivileges=true
    PrivateTmp=true
    User=shop
    Group=shop
    ProtectSystem=full
    # The link and not where it leads to: what is started next is the release that is then live.
    WorkingDirectory=/srv/shop/current
    EnvironmentFile=/srv/shop/shared/.env
    Environment=RAILS_ENV=production
    Environment="MOTTO=5%% \"off\" $today"
    SyslogIdentifier=shop
    ExecStart=/bin/sh -c "bin/report --share 5%% \"$$HOME/out\""
    TimeoutStopSec=30
    "#);
}

#[test]
fn socket() {
    insta::assert_snapshot!(render(&examples::socket()).unwrap(), @r"
    [Unit]
    Description=shop's socket

    [Socket]
    # The kernel keeps the queue while puma is away, so a restart turns nobody away.
    ListenStream=/run/shop/app.sock
    Backlog=1024
    SocketUser=shop
    SocketGroup=www-data
    SocketMode=0660

    [Install]
    WantedBy=sockets.target
    ");
}

#[test]
fn timer() {
    insta::assert_snapshot!(render(&examples::timer()).unwrap(), @r"
    [Unit]
    Description=shop's nightly report

    [Timer]
    OnCalendar=*-*-* 03:00:00
    # What was missed while the machine was off is made up for.
    Persistent=true
    RandomizedDelaySec=300
    Unit=shop-report.service

    [Install]
    WantedBy=timers.target
    ");
}

#[test]
fn procfile() {
    insta::assert_snapshot!(render(&examples::procfile()).unwrap(), @r"
    web: bundle exec puma -p ${PORT:-3000}
    worker: bundle exec sidekiq
    release: bundle exec rails db:migrate
    ");
}
