//! Parquet: one file a batch, one row a task, its steps and trail as lists of structures in it.
//!
//! A Parquet file counts only once its end is written. So it is written under a temporary name, which nobody takes for a
//! part of the archive, and gets its own when it is complete and on disk.

use super::columns::{ARCHIVE_COLUMNS, ColumnKind, OTHER};
use super::lines::sync_directory;
use crate::model::TaskId;
use crate::values::from_json;
use chrono::DateTime;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// How much is gathered before a group of rows is written; one task is never divided.
const GROUP_BYTES: usize = 16 << 20;
/// The version of the columns; stands in the file's own metadata.
const TABLE_FORMAT: &str = "1";
/// What a value that is not null in a list that is not empty counts as, in the way Parquet counts nesting.
const PRESENT_IN_LIST: i16 = 2;

/// A file of one batch.
pub(super) struct Tables {
    directory: PathBuf,
    path: PathBuf,
    unfinished: PathBuf,
    file: File,
    writer: Option<SerializedFileWriter<Shared>>,
    /// What the writer has made and the file does not have yet.
    made: Shared,
    leaves: Vec<Vec<Leaf>>,
    task: Option<TaskId>,
    /// How many rows of each part the task that is open has.
    counts: [usize; ARCHIVE_COLUMNS.len()],
    gathered: usize,
}

/// A document, its values as they stand in it: a number keeps its digits.
type Row = BTreeMap<String, Box<RawValue>>;

/// A column of a part.
struct Leaf {
    name: &'static str,
    kind: ColumnKind,
    /// Whether there is a value: at the top 1, in a list 2; 1 in a list is null, 0 is an empty list.
    definitions: Vec<i16>,
    /// 0 begins a task, 1 goes on with its list.
    repetitions: Vec<i16>,
    values: Values,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Number(Vec<f64>),
    Boolean(Vec<bool>),
}

impl Tables {
    pub(super) async fn make(directory: &Path, path: &Path) -> Result<Self> {
        tokio::fs::create_dir_all(directory).await?;
        let unfinished = path.with_extension("parquet.unfinished");
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&unfinished)
            .await?;
        let schema = Arc::new(parse_message_type(&message()).map_err(told)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("tasker ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(
                "tasker.format".to_owned(),
                TABLE_FORMAT.to_owned(),
            )]))
            .build();
        let made = Shared::default();
        let writer = SerializedFileWriter::new(made.clone(), schema, Arc::new(properties)).map_err(told)?;
        Ok(Self {
            directory: directory.to_owned(),
            path: path.to_owned(),
            unfinished,
            file,
            writer: Some(writer),
            made,
            leaves: ARCHIVE_COLUMNS.map(|(_, columns)| leaves(columns)).into(),
            task: None,
            counts: [0; ARCHIVE_COLUMNS.len()],
            gathered: 0,
        })
    }

    pub(super) async fn add(&mut self, task: TaskId, part: usize, document: &str) -> Result<()> {
        if self.task != Some(task) {
            self.end_task();
            if self.gathered >= GROUP_BYTES {
                self.write_group().await?;
            }
            self.task = Some(task);
        }
        let row: Row = serde_json::from_str(document)?;
        let (Some(leaves), Some(count)) = (self.leaves.get_mut(part), self.counts.get_mut(part)) else {
            return Err(Error::other(format!("a task has no part {part}")));
        };
        let place = match (part, *count) {
            (0, _) => Place::Top,
            (_, 0) => Place::First,
            _ => Place::Next,
        };
        *count += 1;
        self.gathered += document.len();
        put(leaves, row, place)
    }

    pub(super) async fn sync(&mut self) -> Result<()> {
        self.end_task();
        self.write_group().await?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(told)?;
        }
        self.drain().await?;
        self.file.flush().await?;
        self.file.sync_data().await?;
        tokio::fs::rename(&self.unfinished, &self.path).await?;
        sync_directory(&self.directory).await
    }

    /// Takes the file away, under whichever name it is.
    pub(super) async fn remove(&mut self) {
        for path in [&self.unfinished, &self.path] {
            // What cannot be removed stays, and its tasks will be there twice.
            let _ = tokio::fs::remove_file(path).await;
        }
    }

    /// The parts of which the task has no row are empty lists.
    fn end_task(&mut self) {
        if self.task.take().is_none() {
            return;
        }
        for (leaves, count) in self.leaves.iter_mut().zip(self.counts).skip(1) {
            for leaf in leaves.iter_mut().filter(|_| count == 0) {
                leaf.definitions.push(0);
                leaf.repetitions.push(0);
            }
        }
        self.counts = [0; ARCHIVE_COLUMNS.len()];
    }

    async fn write_group(&mut self) -> Result<()> {
        if self.gathered == 0 {
            return Ok(());
        }
        self.gathered = 0;
        if let Some(writer) = &mut self.writer {
            write_group(writer, &mut self.leaves).map_err(told)?;
        }
        self.drain().await
    }

    async fn drain(&mut self) -> Result<()> {
        let bytes = self.made.take();
        self.file.write_all(&bytes).await
    }
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The schema in the language of Parquet.
fn message() -> String {
    let mut text = "message task {\n".to_owned();
    for (at, (part, columns)) in ARCHIVE_COLUMNS.iter().enumerate() {
        let fields: String = leaves(columns).iter().map(Leaf::field).collect();
        text += &match at {
            0 => fields,
            _ => format!(
                "required group {part} (LIST) {{ repeated group list {{ required group element {{ {fields} }} }} }}\n"
            ),
        };
    }
    text + "}"
}

fn leaves(columns: &[(&'static str, ColumnKind)]) -> Vec<Leaf> {
    let other = (OTHER, ColumnKind::Json);
    let columns = columns.iter().copied().chain([other]);
    columns.map(|(name, kind)| Leaf::new(name, kind)).collect()
}

impl Leaf {
    fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self {
            name,
            kind,
            definitions: Vec::new(),
            repetitions: Vec::new(),
            values: match kind {
                ColumnKind::Text | ColumnKind::Json => Values::Text(Vec::new()),
                ColumnKind::Integer | ColumnKind::Instant => Values::Integer(Vec::new()),
                ColumnKind::Number => Values::Number(Vec::new()),
                ColumnKind::Boolean => Values::Boolean(Vec::new()),
            },
        }
    }

    fn field(&self) -> String {
        let name = self.name;
        match self.kind {
            ColumnKind::Text | ColumnKind::Json => format!("optional binary {name} (STRING);\n"),
            ColumnKind::Integer => format!("optional int64 {name};\n"),
            ColumnKind::Number => format!("optional double {name};\n"),
            ColumnKind::Boolean => format!("optional boolean {name};\n"),
            ColumnKind::Instant => format!("optional int64 {name} (TIMESTAMP(MICROS,true));\n"),
        }
    }

    /// `value`: none, or not null.
    fn push(&mut self, value: Option<&RawValue>, place: Place) -> Result<()> {
        let present = match place {
            Place::Top => 1,
            Place::First | Place::Next => PRESENT_IN_LIST,
        };
        self.definitions.push(present - i16::from(value.is_none()));
        self.repetitions.push(i16::from(place == Place::Next));
        let Some(value) = value else {
            return Ok(());
        };
        if let (Values::Text(values), ColumnKind::Json) = (&mut self.values, self.kind) {
            values.push(value.get().as_bytes().to_vec().into());
            return Ok(());
        }
        let value: Value = from_json(value.get())?;
        let put = match (&mut self.values, self.kind) {
            (Values::Text(values), _) => value
                .as_str()
                .map(|text| values.push(text.as_bytes().to_vec().into())),
            (Values::Integer(values), ColumnKind::Instant) => micros(&value).map(|at| values.push(at)),
            // Numbers of transactions come as text.
            (Values::Integer(values), _) => value
                .as_i64()
                .or_else(|| value.as_str()?.parse().ok())
                .map(|number| values.push(number)),
            (Values::Number(values), _) => value.as_f64().map(|number| values.push(number)),
            (Values::Boolean(values), _) => value.as_bool().map(|is| values.push(is)),
        };
        put.ok_or_else(|| Error::other(format!("the column {} cannot hold {value}", self.name)))
    }

    fn clear(&mut self) {
        *self = Self::new(self.name, self.kind);
    }
}

/// Where a row stands: at the top, or in a list of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    First,
    Next,
}

/// Puts a row into the columns of its part; what has no column goes to the last one.
fn put(leaves: &mut [Leaf], mut row: Row, place: Place) -> Result<()> {
    let Some((other, known)) = leaves.split_last_mut() else {
        return Ok(());
    };
    row.retain(|_, value| value.get() != "null");
    for leaf in known {
        let value = row.remove(leaf.name);
        leaf.push(value.as_deref(), place)?;
    }
    let rest = match row.is_empty() {
        true => None,
        false => Some(serde_json::value::to_raw_value(&row)?),
    };
    other.push(rest.as_deref(), place)
}

fn write_group(
    writer: &mut SerializedFileWriter<Shared>,
    parts: &mut [Vec<Leaf>],
) -> std::result::Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for (part, leaves) in parts.iter_mut().enumerate() {
        for leaf in leaves {
            let Some(mut column) = group.next_column()? else {
                return Err(ParquetError::General("a column is missing".to_owned()));
            };
            let definitions = Some(leaf.definitions.as_slice());
            let repetitions = (part > 0).then_some(leaf.repetitions.as_slice());
            match (column.untyped(), &leaf.values) {
                (ColumnWriter::ByteArrayColumnWriter(column), Values::Text(values)) => {
                    column.write_batch(values, definitions, repetitions)?;
                }
                (ColumnWriter::Int64ColumnWriter(column), Values::Integer(values)) => {
                    column.write_batch(values, definitions, repetitions)?;
                }
                (ColumnWriter::DoubleColumnWriter(column), Values::Number(values)) => {
                    column.write_batch(values, definitions, repetitions)?;
                }
                (ColumnWriter::BoolColumnWriter(column), Values::Boolean(values)) => {
                    column.write_batch(values, definitions, repetitions)?;
                }
                _ => return Err(ParquetError::General(format!("{} is of another type", leaf.name))),
            }
            column.close()?;
            leaf.clear();
        }
    }
    group.close()?;
    Ok(())
}

/// Microseconds since 1970; the ends of time stay the ends.
fn micros(value: &Value) -> Option<i64> {
    match value.as_str()? {
        "infinity" => Some(i64::MAX),
        "-infinity" => Some(i64::MIN),
        text => Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros()),
    }
}

fn told(error: ParquetError) -> Error {
    Error::other(error)
}

/// What the writer writes to. It is small: everything in it goes to the file after each group of rows.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
