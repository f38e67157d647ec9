//! JSON lines: one task a line, plain or compressed. A file is appended to, and cut where a batch is given up.

use super::columns::ARCHIVE_COLUMNS;
use crate::model::TaskId;
use std::io::Result;
use std::path::Path;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 1 << 20;
/// The version of the documents; a reader refuses what it does not know.
const DOCUMENT_FORMAT: u32 = 1;

/// A file of lines.
#[derive(Debug)]
pub(super) struct Lines {
    compressed: bool,
    file: File,
    /// Where the batch began: what comes after is cut off when the batch is given up.
    kept: u64,
    written: u64,
    buffer: Vec<u8>,
    task: Option<TaskId>,
    part: usize,
    first_of_part: bool,
}

impl Lines {
    pub(super) async fn make(directory: &Path, path: &Path, compressed: bool) -> Result<Self> {
        Ok(Self {
            compressed,
            file: make(directory, path).await?,
            kept: 0,
            written: 0,
            buffer: Vec::new(),
            task: None,
            part: 0,
            first_of_part: true,
        })
    }

    pub(super) async fn add(&mut self, task: TaskId, part: usize, document: &str) -> Result<()> {
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
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// What was added so far stays.
    pub(super) fn keep(&mut self) {
        self.kept = self.written;
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
                .extend_from_slice(format!(",\"{}\":[", ARCHIVE_COLUMNS[self.part].0).as_bytes());
        }
    }

    fn end_task(&mut self) {
        if self.task.take().is_some() {
            self.go_to(ARCHIVE_COLUMNS.len() - 1);
            self.buffer.extend_from_slice(b"]}\n");
        }
    }

    async fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.compressed {
            // Frames one after the other are one stream.
            self.buffer = zstd::bulk::compress(&self.buffer, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        }
        self.file.write_all(&self.buffer).await?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    pub(super) async fn sync(&mut self) -> Result<()> {
        self.end_task();
        self.flush().await?;
        self.file.flush().await?;
        self.file.sync_data().await
    }

    pub(super) async fn cut(&mut self) -> Result<()> {
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
async fn make(directory: &Path, path: &Path) -> Result<File> {
    tokio::fs::create_dir_all(directory).await?;
    let file = OpenOptions::new().write(true).create_new(true).open(path).await?;
    sync_directory(directory).await?;
    Ok(file)
}

pub(super) async fn sync_directory(directory: &Path) -> Result<()> {
    File::open(directory).await?.sync_all().await
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::Archive;
    use super::*;
    use crate::model::ArchiveFormat;
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
            _ => zstd::decode_all(bytes.as_slice()).unwrap(),
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
