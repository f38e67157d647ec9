//! Workflows of the shop, and a database for each test.

use serde_json::{Value, json};
use sqlx::PgConnection;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::model::TaskRequest;
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use tasker_core::testing::Workflow;
use tasker_core::{Client, ClientOptions};
use tasker_tests::TestDatabase;

/// A migrated database of the test's own.
pub(crate) async fn database() -> TestDatabase {
    TestDatabase::prepared(&migrations_digest(), |url| async move {
        let client = client(&url);
        client.migrate().await?;
        client.close().await;
        Ok(())
    })
    .await
    .unwrap()
}

pub(crate) fn client(url: &str) -> Client {
    Client::new(ClientOptions {
        database_url: Some(url.to_owned()),
        ..ClientOptions::default()
    })
    .unwrap()
}

fn migrations_digest() -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for migration in tasker_migrations::MIGRATIONS {
        hash.update(migration.sql);
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn template(body: Value) -> CompiledTemplate {
    Template::from_json(&body, &ParseOptions::default()).unwrap()
}

/// `check → charge → ship`, and `thank` beside `ship`.
pub(crate) fn checkout() -> CompiledTemplate {
    template(json!({
        "name": "checkout", "namespace_name": "shop", "version": "1.0.0",
        "step_templates": [
            {"name": "check"},
            {"name": "charge", "depends_on_step": "check", "timeout_seconds": 20,
             "retry": {"strategy": "exponential", "base_seconds": 10, "multiplier": 3, "jitter": 0}},
            {"name": "ship", "depends_on_step": "charge"},
            {"name": "thank", "depends_on_step": "charge"},
        ],
    }))
}

pub(crate) fn request() -> TaskRequest {
    let context = json!({"order": 7}).as_object().unwrap().clone();
    TaskRequest::new("checkout")
        .in_namespace("shop")
        .with_context(context)
}

/// Handlers that count how often they ran.
pub(crate) struct Shop {
    pub(crate) registry: Registry,
    pub(crate) charges: Arc<AtomicUsize>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::new();
        let charges = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&charges);
        registry.handler("shop.checkout.check", |step: Step| async move {
            Ok::<_, HandlerError>(json!({"order": step.context().await?["order"]}))
        });
        registry.handler("shop.checkout.charge", move |step: Step| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                let order = step.results("check").await?["order"].clone();
                Ok::<_, HandlerError>(json!({"charged": order}))
            }
        });
        for name in ["ship", "thank"] {
            registry.handler(format!("shop.checkout.{name}"), |step: Step| async move {
                // Of no parent: it is read when it is asked for.
                let order = step.results("check").await?["order"].clone();
                Ok::<_, HandlerError>(json!({"for": order, "after": step.results("charge").await?}))
            });
        }
        Self { registry, charges }
    }

    pub(crate) fn charged(&self) -> usize {
        self.charges.load(Ordering::SeqCst)
    }
}

/// A connection with a transaction begun by hand, so that nothing but the test knows of it.
pub(crate) async fn begun(database: &TestDatabase) -> PgConnection {
    let mut connection = database.connect().await.unwrap();
    sqlx::raw_sql("begin").execute(&mut connection).await.unwrap();
    connection
}

/// A test of `checkout` with the handlers of the shop.
pub(crate) async fn workflow<'c>(connection: &'c mut PgConnection, shop: &Shop) -> Workflow<'c> {
    let mut workflow = Workflow::on(connection).await.unwrap();
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&checkout()).await.unwrap();
    workflow
}

pub(crate) async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .unwrap()
}
