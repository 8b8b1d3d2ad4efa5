//! Images, compose and Kubernetes.

use crate::template::tests::examples;
use crate::template::{ImageKind, render};

#[test]
fn rails_image() {
    insta::assert_snapshot!(render(&examples::image(ImageKind::Rails)).unwrap(), @r#"
    # shop: Rails. The image is the release; configuration comes from the environment when it starts.
    FROM ruby:3.3-slim AS base
    WORKDIR /app
    ENV RAILS_ENV=production \
        RAILS_LOG_TO_STDOUT=1 \
        BUNDLE_DEPLOYMENT=1 \
        BUNDLE_PATH=/usr/local/bundle \
        BUNDLE_WITHOUT=development:test
    RUN apt-get update \
        && apt-get install --yes --no-install-recommends libpq5 \
        && rm -rf /var/lib/apt/lists/*

    FROM base AS build
    RUN apt-get update \
        && apt-get install --yes --no-install-recommends build-essential git pkg-config libpq-dev \
        && rm -rf /var/lib/apt/lists/*
    COPY Gemfile Gemfile.lock ./
    RUN bundle install && rm -rf /usr/local/bundle/cache
    COPY . .
    # Assets need no secret, only Rails does.
    RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile

    FROM base
    RUN useradd --uid 1000 --create-home app
    COPY --from=build /usr/local/bundle /usr/local/bundle
    COPY --from=build --chown=1000:1000 /app /app
    USER 1000:1000
    ENV MOTTO="5% \"off\" \$today \\o/"
    ENV PORT=8080
    EXPOSE 8080
    CMD ["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:8080"]
    "#);
}

#[test]
fn php_image() {
    insta::assert_snapshot!(render(&examples::image(ImageKind::Php)).unwrap(), @r#"
    # shop: PHP. The image is the release; configuration comes from the environment when it starts.
    FROM composer:2 AS build
    WORKDIR /app
    COPY composer.json composer.lock ./
    RUN composer install --no-dev --no-interaction --no-scripts --no-autoloader --ignore-platform-reqs
    COPY . .
    RUN composer dump-autoload --no-dev --optimize

    FROM php:8.3-apache
    RUN apt-get update \
        && apt-get install --yes --no-install-recommends libpq5 \
        && rm -rf /var/lib/apt/lists/*
    RUN docker-php-ext-install pdo_pgsql
    ENV MOTTO="5% \"off\" \$today \\o/"
    ENV PORT=8080 \
        APACHE_DOCUMENT_ROOT="/app/public"
    # Apache reads both from the environment when it starts. A release never changes: its files are looked at once.
    RUN a2enmod rewrite \
        && sed -ri 's!Listen 80$!Listen ${PORT}!' /etc/apache2/ports.conf \
        && sed -ri 's!:80>!:${PORT}>!; s!/var/www/html!${APACHE_DOCUMENT_ROOT}!g' /etc/apache2/sites-available/*.conf \
        && sed -ri 's!/var/www/!/app/!g' /etc/apache2/apache2.conf /etc/apache2/conf-available/*.conf \
        && mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini" \
        && printf 'opcache.validate_timestamps=0\nlog_errors=On\nerror_log=/dev/stderr\n' > "$PHP_INI_DIR/conf.d/release.ini"
    WORKDIR /app
    COPY --from=build --chown=33:33 /app /app
    USER 33:33
    EXPOSE 8080
    "#);
}

#[test]
fn static_image() {
    insta::assert_snapshot!(render(&examples::image(ImageKind::Static)).unwrap(), @r#"
    # shop: files.
    FROM node:22-slim AS build
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    RUN ["npm", "run", "build"]

    FROM nginxinc/nginx-unprivileged:stable
    COPY --from=build /app/dist /usr/share/nginx/html
    EXPOSE 8080
    "#);
}

#[test]
fn compose() {
    insta::assert_snapshot!(render(&examples::compose()).unwrap(), @r#"
    # shop: what runs on one machine. Secrets are in the env files, which are no part of the repository.
    name: "shop"

    x-application: &application
      image: "registry.example.com/shop:4f2a"
      env_file:
        - ".env.production"
      environment:
        "MOTTO": "5% \"off\" $$today"
        "DEBUG": "no"
      init: true
      restart: unless-stopped
      security_opt:
        - no-new-privileges:true
      logging:
        driver: local

    services:
      web:
        <<: *application
        command: ["bundle", "exec", "puma"]
        ports:
          - "127.0.0.1:8080:3000"
        healthcheck:
          test: ["CMD", "curl", "--fail", "http://127.0.0.1:3000/up"]
          interval: 10s
          timeout: 5s
          start_period: 30s
        stop_grace_period: "30s"
      "worker":
        <<: *application
        command: ["bundle", "exec", "sidekiq"]
        stop_grace_period: "30s"
      # Migrations, once for each release: docker compose run --rm release
      release:
        <<: *application
        command: ["bundle", "exec", "rails", "db:migrate"]
        restart: "no"
        profiles:
          - release
    "#);
}

#[test]
fn deployment() {
    insta::assert_snapshot!(render(&examples::rollout()).unwrap(), @r#"
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: "shop-web"
      namespace: "production"
      labels:
        app.kubernetes.io/name: "shop"
        app.kubernetes.io/component: "web"
        app.kubernetes.io/version: "20261128-4f2a"
    spec:
      replicas: 3
      revisionHistoryLimit: 10
      # After this long it has failed; kubectl rollout status then says so.
      progressDeadlineSeconds: 600
      strategy:
        type: RollingUpdate
        rollingUpdate:
          # A pod goes only when its successor answers.
          maxUnavailable: 0
          maxSurge: 1
      selector:
        matchLabels:
          app.kubernetes.io/name: "shop"
          app.kubernetes.io/component: "web"
      template:
        metadata:
          labels:
            app.kubernetes.io/name: "shop"
            app.kubernetes.io/component: "web"
            app.kubernetes.io/version: "20261128-4f2a"
        spec:
          automountServiceAccountToken: false
          terminationGracePeriodSeconds: 30
          securityContext:
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: "web"
              image: "registry.example.com/shop:4f2a"
              command: ["bundle", "exec", "puma", "-e", "$$(HOME)"]
              env:
                - name: RELEASE
                  value: "20261128-4f2a"
                - name: "MOTTO"
                  value: "costs $$(PRICE)"
                - name: "DEBUG"
                  value: "no"
              envFrom:
                - secretRef:
                    name: "shop-env"
              resources:
                requests:
                  cpu: "250m"
                  memory: "512Mi"
                limits:
                  memory: "512Mi"
              securityContext:
                allowPrivilegeEscalation: false
                runAsNonRoot: true
                capabilities:
                  drop:
                    - ALL
              ports:
                - name: http
                  containerPort: 3000
              startupProbe:
                httpGet:
                  path: "/up"
                  port: http
                periodSeconds: 2
                failureThreshold: 60
              readinessProbe:
                httpGet:
                  path: "/up"
                  port: http
                periodSeconds: 5
                timeoutSeconds: 3
              lifecycle:
                preStop:
                  # Requests still arrive until every node has heard that the pod goes.
                  exec:
                    command: ["sleep", "5"]
    "#);
}

#[test]
fn migration() {
    insta::assert_snapshot!(render(&examples::kubernetes_job()).unwrap(), @r#"
    # Once for each release, before the deployment: migrations.
    apiVersion: batch/v1
    kind: Job
    metadata:
      name: "shop-migrate-20261128-4f2a"
      namespace: "production"
      labels:
        app.kubernetes.io/name: "shop"
        app.kubernetes.io/component: "migrate"
        app.kubernetes.io/version: "20261128-4f2a"
    spec:
      # What failed half-way is looked at by a person and not tried again.
      backoffLimit: 0
      activeDeadlineSeconds: 600
      ttlSecondsAfterFinished: 86400
      template:
        metadata:
          labels:
            app.kubernetes.io/name: "shop"
            app.kubernetes.io/component: "migrate"
            app.kubernetes.io/version: "20261128-4f2a"
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: "migrate"
              image: "registry.example.com/shop:4f2a"
              command: ["bundle", "exec", "puma", "-e", "$$(HOME)"]
              env:
                - name: RELEASE
                  value: "20261128-4f2a"
                - name: "MOTTO"
                  value: "costs $$(PRICE)"
                - name: "DEBUG"
                  value: "no"
              envFrom:
                - secretRef:
                    name: "shop-env"
              resources:
                requests:
                  cpu: "250m"
                  memory: "512Mi"
                limits:
                  memory: "512Mi"
              securityContext:
                allowPrivilegeEscalation: false
                runAsNonRoot: true
                capabilities:
                  drop:
                    - ALL
    "#);
}

#[test]
fn service() {
    insta::assert_snapshot!(render(&examples::service()).unwrap(), @r#"
    apiVersion: v1
    kind: Service
    metadata:
      name: "shop"
      namespace: "production"
      labels:
        app.kubernetes.io/name: "shop"
    spec:
      selector:
        app.kubernetes.io/name: "shop"
        app.kubernetes.io/component: "web"
      ports:
        - name: http
          port: 80
          targetPort: http
    "#);
}
