//! Logs and figures on their way.

use crate::template::render;
use crate::template::tests::examples;

#[test]
fn elasticsearch() {
    insta::assert_snapshot!(render(&examples::elasticsearch()).unwrap(), @r#"
    # shop: logs to Elasticsearch, by vector. The password is in vector's environment.
    data_dir: "/var/lib/vector"

    sources:
      access:
        type: file
        include: ["/var/log/nginx/shop.json"]
      journal:
        type: journald
        include_units: ["shop-puma.service", "shop-worker.service"]

    transforms:
      requests:
        type: remap
        inputs: [access]
        source: |
          request, error = parse_json(.message)
          if error == null && is_object(request) {
            . = merge(., object!(request))
            del(.message)
          }
          .kind = "request"
      lines:
        type: remap
        inputs: [journal]
        source: |
          .kind = "line"
      named:
        type: remap
        inputs: [requests, lines]
        source: |
          .service = "shop"
          .environment = "production"

    sinks:
      elasticsearch:
        type: elasticsearch
        inputs: [named]
        endpoints: ["https://logs.example.com:9200"]
        mode: data_stream
        data_stream:
          type: logs
          dataset: "shop"
          namespace: "production"
        compression: gzip
        auth:
          strategy: basic
          user: "${ELASTICSEARCH_USER}"
          password: "${ELASTICSEARCH_PASSWORD}"
        # What cannot be sent waits on disk, across restarts; when that is full, reading stops and nothing is lost.
        buffer:
          type: disk
          max_size: 536870976
          when_full: block
    "#);
}

#[test]
fn otlp() {
    insta::assert_snapshot!(render(&examples::otlp()).unwrap(), @r#"
    # shop: logs to anything that takes OTLP over HTTP, by vector. A token is in vector's environment.
    data_dir: "/var/lib/vector"

    sources:
      access:
        type: file
        include: ["/var/log/nginx/shop.json"]
      journal:
        type: journald
        include_units: ["shop-puma.service", "shop-worker.service"]

    transforms:
      requests:
        type: remap
        inputs: [access]
        source: |
          request, error = parse_json(.message)
          if error == null && is_object(request) {
            . = merge(., object!(request))
            del(.message)
          }
          .kind = "request"
      lines:
        type: remap
        inputs: [journal]
        source: |
          .kind = "line"
      named:
        type: remap
        inputs: [requests, lines]
        source: |
          .service = "shop"
          .environment = "production"
      records:
        type: remap
        inputs: [named]
        source: |
          time = to_unix_timestamp(timestamp(.timestamp) ?? now(), unit: "nanoseconds")
          body = if .kind == "line" { to_string(.message) ?? "" } else { encode_json(.) }
          . = {
            "resourceLogs": [{
              "resource": {
                "attributes": [
                  { "key": "service.name", "value": { "stringValue": .service } },
                  { "key": "deployment.environment.name", "value": { "stringValue": .environment } },
                  { "key": "host.name", "value": { "stringValue": to_string(.host) ?? "" } }
                ]
              },
              "scopeLogs": [{
                "logRecords": [{
                  "timeUnixNano": to_string(time),
                  "body": { "stringValue": body }
                }]
              }]
            }]
          }

    sinks:
      otlp:
        type: http
        inputs: [records]
        uri: "https://otlp.example.com:4318/v1/logs"
        method: post
        encoding:
          codec: json
        framing:
          method: newline_delimited
        # A body of OTLP is one object.
        batch:
          max_events: 1
        request:
          headers:
            content-type: application/json
            authorization: "Bearer ${OTLP_TOKEN}"
        buffer:
          type: disk
          max_size: 536870976
          when_full: block
    "#);
}

#[test]
fn collectd() {
    insta::assert_snapshot!(render(&examples::collectd()).unwrap(), @r#"
    # shop: what its processes and nginx do, for Prometheus to fetch.
    Interval 10

    LoadPlugin cpu
    LoadPlugin df
    LoadPlugin memory
    LoadPlugin nginx
    LoadPlugin processes
    LoadPlugin write_prometheus

    <Plugin nginx>
        URL "http://127.0.0.1:8081/nginx-status"
    </Plugin>

    <Plugin processes>
        ProcessMatch "puma" "puma .*\\[shop\\]"
    </Plugin>

    <Plugin write_prometheus>
        Host "127.0.0.1"
        Port "9103"
    </Plugin>
    "#);
}

#[test]
fn prometheus() {
    insta::assert_snapshot!(render(&examples::prometheus()).unwrap(), @r#"
    # shop: collectd of each host.
    global:
      scrape_interval: 15s

    rule_files:
      - "rules.yaml"

    scrape_configs:
      - job_name: "shop"
        static_configs:
          - targets: ["web1.example.com:9103", "web2.example.com:9103"]
            labels:
              service: "shop"
              environment: "production"
    "#);
}

#[test]
fn rules() {
    insta::assert_snapshot!(render(&examples::rules()).unwrap(), @r#"
    # shop: when somebody is to be called.
    groups:
      - name: "shop"
        rules:
          - alert: HostSilent
            expr: "up{job=\"shop\"} == 0"
            for: 2m
            labels:
              severity: critical
            annotations:
              summary: "{{ $labels.instance }} has told nothing for two minutes"
          - alert: ProcessGone
            expr: "collectd_processes_ps_count_processes{job=\"shop\",processes=\"puma\"} == 0"
            for: 1m
            labels:
              severity: critical
            annotations:
              summary: "\"puma\" does not run"
          - alert: DiskNearlyFull
            expr: "collectd_df_df_complex{job=\"shop\",type=\"free\"} / ignoring(type) group_left sum without(type) (collectd_df_df_complex{job=\"shop\"}) < 0.1"
            for: 10m
            labels:
              severity: warning
            annotations:
              summary: "{{ $labels.instance }}: less than a tenth is left of a disk"
    "#);
}
