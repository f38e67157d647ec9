//! The pure rooms against the files that every language shares (templates, vectors, the schema for editors) and
//! against properties.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.

mod analysis;
mod analysis_properties;
mod editor_schema;
mod graph_properties;
mod pictures;
mod retry_properties;
mod snapshot;
mod svg;
mod template_files;
mod template_properties;
mod template_rules;
mod terminal;
mod value_properties;
mod vectors;
