//! Searching in contexts: what a template lists as searchable has an index, the rest wants a time.

use super::search;
use crate::plan::Plan;
use crate::session::{Answer, Session};
use crate::support::on_database;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{TaskFilter, TaskId};

fn order() -> Plan {
    Plan::chain("order", &["a"]).with("searchable", json!(["order_id", "customer.id", "note"]))
}

/// A filter for orders of this context.
fn of(context: Value) -> TaskFilter {
    let Value::Object(context) = context else {
        panic!("{context} is no object");
    };
    TaskFilter {
        name: Some("order".to_owned()),
        context,
        ..TaskFilter::default()
    }
}

async fn found(s: &mut Session, filter: TaskFilter) -> Answer<Vec<TaskId>> {
    let store = s.store.clone();
    Ok(store.search_tasks(&mut s.c, &search(filter)).await?.task_ids)
}

async fn made(s: &mut Session, context: Value) -> TaskId {
    let request = json!([{"namespace": "shop", "name": "order", "context": context}]);
    s.try_create(request).await.unwrap()[0].task_id
}

#[tokio::test]
async fn a_task_is_found_by_what_its_template_lists_without_a_time() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let long = "x".repeat(300);
        let one = made(
            s,
            json!({"order_id": 7, "customer": {"id": "anna"}, "note": long}),
        )
        .await;
        let two = made(
            s,
            json!({"order_id": "7", "customer": {"id": "bert"}, "note": true}),
        )
        .await;
        let three = made(s, json!({"order_id": 1e30, "customer": "anna", "note": null})).await;
        for (context, expected) in [
            (json!({"order_id": 7}), vec![one]),
            (json!({"order_id": 7.0}), vec![one]),
            (json!({"order_id": "7"}), vec![two]),
            (json!({"order_id": 1e30}), vec![three]),
            (json!({"customer": {"id": "anna"}}), vec![one]),
            (json!({"customer": {"id": "anna"}, "order_id": 7}), vec![one]),
            (json!({"customer": {"id": "anna"}, "order_id": "7"}), vec![]),
            (json!({"note": long}), vec![one]),
            // The same beginning as far as it is indexed.
            (json!({"note": "x".repeat(299)}), vec![]),
            (json!({"note": true}), vec![two]),
            (json!({"note": "true"}), vec![]),
            (json!({"note": null}), vec![three]),
        ] {
            assert_eq!(
                found(s, of(context.clone())).await.unwrap(),
                expected,
                "{context}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_makes_a_task_keeps_what_it_is_searched_by() {
    on_database(async |_, s| {
        s.register(&order().skippable()).await;
        let worker = s.worker().await;
        s.run("select tasker.create_task('shop', 'order', '{\"order_id\": 1}')").await;
        s.run(&format!(
            "select * from tasker.create_and_claim('{{\"namespace\": \"shop\", \"name\": \"order\", \"context\": {{\"order_id\": 2}}}}', {worker}, 9, 9)"
        ))
        .await;
        let again = json!({"namespace": "shop", "name": "order", "context": {"order_id": 3}, "idempotency_key": "k"});
        for _ in 0..2 {
            s.try_create(json!([again])).await.unwrap();
        }
        let bypassing = json!({"namespace": "shop", "name": "order", "context": {"order_id": 4}, "bypass_steps": ["a"]});
        s.try_create(json!([bypassing])).await.unwrap();
        // What is too deep, too long or no single value has no attribute.
        made(s, json!({"order_id": [5], "customer": {"id": {"x": 1}}})).await;
        for number in 1..=4 {
            let tasks = found(s, of(json!({"order_id": number}))).await.unwrap();
            assert_eq!(tasks.len(), 1, "{number}");
        }
        let kept = s.json("select count(*) as n from tasker.task_search_attributes").await;
        assert_eq!(kept["n"], 4);
        s.run("select tasker.prune_tasks('[{\"older_than_seconds\": 0}]')").await;
        let left = s
            .rows("select number_value::int as n from tasker.task_search_attributes order by 1")
            .await;
        assert_eq!(left, [json!({"n": 1}), json!({"n": 2}), json!({"n": 3})]);
    })
    .await;
}

#[tokio::test]
async fn what_has_no_index_is_refused_unless_a_time_bounds_it() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let task = made(s, json!({"order_id": 7, "tags": ["a", "b"], "a.b": 1})).await;
        for (context, told) in [
            (json!({"colour": 1}), "colour is not searchable in 'order'"),
            (json!({"order_id": 7, "colour": 1}), "colour is not searchable"),
            (json!({"order_id": [7]}), "order_id is not searchable"),
            (json!({"a.b": 1}), "'a.b' is not searchable"),
        ] {
            let error = found(s, of(context)).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(error.message.contains(told), "{}", error.message);
            assert!(
                error.message.contains("created_since")
                    && error
                        .message
                        .contains("searchable are customer.id, note, order_id"),
                "{}",
                error.message
            );
        }
        let now = s.now().await;
        for context in [
            json!({"tags": ["b"]}),
            json!({"a.b": 1}),
            json!({"order_id": 7, "tags": ["a"]}),
        ] {
            let since = TaskFilter {
                since: Some(now - TimeDelta::hours(1)),
                ..of(context.clone())
            };
            assert_eq!(found(s, since).await.unwrap(), [task], "{context}");
            let before = TaskFilter {
                created_before: Some(now - TimeDelta::hours(1)),
                ..of(context)
            };
            assert!(found(s, before).await.unwrap().is_empty());
        }
        let nameless = TaskFilter {
            name: None,
            ..of(json!({"order_id": 7}))
        };
        let error = found(s, nameless.clone()).await.unwrap_err();
        assert!(error.kind == ErrorKind::InvalidArgument && error.message.contains("`name`"));
        let store = s.store.clone();
        let error = store.count_tasks(&mut s.c, &nameless, 10).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        let error = store
            .list_tasks(&mut s.c, &of(json!({"colour": 1})))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn a_path_counts_where_every_version_that_is_meant_lists_it() {
    on_database(async |_, s| {
        s.register(&Plan::chain("order", &["a"])).await;
        let older = made(s, json!({"order_id": 7})).await;
        s.register(&order()).await;
        let newer = made(s, json!({"order_id": 7})).await;
        // The one from before has no attributes; with a time it is found all the same.
        assert_eq!(found(s, of(json!({"order_id": 7}))).await.unwrap(), [newer]);
        let since = TaskFilter {
            since: Some(s.now().await - TimeDelta::hours(1)),
            ..of(json!({"order_id": 7}))
        };
        assert_eq!(found(s, since).await.unwrap(), [newer, older]);
        s.register(&Plan::chain("order", &["a"]).with("version", json!("2.0.0")))
            .await;
        let error = found(s, of(json!({"order_id": 7}))).await.unwrap_err();
        assert!(
            error.message.contains("no searchable values"),
            "{}",
            error.message
        );
        let of_one = TaskFilter {
            version: Some("1.0.0".to_owned()),
            ..of(json!({"order_id": 7}))
        };
        assert_eq!(found(s, of_one).await.unwrap(), [newer]);
    })
    .await;
}

#[tokio::test]
async fn texts_of_any_length_can_be_created_and_found() {
    on_database(async |_, s| {
        s.register(&order()).await;
        // Beyond what an entry of an index holds, and nothing that compresses.
        let long: String = (0..4000u32)
            .map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000).unwrap())
            .collect();
        let number: Value = serde_json::from_str(&format!("1{}", "0".repeat(200))).unwrap();
        let request = json!({"namespace": "shop", "name": "order", "initiator": long, "source_system": long, "tags": [long, "b"],
            "context": {"order_id": number, "note": long}});
        let task = s.try_create(json!([request])).await.unwrap()[0].task_id;
        let other = format!("{}!", long.chars().take(500).collect::<String>());
        for (text, expected) in [(&long, vec![task]), (&other, vec![])] {
            for filter in [
                TaskFilter {
                    initiator: Some(text.clone()),
                    ..TaskFilter::default()
                },
                TaskFilter {
                    source_system: Some(text.clone()),
                    ..TaskFilter::default()
                },
                TaskFilter {
                    tags: vec!["b".to_owned(), text.clone()],
                    ..TaskFilter::default()
                },
                of(json!({"note": text})),
            ] {
                assert_eq!(found(s, filter).await.unwrap(), expected);
            }
        }
        let of_number = found(s, of(json!({"order_id": number}))).await.unwrap();
        assert_eq!(of_number, [task]);
    })
    .await;
}
