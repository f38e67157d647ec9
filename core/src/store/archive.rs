//! The archive that tasks are written to before they are deleted: a file on disk, synced before the deletion commits.
//!
//! A process never appends to a file that another one made: after a crash the last line may be torn, and its task was not
//! deleted. So nothing is lost; what was synced when the deletion did not come about is archived again.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ArchiveFormat, TaskId};
use chrono::{NaiveDate, Utc};
use std::path::{Path, PathBuf};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 1 << 20;
/// The version of the documents; a reader refuses what it does not know.
const DOCUMENT_FORMAT: u32 = 1;
/// The keys of a document, in the order in which `tasker.archive_tasks` gives the parts.
const PARTS: [&str; 6] = [
    "task",
    "steps",
    "step_transitions",
    "task_transitions",
    "annotations",
    "search_attributes",
];

/// A directory that tasks are archived to: one file a process and day.
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
    format: ArchiveFormat,
    file: File,
    /// Where the batch began: what comes after is cut off when the batch is given up.
    kept: u64,
    written: u64,
    buffer: Vec<u8>,
    task: Option<TaskId>,
    part: usize,
    first_of_part: bool,
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
    pub(super) async fn add(&mut self, task: TaskId, part: usize, document: &str) -> Result<()> {
        self.open().await?;
        let Some(open) = self.open.as_mut() else {
            return Err(Error::internal("an archive has no file"));
        };
        open.add(task, part, document);
        if open.buffer.len() >= BUFFER_BYTES {
            open.flush().await.map_err(|error| refused(&open.path, error))?;
        }
        Ok(())
    }

    /// Ends the batch: everything is on disk when this returns.
    pub(super) async fn sync(&mut self) -> Result<()> {
        if let Some(open) = self.open.as_mut() {
            open.end_task();
            open.sync().await.map_err(|error| refused(&open.path, error))?;
        }
        Ok(())
    }

    /// The batch was deleted, or nobody knows: it stays.
    pub(super) fn keep(&mut self) {
        if let Some(open) = self.open.as_mut() {
            open.kept = open.written;
        }
        let today = Utc::now().date_naive();
        if self.open.as_ref().is_some_and(|open| open.day != today) {
            self.open = None;
        }
    }

    /// The batch is not deleted: takes it out again. Where that fails too it stays, and will be there twice.
    pub(super) async fn give_up(&mut self) {
        if let Some(mut open) = self.open.take()
            && open.cut().await.is_ok()
        {
            self.open = Some(open);
        }
    }

    async fn open(&mut self) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let day = Utc::now().date_naive();
        let ending = match self.format {
            ArchiveFormat::Jsonl => "jsonl",
            ArchiveFormat::JsonlZstd => "jsonl.zst",
        };
        let path = self.directory.join(format!(
            "tasks-{day}-{}-{}.{ending}",
            self.name,
            self.files.len() + 1
        ));
        let file = make(&self.directory, &path)
            .await
            .map_err(|error| refused(&path, error))?;
        self.files.push(path.clone());
        self.open = Some(Open {
            path,
            day,
            format: self.format,
            file,
            kept: 0,
            written: 0,
            buffer: Vec::new(),
            task: None,
            part: 0,
            first_of_part: true,
        });
        Ok(())
    }
}

impl Open {
    fn add(&mut self, task: TaskId, part: usize, document: &str) {
        if self.task != Some(task) {
            self.end_task();
            self.task = Some(task);
            self.buffer
                .extend_from_slice(format!("{{\"format\":{DOCUMENT_FORMAT},\"task\":").as_bytes());
            (self.part, self.first_of_part) = (0, true);
        }
        self.go_to(part);
        if !self.first_of_part {
            self.buffer.push(b',');
        }
        self.first_of_part = false;
        self.buffer.extend_from_slice(document.as_bytes());
    }

    /// Writes the brackets between the part that is open and another one; parts without rows are empty lists.
    fn go_to(&mut self, part: usize) {
        while self.part < part {
            if self.part > 0 {
                self.buffer.push(b']');
            }
            self.part += 1;
            self.first_of_part = true;
            self.buffer
                .extend_from_slice(format!(",\"{}\":[", PARTS[self.part]).as_bytes());
        }
    }

    fn end_task(&mut self) {
        if self.task.take().is_some() {
            self.go_to(PARTS.len() - 1);
            self.buffer.extend_from_slice(b"]}\n");
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        match self.format {
            ArchiveFormat::Jsonl => {}
            // Frames one after the other are one stream.
            ArchiveFormat::JsonlZstd => {
                self.buffer = zstd::bulk::compress(&self.buffer, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            }
        }
        self.file.write_all(&self.buffer).await?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    async fn sync(&mut self) -> std::io::Result<()> {
        self.flush().await?;
        self.file.flush().await?;
        self.file.sync_data().await
    }

    async fn cut(&mut self) -> std::io::Result<()> {
        self.buffer.clear();
        self.task = None;
        self.file.flush().await?;
        self.file.set_len(self.kept).await?;
        self.file.seek(std::io::SeekFrom::Start(self.kept)).await?;
        self.written = self.kept;
        Ok(())
    }
}

/// Makes the directory and the file in it, and syncs the directory: the name must survive a crash as well.
async fn make(directory: &Path, path: &Path) -> std::io::Result<File> {
    tokio::fs::create_dir_all(directory).await?;
    let file = OpenOptions::new().write(true).create_new(true).open(path).await?;
    File::open(directory).await?.sync_all().await?;
    Ok(file)
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

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::{Value, json};

    async fn add(archive: &mut Archive, task: TaskId, parts: &[(usize, &str)]) {
        for (part, document) in parts {
            archive.add(task, *part, document).await.unwrap();
        }
    }

    async fn kept(archive: &mut Archive) {
        archive.sync().await.unwrap();
        archive.keep();
    }

    fn lines(archive: &Archive, format: ArchiveFormat) -> Vec<Value> {
        let [path] = archive.files() else {
            panic!("{:?}", archive.files())
        };
        let bytes = std::fs::read(path).unwrap();
        let text = match format {
            ArchiveFormat::Jsonl => bytes,
            ArchiveFormat::JsonlZstd => zstd::decode_all(bytes.as_slice()).unwrap(),
        };
        let text = String::from_utf8(text).unwrap();
        assert!(text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_line_is_a_task_whatever_parts_it_has_and_what_was_given_up_is_gone() {
        for format in [ArchiveFormat::Jsonl, ArchiveFormat::JsonlZstd] {
            let directory = tempfile::tempdir().unwrap();
            let mut archive = Archive::new(directory.path().join("made"), format);
            let ids: Vec<TaskId> = (0..4).map(|_| uuid::Uuid::now_v7()).collect();
            let large = format!("\"{}\"", "x".repeat(BUFFER_BYTES));
            add(&mut archive, ids[0], &[(0, "{\"n\":0}")]).await;
            add(
                &mut archive,
                ids[1],
                &[(0, "{\"n\":1}"), (1, &large), (1, "2"), (4, "3")],
            )
            .await;
            kept(&mut archive).await;
            add(&mut archive, ids[2], &[(0, "{\"n\":2}"), (1, &large), (3, "1")]).await;
            archive.give_up().await;
            add(
                &mut archive,
                ids[3],
                &[(0, "{\"n\":3}"), (2, "1"), (3, "2"), (5, "3"), (5, "4")],
            )
            .await;
            kept(&mut archive).await;
            let found = lines(&archive, format);
            assert_eq!(
                found.iter().map(|line| &line["task"]["n"]).collect::<Vec<_>>(),
                [0, 1, 3],
                "{format:?}"
            );
            assert_eq!(
                found[0],
                json!({"format": 1, "task": {"n": 0}, "steps": [], "step_transitions": [], "task_transitions": [],
                       "annotations": [], "search_attributes": []})
            );
            assert_eq!(found[1]["steps"].as_array().unwrap().len(), 2);
            assert_eq!(found[1]["annotations"], json!([3]));
            assert_eq!(found[2]["search_attributes"], json!([3, 4]));
        }
    }
}
