//! Batches of tasks, in files of one form or another.
//!
//! A process never appends to a file that another one made: after a crash the last line may be torn, and its task was not
//! deleted. So nothing is lost; what was synced when the deletion did not come about is archived again.

use super::lines::Lines;
#[cfg(feature = "parquet")]
use super::tables::Tables;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ArchiveFormat, TaskId};
use chrono::{NaiveDate, Utc};
use std::path::{Path, PathBuf};

/// A directory that tasks are archived to: JSON lines in one file a process and day, or Parquet in one file a batch.
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    format: ArchiveFormat,
    name: String,
    open: Option<Open>,
    files: Vec<PathBuf>,
}

/// The file that is written at present.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    day: NaiveDate,
    file: Form,
}

#[derive(Debug)]
enum Form {
    Lines(Lines),
    #[cfg(feature = "parquet")]
    Tables(Box<Tables>),
}

impl Archive {
    /// An archive in a directory, which is made at the first task. Nothing is opened yet.
    pub fn new(directory: impl Into<PathBuf>, format: ArchiveFormat) -> Self {
        Self {
            directory: directory.into(),
            format,
            name: uuid::Uuid::now_v7().simple().to_string(),
            open: None,
            files: Vec::new(),
        }
    }

    /// The files that this archive has made.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Adds a part of a task: parts come by task, and by number within a task.
    pub(in crate::store) async fn add(&mut self, task: TaskId, part: usize, document: &str) -> Result<()> {
        self.open().await?;
        let Some(open) = self.open.as_mut() else {
            return Err(Error::internal("an archive has no file"));
        };
        let added = match &mut open.file {
            Form::Lines(lines) => lines.add(task, part, document).await,
            #[cfg(feature = "parquet")]
            Form::Tables(tables) => tables.add(task, part, document).await,
        };
        added.map_err(|error| refused(&open.path, error))
    }

    /// Ends the batch: everything is on disk when this returns.
    pub(in crate::store) async fn sync(&mut self) -> Result<()> {
        let Some(open) = self.open.as_mut() else {
            return Ok(());
        };
        let synced = match &mut open.file {
            Form::Lines(lines) => lines.sync().await,
            #[cfg(feature = "parquet")]
            Form::Tables(tables) => tables.sync().await,
        };
        synced.map_err(|error| refused(&open.path, error))
    }

    /// The batch was deleted, or nobody knows: it stays.
    pub(in crate::store) fn keep(&mut self) {
        let today = Utc::now().date_naive();
        let goes_on = match self.open.as_mut() {
            Some(open) => match &mut open.file {
                Form::Lines(lines) => {
                    lines.keep();
                    open.day == today
                }
                // Such a file is complete, and can take no more.
                #[cfg(feature = "parquet")]
                Form::Tables(_) => false,
            },
            None => return,
        };
        if !goes_on {
            self.open = None;
        }
    }

    /// The batch is not deleted: takes it out again. Where that fails too it stays, and will be there twice.
    pub(in crate::store) async fn give_up(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        match &mut open.file {
            Form::Lines(lines) => {
                if lines.cut().await.is_ok() {
                    self.open = Some(open);
                }
            }
            #[cfg(feature = "parquet")]
            Form::Tables(tables) => {
                tables.remove().await;
                self.files.retain(|file| *file != open.path);
            }
        }
    }

    async fn open(&mut self) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let day = Utc::now().date_naive();
        let path = self.directory.join(format!(
            "tasks-{day}-{}-{}.{}",
            self.name,
            self.files.len() + 1,
            self.format.ending()
        ));
        let made = match self.format {
            ArchiveFormat::Jsonl | ArchiveFormat::JsonlZstd => {
                let compressed = self.format == ArchiveFormat::JsonlZstd;
                Lines::make(&self.directory, &path, compressed)
                    .await
                    .map(Form::Lines)
            }
            #[cfg(feature = "parquet")]
            ArchiveFormat::Parquet => Tables::make(&self.directory, &path)
                .await
                .map(|tables| Form::Tables(Box::new(tables))),
            #[cfg(not(feature = "parquet"))]
            ArchiveFormat::Parquet => Err(std::io::Error::other(
                "this library was built without the feature \"parquet\"",
            )),
        };
        let file = made.map_err(|error| refused(&path, error))?;
        self.files.push(path.clone());
        self.open = Some(Open { path, day, file });
        Ok(())
    }
}

fn refused(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "the archive {} cannot be written ({error}): nothing was deleted; make room, or name another directory",
            path.display()
        ),
    )
    .with_source(error)
}
