//! The place where a run takes place: a schema of its own, the engine on it, and a connection beside it for looking.

use crate::direct;
use crate::options::Place;
use crate::workload::TASK_NAME;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tasker_core::model::TaskRequest;
use tasker_core::store::Session;
use tasker_core::template::{ParseOptions, Template};
use tasker_core::{Client, ClientOptions};

/// Held while a bench runs: two at once would measure each other, and share the yardstick's schema.
const LOCK: i64 = 0x7461_736b_6265_6e63;

/// A schema of its own, the engine on it, and a connection beside it for looking.
pub(crate) struct Room {
    /// What the engine is given.
    pub(crate) url: String,
    /// What leads straight to PostgreSQL: the same, unless a pooler stands before the database.
    pub(crate) direct_url: String,
    pub(crate) schema: String,
    pub(crate) looker: Looker,
}

/// A connection for looking at the figures. Nothing that the engine does goes over it, and it counts its own
/// transactions, so that they can be taken off.
pub(crate) struct Looker {
    connection: PgConnection,
    transactions: i64,
}

impl Looker {
    async fn on(url: &str) -> Result<Self> {
        Ok(Self {
            connection: direct::quiet(url)?.connect().await?,
            transactions: 0,
        })
    }

    /// For one statement, which is one transaction.
    pub(crate) fn once(&mut self) -> &mut PgConnection {
        self.transactions += 1;
        &mut self.connection
    }

    /// How many there were.
    pub(crate) const fn transactions(&self) -> i64 {
        self.transactions
    }
}

impl Room {
    /// Makes the schema, and registers these templates. What follows must end in [`Room::leave`].
    pub(crate) async fn enter(place: &Place, templates: &[String]) -> Result<Self> {
        let schema = format!("tasker_bench_{:08x}", rand::random::<u32>());
        let client = engine_on(place.database_url.clone(), &schema)?;
        let url = client.database_url().await?;
        let direct_url = match client.session().await? {
            Session::Direct => url.clone(),
            Session::Pooled => direct::find(&url, place.direct_url.as_deref()).await?,
        };
        let mut looker = Looker::on(&direct_url).await?;
        refuse_company(&mut looker, place).await?;
        let alone: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(looker.once())
            .await?;
        if !alone {
            bail!("another tasker bench runs on this database; two at once would measure each other");
        }
        let mut room = Self {
            url,
            direct_url,
            schema,
            looker,
        };
        let furnished = room.furnish(&client, templates).await;
        // The engine of the run is another one: what this one did must not show up late in its figures.
        client.close().await;
        if let Err(error) = furnished {
            room.leave().await?;
            return Err(error);
        }
        Ok(room)
    }

    /// Whether the engine goes through a pooler.
    pub(crate) fn is_pooled(&self) -> bool {
        self.url != self.direct_url
    }

    /// Another room like this one, for an engine that goes straight to PostgreSQL. It too must end in [`Room::leave`].
    pub(crate) async fn straight(&self, templates: &[String]) -> Result<Self> {
        let schema = format!("{}_direct", self.schema);
        let client = engine_on(Some(self.direct_url.clone()), &schema)?;
        let mut room = Self {
            url: self.direct_url.clone(),
            direct_url: self.direct_url.clone(),
            schema,
            looker: Looker::on(&self.direct_url).await?,
        };
        let furnished = room.furnish(&client, templates).await;
        client.close().await;
        if let Err(error) = furnished {
            room.leave().await?;
            return Err(error);
        }
        Ok(room)
    }

    async fn furnish(&mut self, client: &Client, templates: &[String]) -> Result<()> {
        client.migrate().await?;
        sqlx::query("select set_config('search_path', $1, false)")
            .bind(&self.schema)
            .execute(self.looker.once())
            .await?;
        sqlx::query(
            "create table single_commit (id bigint generated always as identity primary key, value int)",
        )
        .execute(self.looker.once())
        .await?;
        for text in templates {
            let compiled = Template::parse(text, &ParseOptions::default())?;
            client.register_template(&compiled, false).await?;
        }
        Ok(())
    }

    /// A new engine on the schema.
    pub(crate) fn engine(&self) -> Result<Client> {
        engine_on(Some(self.url.clone()), &self.schema)
    }

    /// Another connection of ours that is not counted.
    pub(crate) async fn another_connection(&self) -> Result<PgConnection> {
        Ok(direct::quiet(&self.direct_url)?
            .options([("search_path", &self.schema)])
            .connect()
            .await?)
    }

    /// Gives everything back, whatever happened before.
    pub(crate) async fn leave(mut self) -> Result<()> {
        let schema = &self.schema;
        let drop_it =
            format!("drop schema if exists {schema} cascade; drop schema if exists bench_reference cascade");
        // The name is made of our own prefix and hexadecimal digits.
        let dropped = sqlx::raw_sql(AssertSqlSafe(drop_it))
            .execute(self.looker.once())
            .await;
        dropped.with_context(|| format!("the schema {schema} could not be dropped; drop it by hand"))?;
        self.looker.connection.close().await?;
        Ok(())
    }
}

fn engine_on(database_url: Option<String>, schema: &str) -> Result<Client> {
    Ok(Client::new(ClientOptions {
        database_url,
        schema: schema.to_owned(),
        application_name: Some("tasker-bench".to_owned()),
        ..ClientOptions::default()
    })?)
}

/// A bench takes all of the server that it can get: not beside an engine that works for somebody.
async fn refuse_company(looker: &mut Looker, place: &Place) -> Result<()> {
    if place.force {
        return Ok(());
    }
    let schema = &place.guarded_schema;
    let present: bool = sqlx::query_scalar(
        "select exists (select from pg_tables where schemaname = $1 and tablename = 'workers')",
    )
    .bind(schema)
    .fetch_one(looker.once())
    .await?;
    if !present {
        return Ok(());
    }
    let quoted = schema.replace('"', "\"\"");
    let running: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "select count(*) from \"{quoted}\".workers join \"{quoted}\".worker_heartbeats using (worker_id) \
         where stopped_at is null and state in ('alive', 'draining') \
         and heartbeat_at > clock_timestamp() - make_interval(secs => lease_seconds)"
    )))
    .fetch_one(looker.once())
    .await?;
    if running > 0 {
        bail!(
            "{running} workers run in the schema {schema} of this database, and a bench would slow them down and be \
             slowed down by them: name another database with --database-url, or say --force"
        );
    }
    Ok(())
}

/// Requests for `count` tasks, the first one with this number.
pub(crate) fn requests(first: u64, count: u64, payload_bytes: usize) -> Vec<TaskRequest> {
    (first..first + count)
        .map(|number| request(number, payload_bytes))
        .collect()
}

/// A request for one task.
pub(crate) fn request(number: u64, payload_bytes: usize) -> TaskRequest {
    request_for(TASK_NAME, number, payload_bytes)
}

/// A request for one task of this name.
pub(crate) fn request_for(name: &str, number: u64, payload_bytes: usize) -> TaskRequest {
    let mut context = Map::from_iter([("order_id".to_owned(), json!(number))]);
    if payload_bytes > 0 {
        context.insert("payload".to_owned(), Value::String("x".repeat(payload_bytes)));
    }
    TaskRequest::new(name).in_namespace("bench").with_context(context)
}

/// How long no run may take without an end of a step.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// How many requests go into one call.
pub(crate) const CREATED_AT_ONCE: u64 = 1_000;

/// What the tables say about the tasks of the run.
pub(crate) async fn unfinished(looker: &mut Looker) -> Result<bool> {
    Ok(
        sqlx::query_scalar("select exists (select from tasks where completed_at is null)")
            .fetch_one(looker.once())
            .await?,
    )
}

/// How many tasks have ended, and how many of them not well.
pub(crate) async fn ended(looker: &mut Looker) -> Result<(u64, u64)> {
    let (ended, badly): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where state not in ('pending', 'in_progress')), \
         count(*) filter (where state in ('error', 'cancelled')) from tasks",
    )
    .fetch_one(looker.once())
    .await?;
    Ok((ended.unsigned_abs(), badly.unsigned_abs()))
}
