//! Servers of nginx and the php-fpm behind one.

use crate::template::tests::examples;
use crate::template::{Tls, VhostKind, render};

#[test]
fn nginx_static_with_tls() {
    let mut vhost = examples::vhost(VhostKind::Static);
    vhost.listen = vec!["443".into(), "[::]:443".into()];
    vhost.redirect_from = vec!["80".into(), "[::]:80".into()];
    vhost.tls = Some(Tls {
        certificate: "/etc/ssl/shop/full chain.pem".into(),
        key: "/etc/ssl/shop/key.pem".into(),
    });
    vhost.release_page = Some(examples::release_page());
    vhost.not_found = Some("/404.html".into());
    insta::assert_snapshot!(render(&vhost).unwrap(), @r#"
    # shop: files.
    # Each request as one line of JSON, on its way to wherever logs are read.
    log_format shop_json escape=json
        '{'
        '"time":"$time_iso8601",'
        '"remote_addr":"$remote_addr",'
        '"request_id":"$request_id",'
        '"method":"$request_method",'
        '"host":"$host",'
        '"path":"$uri",'
        '"status":$status,'
        '"bytes":$body_bytes_sent,'
        '"seconds":$request_time,'
        '"upstream":"$upstream_addr",'
        '"upstream_status":"$upstream_status",'
        '"upstream_seconds":"$upstream_response_time",'
        '"referer":"$http_referer",'
        '"agent":"$http_user_agent"'
        '}';

    server {
        listen 80;
        listen [::]:80;
        server_name shop.example.com www.shop.example.com;
        return 301 https://$host$request_uri;
    }

    server {
        listen 443 ssl;
        listen [::]:443 ssl;
        server_name shop.example.com www.shop.example.com;
        ssl_certificate "/etc/ssl/shop/full chain.pem";
        ssl_certificate_key /etc/ssl/shop/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:ssl:10m;
        access_log /var/log/nginx/shop.json shop_json;
        error_log /var/log/nginx/shop.error.log;
        client_max_body_size 20m;
        server_tokens off;

        # Which release is live, for the health check.
        location = /.well-known/release {
            access_log off;
            default_type text/plain;
            add_header Cache-Control no-store;
            alias /srv/shop/current/RELEASE;
        }

        # What begins with a dot was never meant for visitors, but for proofs of ownership.
        location ~ /\.(?!well-known/) {
            deny all;
        }

        root /srv/shop/current/public;
        index index.html;
        error_page 404 /404.html;

        location / {
            # A page is asked for again each time, so that visitors see the release that is live.
            add_header Cache-Control no-cache;
            try_files $uri $uri/ =404;
        }
    }
    "#);
}

#[test]
fn rails() {
    insta::assert_snapshot!(render(&examples::vhost(VhostKind::Rails)).unwrap(), @r#"
    # shop: Rails behind puma.
    # Each request as one line of JSON, on its way to wherever logs are read.
    log_format shop_json escape=json
        '{'
        '"time":"$time_iso8601",'
        '"remote_addr":"$remote_addr",'
        '"request_id":"$request_id",'
        '"method":"$request_method",'
        '"host":"$host",'
        '"path":"$uri",'
        '"status":$status,'
        '"bytes":$body_bytes_sent,'
        '"seconds":$request_time,'
        '"upstream":"$upstream_addr",'
        '"upstream_status":"$upstream_status",'
        '"upstream_seconds":"$upstream_response_time",'
        '"referer":"$http_referer",'
        '"agent":"$http_user_agent"'
        '}';

    upstream shop {
        # One server has no deputy: to set it aside after a failure would only turn visitors away.
        server unix:/run/shop/app.sock fail_timeout=0;
    }

    server {
        listen 127.0.0.1:8080;
        server_name shop.example.com www.shop.example.com;
        access_log /var/log/nginx/shop.json shop_json;
        error_log /var/log/nginx/shop.error.log;
        client_max_body_size 20m;
        server_tokens off;

        # What begins with a dot was never meant for visitors, but for proofs of ownership.
        location ~ /\.(?!well-known/) {
            deny all;
        }

        root /srv/shop/current/public;

        # Names with a digest in them never change what they mean.
        location ^~ /assets/ {
            try_files $uri @app;
            expires max;
            add_header Cache-Control "public, immutable";
        }

        location / {
            try_files $uri @app;
        }

        location @app {
            proxy_pass http://shop;
            proxy_http_version 1.1;
            proxy_redirect off;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Request-Id $request_id;
            proxy_connect_timeout 5s;
            proxy_read_timeout 60s;
        }
    }
    "#);
}

#[test]
fn php() {
    insta::assert_snapshot!(render(&examples::vhost(VhostKind::Php)).unwrap(), @r#"
    # shop: PHP behind php-fpm.
    # Each request as one line of JSON, on its way to wherever logs are read.
    log_format shop_json escape=json
        '{'
        '"time":"$time_iso8601",'
        '"remote_addr":"$remote_addr",'
        '"request_id":"$request_id",'
        '"method":"$request_method",'
        '"host":"$host",'
        '"path":"$uri",'
        '"status":$status,'
        '"bytes":$body_bytes_sent,'
        '"seconds":$request_time,'
        '"upstream":"$upstream_addr",'
        '"upstream_status":"$upstream_status",'
        '"upstream_seconds":"$upstream_response_time",'
        '"referer":"$http_referer",'
        '"agent":"$http_user_agent"'
        '}';

    server {
        listen 127.0.0.1:8080;
        server_name shop.example.com www.shop.example.com;
        access_log /var/log/nginx/shop.json shop_json;
        error_log /var/log/nginx/shop.error.log;
        client_max_body_size 20m;
        server_tokens off;

        # What begins with a dot was never meant for visitors, but for proofs of ownership.
        location ~ /\.(?!well-known/) {
            deny all;
        }

        root /srv/shop/current/public;
        index index.php index.html;

        location / {
            try_files $uri $uri/ /index.php$is_args$args;
        }

        location ~ ^/index\.php(/|$) {
            fastcgi_split_path_info ^(.+?\.php)(/.*)$;
            if (!-f $document_root$fastcgi_script_name) {
                return 404;
            }
            fastcgi_pass unix:/run/shop/app.sock;
            fastcgi_index index.php;
            fastcgi_read_timeout 60s;
            # The real path and not the link: else php-fpm goes on with the code it has seen there before.
            fastcgi_param DOCUMENT_ROOT $realpath_root;
            fastcgi_param SCRIPT_FILENAME $realpath_root$fastcgi_script_name;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param PATH_INFO $fastcgi_path_info;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param REQUEST_SCHEME $scheme;
            fastcgi_param HTTPS $https if_not_empty;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param DOCUMENT_URI $document_uri;
            fastcgi_param GATEWAY_INTERFACE CGI/1.1;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVER_SOFTWARE nginx;
            fastcgi_param SERVER_NAME $host;
            fastcgi_param SERVER_ADDR $server_addr;
            fastcgi_param SERVER_PORT $server_port;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_PORT $remote_port;
            fastcgi_param REDIRECT_STATUS 200;
            fastcgi_param HTTP_X_REQUEST_ID $request_id;
            # A visitor's header Proxy must not become the variable HTTP_PROXY.
            fastcgi_param HTTP_PROXY "";
        }

        # Only the front controller runs. Any other script is as good as absent, and its text is not shown.
        location ~ \.php(/|$) {
            return 404;
        }
    }
    "#);
}

#[test]
fn status() {
    insta::assert_snapshot!(render(&examples::nginx_status()).unwrap(), @r"
    # What collectd reads of nginx; only this machine may ask.
    server {
        listen 127.0.0.1:8081;
        server_name localhost;
        access_log off;

        location = /nginx-status {
            stub_status;
            allow 127.0.0.1;
            allow ::1;
            deny all;
        }

        location / {
            return 404;
        }
    }
    ");
}

#[test]
fn pool() {
    insta::assert_snapshot!(render(&examples::php_pool()).unwrap(), @r"
    ; shop: a php-fpm of its own, so that a reload touches nobody else.
    [global]
    daemonize = no
    error_log = syslog
    ; Without it a reload cuts off the requests that are being answered.
    process_control_timeout = 30s

    [shop]
    listen = /run/shop/app.sock
    listen.mode = 0660
    pm = dynamic
    pm.max_children = 8
    pm.start_servers = 2
    pm.min_spare_servers = 2
    pm.max_spare_servers = 4
    pm.max_requests = 1000
    pm.status_path = /fpm-status
    ping.path = /fpm-ping
    request_terminate_timeout = 30s
    ; The environment of the service is the application's configuration.
    clear_env = no
    catch_workers_output = yes
    decorate_workers_output = no
    php_admin_flag[display_errors] = off
    php_admin_flag[log_errors] = on
    ; A release never changes once it is live, so its files are looked at once.
    php_admin_value[opcache.validate_timestamps] = 0
    php_admin_value[realpath_cache_ttl] = 600
    php_admin_value[memory_limit] = 256M
    php_admin_value[date.timezone] = Europe/Berlin
    ");
}
