//! Telling somebody how far it is.

/// Somebody who watches. Called from the thread that measures: be quick.
pub trait Progress: Send + Sync {
    /// Something else begins.
    fn phase(&self, text: &str);
    /// So many of so many steps (or tasks, where only those are made) are done.
    fn done(&self, done: u64, of: u64);
    /// Something to know about the figures.
    fn note(&self, text: &str);
}

/// Nobody watches.
pub(crate) struct Silent;

impl Progress for Silent {
    fn phase(&self, _: &str) {}
    fn done(&self, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
}
