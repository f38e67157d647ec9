//! The pure rooms against the files that every language shares: templates, vectors, the schema for editors.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.

mod snapshot;
mod template_files;
mod vectors;
