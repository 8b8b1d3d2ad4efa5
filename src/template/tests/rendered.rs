//! Each template as it comes out.

#![expect(clippy::too_many_lines, reason = "a file is as long as it is")]

mod containers;
mod nginx;
mod systemd;
mod telemetry;
