//! The statements of docs/guides/from-sql.md run.

use super::greeting;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const STATEMENTS: &str = include_str!("from_sql.sql");
/// Stands for the first task.
const EXAMPLE: &str = "0198c0de-0000-7000-8000-000000000000";

#[tokio::test]
async fn the_statements_of_the_guide_run_in_order() {
    let (database, client) = greeting().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::query("create table public.orders (order_id int primary key, customer text not null)")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut first: Option<String> = None;
    for block in STATEMENTS.split("\n\n") {
        let sql = block.replace(EXAMPLE, first.as_deref().unwrap_or(EXAMPLE));
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{block}"));
        if first.is_none() {
            let id = "select task_id::text from tasker.tasks";
            first = Some(sqlx::query_scalar(id).fetch_one(&mut connection).await.unwrap());
        }
    }
    let summary: Value = sqlx::query_scalar(
        "select jsonb_build_object('tasks', (select count(*) from tasker.tasks), \
         'orders', (select count(*) from public.orders), \
         'cancelled', (select count(*) from tasker.tasks where state = 'cancelled'), \
         'completed', (select count(*) from tasker.workflow_steps where state = 'complete'), \
         'cancelled_steps', (select count(*) from tasker.workflow_steps where state = 'cancelled'), \
         'paused', (select count(*) from tasker.lanes where paused))",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(
        summary,
        json!({"tasks": 4, "orders": 1, "cancelled": 1, "completed": 1, "cancelled_steps": 1, "paused": 0})
    );
    connection.close().await.unwrap();
    client.close().await;
}
