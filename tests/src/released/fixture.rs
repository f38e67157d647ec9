//! The files of a release: written when it is made, read ever after.

use super::script::Script;
use super::types::{StatementTypes, describe};
use crate::dump::{DumpOf, dump};
use crate::{TestDatabase, finish};
use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tasker_core::model::DatabaseSettings;
use tasker_core::store::{SchemaName, Statements, Store, StoreOptions};

/// What a release left behind.
#[derive(Debug)]
pub struct Release {
    /// The version of its schema.
    pub version: i32,
    /// SQL that makes that schema, with the rows that a fresh install has.
    schema: String,
    /// Its statements: text and types, by name.
    pub statements: BTreeMap<String, (String, StatementTypes)>,
    /// A whole life of tasks, told in its statements.
    pub life: Script,
    /// Tasks at every point of their life, told in its statements.
    pub in_flight: Script,
}

/// Where releases are kept.
fn versions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("versions")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

impl Release {
    /// Every release that is kept, the oldest first.
    ///
    /// # Errors
    /// When files are missing or cannot be understood.
    pub fn all() -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(versions())? {
            let entry = entry?;
            if let Some(version) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                found.push(Self::load(version, &entry.path())?);
            }
        }
        found.sort_by_key(|release| release.version);
        Ok(found)
    }

    fn load(version: i32, directory: &Path) -> Result<Self> {
        let types: BTreeMap<String, StatementTypes> =
            serde_json::from_str(&read(&directory.join("types.json"))?)?;
        let with_text = |(name, types)| {
            let sql = read(&directory.join(format!("statements/{name}.sql")))?;
            Ok((name, (sql, types)))
        };
        Ok(Self {
            version,
            schema: read(&directory.join("schema.sql"))?,
            statements: types.into_iter().map(with_text).collect::<Result<_>>()?,
            life: Script::parse(&read(&directory.join(LIFE))?)?,
            in_flight: Script::parse(&read(&directory.join(IN_FLIGHT))?)?,
        })
    }

    /// What the code of today would leave behind.
    ///
    /// # Errors
    /// When the database cannot be made, or does not understand a statement.
    pub async fn today() -> Result<Self> {
        let database = TestDatabase::create().await?;
        let version = migrate(&database.url()).await?;
        let mut connection = database.connect().await?;
        // The same, whenever it is written.
        sqlx::raw_sql("update tasker.schema_migrations set applied_at = '2026-01-01 00:00:00+00'")
            .execute(&mut connection)
            .await?;
        let mut statements = BTreeMap::new();
        for (name, sql) in Statements::FILES {
            let types = describe(&mut connection, sql).await.context(*name)?;
            statements.insert((*name).to_owned(), ((*sql).to_owned(), types));
        }
        connection.close().await?;
        let scripts = versions().join(NEXT);
        Ok(Self {
            version,
            schema: format!("{SCHEMA_HEAD}{}", dump(&database.url(), DumpOf::Everything)?),
            statements,
            life: Script::parse(&read(&scripts.join(LIFE))?)?,
            in_flight: Script::parse(&read(&scripts.join(IN_FLIGHT))?)?,
        })
    }

    /// A database with the schema of this release, as a fresh install of it left it.
    ///
    /// # Errors
    /// When PostgreSQL does not take it.
    pub async fn install(&self) -> Result<TestDatabase> {
        let database = TestDatabase::create().await?;
        let mut connection = database.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(self.schema.clone()))
            .execute(&mut connection)
            .await
            .with_context(|| format!("the schema of version {} cannot be made", self.version))?;
        connection.close().await?;
        Ok(database)
    }
}

/// Brings the database at `url` to the version of this library.
///
/// # Errors
/// What PostgreSQL says.
pub async fn migrate(url: &str) -> Result<i32> {
    let store = Store::new(StoreOptions {
        database_url: url.to_owned(),
        schema: SchemaName::new("tasker")?,
        max_connections: 1,
        settings: DatabaseSettings::default(),
        application_name: "tasker-tests".to_owned(),
    })?;
    let report = store.migrate().await?;
    store.close().await;
    Ok(report.version)
}

/// Writes down what the code of today would leave behind if it were released now. Returns the directory.
///
/// # Errors
/// When the database or the files cannot be made.
pub fn record() -> Result<PathBuf> {
    let release = finish(Release::today())?;
    let directory = versions().join(release.version.to_string());
    let statements = directory.join("statements");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&statements)?;
    for (name, (sql, _)) in &release.statements {
        fs::write(statements.join(format!("{name}.sql")), sql)?;
    }
    let types: BTreeMap<&String, &StatementTypes> = release
        .statements
        .iter()
        .map(|(name, (_, types))| (name, types))
        .collect();
    fs::write(directory.join("types.json"), one_line_each(&types)?)?;
    fs::write(directory.join("schema.sql"), &release.schema)?;
    for script in [LIFE, IN_FLIGHT] {
        fs::copy(versions().join(NEXT).join(script), directory.join(script))?;
    }
    Ok(directory)
}

/// JSON with a line for each statement, so that a difference is seen at once.
fn one_line_each(types: &BTreeMap<&String, &StatementTypes>) -> Result<String> {
    let lines = types
        .iter()
        .map(|(name, types)| Ok(format!("\"{name}\": {}", serde_json::to_string(types)?)));
    Ok(format!(
        "{{\n{}\n}}\n",
        lines.collect::<Result<Vec<_>>>()?.join(",\n")
    ))
}

/// The scripts of the release to come.
const NEXT: &str = "next";
const LIFE: &str = "life.json";
const IN_FLIGHT: &str = "in_flight.json";
const SCHEMA_HEAD: &str = "-- The schema of a release with the rows of a fresh install. Written by scripts/release-fixture; never edit.\n\
     set check_function_bodies = false;\n\n";
