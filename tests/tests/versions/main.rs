//! Schema and code one release apart, both ways: what each release left behind (`tests/versions/`) against the schema of
//! today, the code of today against what comes before and after it, and workers that run through a migration.

// In a test a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod old_code;
mod refusals;
mod rolling;
mod support;
mod upgrade;
