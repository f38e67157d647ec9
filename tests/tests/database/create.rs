//! `create_tasks` and `create_task`.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::{on_database, race};
use serde_json::json;
use tasker_core::ErrorKind;

fn order() -> Plan {
    Plan::chain("order", &["validate", "charge", "ship"])
}

#[tokio::test]
async fn a_request_without_a_version_means_the_latest_by_semver_and_not_by_text() {
    on_database(async |_, s| {
        for version in ["1.9.0", "1.10.0", "1.2.0"] {
            s.register(&order().with("version", json!(version))).await;
        }
        let task = s.create("order").await;
        let version = s
            .json(&format!("select n.version from tasker.tasks t join tasker.named_tasks n using (named_task_id) where t.task_id = '{task}'"))
            .await;
        assert_eq!(version, json!({"version": "1.10.0"}));
        let older = s.create_with("order", json!({"version": "1.2.0"})).await.task_id;
        let version = s
            .json(&format!("select n.version from tasker.tasks t join tasker.named_tasks n using (named_task_id) where t.task_id = '{older}'"))
            .await;
        assert_eq!(version, json!({"version": "1.2.0"}));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_registered_is_an_unknown_named_task() {
    on_database(async |_, s| {
        s.register(&order()).await;
        for request in [
            json!({"namespace": "shop", "name": "ordr"}),
            json!({"namespace": "shp", "name": "order"}),
            json!({"name": "order"}),
            json!({"namespace": "shop", "name": "order", "version": "9.0.0"}),
        ] {
            let error = s.try_create(json!([request])).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::UnknownNamedTask, "{request}: {error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_task_waits_at_its_roots_with_what_the_request_said() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let made = s
            .create_with("order", json!({"context": {"n": 1}, "tags": ["a"], "initiator": "me", "reason": "why", "requested_at": "2020-01-02T03:04:05Z"}))
            .await;
        assert!(made.created && !made.pruned);
        let row = s.json("select state, total_steps, context, tags, initiator, source_system, reason, requested_at from tasker.tasks").await;
        assert_eq!(
            row,
            json!({"state": "pending", "total_steps": 3, "context": {"n": 1}, "tags": ["a"], "initiator": "me",
                   "source_system": "unknown", "reason": "why", "requested_at": "2020-01-02T03:04:05+00:00"})
        );
        assert!(s.step(made.task_id, 1).await.ready_at.is_some());
        assert_eq!(s.step(made.task_id, 2).await.ready_at, None);
        assert_eq!(s.step(made.task_id, 3).await.open_parents, 1);
    })
    .await;
}

#[tokio::test]
async fn ids_that_are_no_uuid_v7_of_today_are_refused() {
    on_database(async |_, s| {
        s.register(&order()).await;
        for id in [
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8", // version 1
            "01890a5d-ac96-774b-bcce-b302099a8057", // version 7, of 2023
            "ffffffff-ffff-7fff-bfff-ffffffffffff",
        ] {
            let error = s
                .try_create(json!([{"namespace": "shop", "name": "order", "task_id": id}]))
                .await
                .unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{id}: {error}");
        }
        let id = uuid::Uuid::now_v7();
        assert_eq!(s.create_with("order", json!({"task_id": id})).await.task_id, id);
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_taken_already_exists() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let id = s.create("order").await;
        let error = s
            .try_create(json!([{"namespace": "shop", "name": "order", "task_id": id}]))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
        assert!(error.message.contains(&id.to_string()), "{error}");
    })
    .await;
}

#[tokio::test]
async fn requests_of_the_wrong_shape_are_invalid_arguments_that_name_the_request() {
    on_database(async |_, s| {
        s.register(&order()).await;
        for (fields, text) in [
            (json!({"priority": 10}), "priority"),
            (json!({"priority": -1}), "priority"),
            (json!({"context": [1]}), "context"),
            (json!({"idempotency_key": ""}), "idempotency_key"),
            (
                json!({"idempotency_key": "k", "idempotency_ttl_seconds": 0}),
                "idempotency_ttl_seconds",
            ),
            (json!({"identity_strategy": "key"}), "idempotency_key"),
            (json!({"identity_strategy": "magic"}), "identity_strategy"),
            (json!({"on_duplicate": "ignore"}), "on_duplicate"),
            (json!({"bypass_steps": ["validate"]}), "not skippable"),
            (json!({"bypass_steps": ["nothing"]}), "nothing"),
            (json!({"name": ""}), "name"),
        ] {
            let mut request = json!({"namespace": "shop", "name": "order"});
            request
                .as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            let error = s
                .try_create(json!([{"namespace": "shop", "name": "order"}, request]))
                .await
                .unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{fields}: {error}");
            assert!(error.message.contains(text), "{fields}: {error}");
        }
        for wrong in [json!({}), json!([1]), json!(["x"]), json!([null])] {
            let error = s.try_create(wrong.clone()).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{wrong}: {error}");
        }
        assert_eq!(
            s.json("select count(*) as n from tasker.tasks").await,
            json!({"n": 0})
        );
        assert!(s.try_create(json!([])).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn one_bad_request_creates_none_of_the_batch() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let good = json!({"namespace": "shop", "name": "order"});
        let bad = json!({"namespace": "shop", "name": "nothing"});
        assert!(s.try_create(json!([good, bad, good])).await.is_err());
        assert_eq!(
            s.json("select count(*) as n from tasker.tasks").await,
            json!({"n": 0})
        );
        let made = s.try_create(json!([good, good])).await.unwrap();
        assert!(
            made.len() == 2 && made.iter().all(|made| made.created) && made[0].task_id != made[1].task_id
        );
    })
    .await;
}

#[tokio::test]
async fn a_task_made_in_a_transaction_that_rolls_back_was_never_there() {
    on_database(async |_, s| {
        s.register(&order()).await;
        s.begin().await;
        let first = s.create_with("order", json!({"idempotency_key": "k"})).await;
        s.rollback().await;
        assert_eq!(
            s.json("select count(*) as n from tasker.tasks").await,
            json!({"n": 0})
        );
        let second = s.create_with("order", json!({"idempotency_key": "k"})).await;
        assert!(second.created && second.task_id != first.task_id);
    })
    .await;
}

#[tokio::test]
async fn any_sql_client_creates_a_task_with_create_task() {
    on_database(async |_, s| {
        s.register(&order().with("schema", json!({"type": "object"}))).await;
        let made = s.json("select * from tasker.create_task('shop', 'order', context => '{\"a\": [null]}', tags => '{x}', priority => 2)").await;
        assert_eq!(made["created"], json!(true));
        let row = s.json("select task_id, context, tags, unvalidated from tasker.tasks").await;
        assert_eq!(row, json!({"task_id": made["created_task_id"], "context": {"a": [null]}, "tags": ["x"], "unvalidated": true}));
        let row = s.json("select * from tasker.create_task('shop', 'order', context => null, bypass_steps => '{}')").await;
        assert_eq!(row["created"], json!(true));
    })
    .await;
}

#[tokio::test]
async fn the_priority_of_a_request_moves_all_its_steps_to_other_lanes() {
    on_database(async |_, s| {
        let plan = Plan::new("mixed")
            .step("a", &[])
            .priority(2)
            .step("b", &[])
            .limit(1);
        s.register(&plan).await;
        let own = s.create("mixed").await;
        let given = s.create_with("mixed", json!({"priority": 7})).await.task_id;
        let lane = |row: crate::session::StepRow| (row.priority, row.mode);
        assert_eq!(
            (lane(s.step(own, 1).await), lane(s.step(own, 2).await)),
            ((2, 0), (4, 1))
        );
        assert_eq!(
            (lane(s.step(given, 1).await), lane(s.step(given, 2).await)),
            ((7, 0), (7, 1))
        );
    })
    .await;
}

#[tokio::test]
async fn dependents_of_a_bypassed_step_wait_for_what_it_would_have_waited_for() {
    on_database(async |_, s| {
        let plan = Plan::new("chain")
            .step("a", &[])
            .step("b", &["a"])
            .skippable()
            .step("c", &["b"])
            .skippable()
            .step("d", &["c", "a"]);
        s.register(&plan).await;
        let task = s
            .create_with("chain", json!({"bypass_steps": ["b", "c"]}))
            .await
            .task_id;
        assert_eq!(
            s.states(task).await,
            ["pending", "resolved_manually", "resolved_manually", "pending"]
        );
        assert_eq!(s.step(task, 2).await.results, Some(json!({"bypassed": true})));
        assert_eq!(s.step(task, 4).await.open_parents, 1);
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        assert_eq!(key.step_no, 1);
        s.complete(worker, &[key]).await;
        let key = s.claim_one(worker).await;
        assert_eq!(key.step_no, 4);
        s.complete(worker, &[key]).await;
        assert_eq!(s.state(task).await, "complete");
        assert_eq!(s.trail(task, 0).await, ["in_progress", "complete"]);
    })
    .await;
}

#[tokio::test]
async fn a_bypassed_root_readies_and_a_bypassed_sink_is_not_waited_for() {
    on_database(async |_, s| {
        let plan = Plan::new("ends")
            .step("a", &[])
            .skippable()
            .step("b", &["a"])
            .step("c", &["b"])
            .skippable();
        s.register(&plan).await;
        let task = s
            .create_with("ends", json!({"bypass_steps": ["a", "c"], "priority": 1}))
            .await
            .task_id;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        assert_eq!(key.step_no, 2);
        s.complete(worker, &[key]).await;
        assert_eq!(s.state(task).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn a_task_with_nothing_left_to_run_completes_at_creation_through_in_progress() {
    on_database(async |_, s| {
        let plan = Plan::new("none")
            .step("a", &[])
            .skippable()
            .step("b", &["a"])
            .skippable();
        s.register(&plan).await;
        let task = s
            .create_with("none", json!({"bypass_steps": ["a", "b"]}))
            .await
            .task_id;
        assert_eq!(s.state(task).await, "complete");
        assert_eq!(s.trail(task, 0).await, ["in_progress", "complete"]);
    })
    .await;
}

#[tokio::test]
async fn an_identical_request_within_the_window_is_the_same_task() {
    on_database(async |_, s| {
        s.register(&order()).await;
        s.freeze().await;
        let hash = |fields: serde_json::Value| {
            let mut all = json!({"identity_strategy": "hash", "context": {"a": 1, "b": 2}});
            all.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            all
        };
        let first = s.create_with("order", hash(json!({}))).await;
        let same = s
            .create_with(
                "order",
                hash(json!({"tags": ["x"], "priority": 1, "context": {"b": 2, "a": 1}})),
            )
            .await;
        assert!(
            !same.created && same.task_id == first.task_id,
            "not tags, not priority, not the order of keys"
        );
        for other in [
            json!({"reason": "r"}),
            json!({"initiator": "i"}),
            json!({"source_system": "s"}),
            json!({"context": {}}),
        ] {
            assert!(
                s.create_with("order", hash(other.clone())).await.created,
                "{other}"
            );
        }
        s.advance(61.0).await;
        assert!(
            s.create_with("order", hash(json!({}))).await.created,
            "after the window"
        );
        s.advance(20.0).await;
        assert!(
            s.create_with("order", hash(json!({"identity_window_seconds": 10})))
                .await
                .task_id
                != first.task_id
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_makes_one_task_of_many_requests_for_its_time() {
    on_database(async |_, s| {
        s.register(&order()).await;
        s.register(&order().with("version", json!("2.0.0"))).await;
        s.register(&Plan::chain("other", &["a"])).await;
        s.freeze().await;
        let key = json!({"idempotency_key": "k", "idempotency_ttl_seconds": 100, "identity_strategy": "key"});
        let first = s.create_with("order", key.clone()).await;
        s.advance(99.0).await;
        assert!(!s.create_with("order", key.clone()).await.created);
        assert!(
            s.create_with("other", key.clone()).await.created,
            "a key belongs to a named task"
        );
        s.advance(2.0).await;
        let again = s.create_with("order", key.clone()).await;
        assert!(
            again.created && again.task_id != first.task_id,
            "the first request's time counts, from creation"
        );

        let forever = json!({"idempotency_key": "for ever"});
        let first = s.create_with("order", forever.clone()).await;
        s.advance(1e9).await;
        assert_eq!(s.create_with("order", forever).await.task_id, first.task_id);
    })
    .await;
}

#[tokio::test]
async fn a_key_with_other_content_is_a_mismatch_whatever_the_strategy() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let first = s.create_with("order", json!({"idempotency_key": "k", "context": {"a": 1}})).await;
        for strategy in ["default", "hash", "key", "custom"] {
            let request = json!([{"namespace": "shop", "name": "order", "idempotency_key": "k", "identity_strategy": strategy, "context": {"a": 2}}]);
            let error = s.try_create(request).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::IdempotencyMismatch, "{error}");
            assert!(error.message.contains(&first.task_id.to_string()), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_may_be_an_error_in_the_words_of_old() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let hash = json!({"namespace": "shop", "name": "order", "identity_strategy": "hash", "on_duplicate": "reject"});
        s.try_create(json!([hash])).await.unwrap();
        let error = s.try_create(json!([hash])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists);
        assert!(error.message.contains("is identical to a request made in the last minute"), "{error}");
        let key = json!({"namespace": "shop", "name": "order", "idempotency_key": "k", "on_duplicate": "reject"});
        let error = s.try_create(json!([key, key])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
        assert_eq!(s.json("select count(*) as n from tasker.tasks").await, json!({"n": 1}));
    })
    .await;
}

#[tokio::test]
async fn duplicates_inside_one_batch_are_one_task_and_are_answered_in_order() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let keyed = |key: &str| json!({"namespace": "shop", "name": "order", "idempotency_key": key});
        let plain = json!({"namespace": "shop", "name": "order"});
        let made = s
            .try_create(json!([keyed("z"), plain, keyed("a"), keyed("z"), keyed("a")]))
            .await
            .unwrap();
        assert_eq!(
            made.iter().map(|made| made.created).collect::<Vec<_>>(),
            [true, true, true, false, false]
        );
        assert_eq!(
            (made[3].task_id, made[4].task_id),
            (made[0].task_id, made[2].task_id)
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_counts_after_its_task_was_pruned() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let first = s.create_with("order", json!({"idempotency_key": "k"})).await;
        s.run("delete from tasker.workflow_steps; delete from tasker.tasks")
            .await;
        let again = s.create_with("order", json!({"idempotency_key": "k"})).await;
        assert!(!again.created && again.pruned && again.task_id == first.task_id);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_validated_against_a_replaced_plan_is_to_be_validated_again() {
    on_database(async |_, s| {
        s.register(&order()).await;
        let plan = s.json("select plan_id from tasker.plans").await["plan_id"].clone();
        s.register(&Plan::chain("order", &["a"])).await;
        let error = s
            .try_create(json!([{"namespace": "shop", "name": "order", "plan_id": plan}]))
            .await
            .unwrap_err();
        assert_eq!(
            tasker_core::store::sqlstate(&error),
            Some(tasker_core::store::STALE_PLAN)
        );
        assert!(error.retry);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_waits_for_the_open_transaction_that_holds_its_key() {
    on_database(async |db, s| {
        s.register(&order()).await;
        let mut other = Session::open(db).await;
        let request = json!({"idempotency_key": "k"});
        let found = race(
            db,
            s,
            &mut other,
            async |s| {
                s.create_with("order", request.clone()).await;
            },
            async |s| s.create_with("order", request.clone()).await,
        )
        .await;
        assert!(!found.created);
        assert_eq!(
            s.json("select count(*) as n from tasker.tasks").await,
            json!({"n": 1})
        );
    })
    .await;
}

#[tokio::test]
async fn two_batches_with_the_same_keys_in_opposite_order_do_not_wait_in_a_circle() {
    on_database(async |db, s| {
        s.register(&order()).await;
        let keyed = |key: &str| json!({"namespace": "shop", "name": "order", "idempotency_key": key});
        let mut other = Session::open(db).await;
        let (forth, back) = (json!([keyed("a"), keyed("b")]), json!([keyed("b"), keyed("a")]));
        let found = race(
            db,
            s,
            &mut other,
            async |s| {
                s.try_create(forth).await.unwrap();
            },
            async |s| s.try_create(back).await.unwrap(),
        )
        .await;
        assert!(found.iter().all(|found| !found.created));
    })
    .await;
}
