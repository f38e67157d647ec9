//! The full log of one run.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A text file with one paragraph for everything that happened, each with the seconds since the beginning.
pub(super) struct Journal {
    file: Mutex<File>,
    begun: Instant,
}

impl Journal {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            file: Mutex::new(file),
            begun: Instant::now(),
        })
    }

    /// Writes a paragraph. A log that cannot be written must not change the outcome of a run.
    pub(super) fn say(&self, text: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{:9.3} {text}", self.begun.elapsed().as_secs_f64()).ok();
    }
}
