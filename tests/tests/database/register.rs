//! `register_template`.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::{on_database, race};
use serde_json::json;
use tasker_core::ErrorKind;
use tasker_core::model::Registered;

fn first() -> Plan {
    Plan::chain("order", &["a", "b"])
}

fn second() -> Plan {
    Plan::chain("order", &["a", "b", "c"])
}

#[tokio::test]
async fn the_same_content_changes_nothing_and_other_content_replaces_it() {
    on_database(async |_, s| {
        assert_eq!(s.register(&first()).await, Registered::New);
        assert_eq!(s.register(&first()).await, Registered::Unchanged);
        assert_eq!(s.register(&second()).await, Registered::Replaced);
        assert_eq!(
            s.register(&second().with("version", json!("1.1.0"))).await,
            Registered::New
        );
        assert_eq!(
            s.json("select count(*) as n from tasker.plans where replaced_at is not null")
                .await,
            json!({"n": 1})
        );
    })
    .await;
}

#[tokio::test]
async fn content_that_was_replaced_comes_back_only_by_force() {
    on_database(async |_, s| {
        s.register(&first()).await;
        s.register(&second()).await;
        assert_eq!(s.register(&first()).await, Registered::Superseded);
        assert_eq!(s.states_of_new_task().await.len(), 3);
        assert_eq!(
            s.try_register(&first(), true, false).await.unwrap(),
            Registered::Replaced
        );
        assert_eq!(s.states_of_new_task().await.len(), 2);
        assert_eq!(s.register(&second()).await, Registered::Superseded);
    })
    .await;
}

#[tokio::test]
async fn strict_versions_refuse_other_content_under_a_version() {
    on_database(async |_, s| {
        s.try_register(&first(), false, true).await.unwrap();
        assert_eq!(
            s.try_register(&first(), false, true).await.unwrap(),
            Registered::Unchanged
        );
        let error = s.try_register(&second(), false, true).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists);
        assert!(
            error.message.contains("1.0.0") && error.message.contains("shop.order"),
            "{error}"
        );
        assert_eq!(
            s.try_register(&second(), true, true).await.unwrap(),
            Registered::Replaced
        );
    })
    .await;
}

#[tokio::test]
async fn a_task_keeps_the_graph_and_the_policies_that_it_was_created_with() {
    on_database(async |_, s| {
        let task = s.task_of(&first()).await;
        s.register(&Plan::new("order").step("x", &[]).limit(1)).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.fail_after(worker, key, true, Some(0.0)).await;
        s.drain(worker).await;
        assert_eq!(
            (s.states(task).await.len(), s.state(task).await),
            (2, "complete".into())
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_compiled_is_what_is_read_back() {
    on_database(async |_, s| {
        let plan = Plan::new("rich")
            .with("description", json!("all of it"))
            .with("schema", json!({"type": "object"}))
            .step("a", &[])
            .set("description", json!("first"))
            .set("dependent_system", json!("bank"))
            .priority(2)
            .step("b", &["a"])
            .set("timeout_seconds", json!(2.5))
            .set("handler_config", json!({"url": "${URL}"}))
            .skippable()
            .set("retry", json!({"strategy": "schedule", "schedule": [1, 2]}));
        s.register(&plan).await;
        let store = s.store.clone();
        let found = store
            .template(&mut s.c, "shop", "rich", None, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found, plan.compile());
        assert!(
            store
                .template(&mut s.c, "shop", "rich", Some("9.9.9"), None)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test]
async fn two_that_register_at_once_agree_on_the_winner() {
    on_database(async |db, s| {
        let mut other = Session::open(db).await;
        let answer = race(
            db,
            s,
            &mut other,
            async |s| {
                s.register(&first()).await;
            },
            async |s| s.register(&first()).await,
        )
        .await;
        assert_eq!(answer, Registered::Unchanged);
        let answer = race(
            db,
            s,
            &mut other,
            async |s| {
                s.register(&second()).await;
            },
            async |s| s.register(&first()).await,
        )
        .await;
        assert_eq!(answer, Registered::Superseded);
    })
    .await;
}
