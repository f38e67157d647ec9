//! Crash everywhere: it finds what is not right, and passes what is.

use crate::support::{Shop, begun, database, request, template, workflow};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tasker_core::handler::{HandlerError, Step};
use tasker_core::model::{State, TaskRequest};
use tasker_core::testing::{CrashMoment, CrashPoint, Workflow};

/// A gateway that takes money: once for a key, or each time it is asked.
#[derive(Debug, Clone, Default)]
struct Gateway {
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

impl Gateway {
    fn charge(&self, key: String) {
        *self.taken.lock().unwrap().entry(key).or_default() += 1;
    }

    /// What was taken since the last time that this was asked, by key.
    fn settle(&self) -> HashMap<String, usize> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

/// The shop with a gateway; `key`: what the handler of `charge` calls its charge.
fn shop_with(gateway: &Gateway, key: fn(&Step) -> String) -> Shop {
    let mut shop = Shop::new();
    let (gateway, charges) = (gateway.clone(), Arc::clone(&shop.charges));
    shop.registry.handler("shop.checkout.charge", move |step: Step| {
        charges.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        gateway.charge(key(&step));
        async move { Ok::<_, HandlerError>(json!({"charged": step.results("check").await?["order"]})) }
    });
    shop
}

fn by_order(_: &Step) -> String {
    "order-7".to_owned()
}

fn by_attempt(step: &Step) -> String {
    format!("order-7-{}", step.attempt())
}

#[tokio::test]
async fn a_handler_with_a_key_that_stays_the_same_is_right_wherever_the_process_dies() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let gateway = Gateway::default();
    let shop = shop_with(&gateway, by_order);
    let mut workflow = workflow(&mut connection, &shop).await;
    let began = workflow.now();
    let report = workflow
        .crash_everywhere(&request())
        .check(async |_, _| match gateway.settle().len() {
            1 => Ok(()),
            keys => Err(format!("{keys} charges and not one")),
        })
        .await
        .unwrap();
    assert!(report.is_right(), "{report}");
    // Undisturbed, and three points in each of four attempts.
    assert_eq!(report.variants.len(), 1 + 3 * 4);
    assert_eq!(
        report.to_string(),
        "right at each of 12 points at which its process can die"
    );
    assert_eq!(report.most_executions_of("charge"), 2);
    assert_eq!(shop.charged(), 13 + 1, "once in each run, twice in one of them");
    assert_eq!(workflow.now(), began, "the clock is back where it was");
}

#[tokio::test]
async fn a_handler_that_charges_again_is_found_at_the_one_point_where_it_does() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let gateway = Gateway::default();
    let shop = shop_with(&gateway, by_attempt);
    let report = workflow(&mut connection, &shop)
        .await
        .crash_everywhere(&request())
        .check(async |_, _| match gateway.settle().len() {
            1 => Ok(()),
            keys => Err(format!("{keys} charges and not one")),
        })
        .await
        .unwrap();
    assert!(!report.is_right());
    let broken: Vec<_> = report.broken().map(|variant| variant.crash.clone()).collect();
    let crash = CrashPoint {
        step: "charge".to_owned(),
        attempt: 1,
        when: CrashMoment::AfterHandler,
    };
    assert_eq!(broken, [Some(crash)]);
    assert_eq!(
        report.to_string(),
        "wrong in 1 of 13 runs, 12 of them with a crash:\n\
         - the process died after the handler of 'charge' had run and before its outcome was recorded (attempt 1):\n    \
         2 charges and not one"
    );
}

#[tokio::test]
async fn assertions_that_panic_are_told_with_the_crash_they_belong_to() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let report = workflow(&mut connection, &shop)
        .await
        .crash_everywhere(&request())
        .check(async |variant, _| {
            assert_eq!(variant.report.executions_of("ship"), 1, "shipped more than once");
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    let broken: Vec<_> = report.broken().collect();
    assert_eq!(broken.len(), 1);
    assert!(
        broken[0].problems[0].contains("shipped more than once"),
        "{report}"
    );
    assert_eq!(broken[0].crash.as_ref().unwrap().step, "ship");
    assert_eq!(
        (broken[0].executions["ship"], broken[0].status),
        (2, State::Complete)
    );
}

#[tokio::test]
async fn a_step_that_may_run_once_only_is_found_because_the_task_ends_otherwise() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let once = template(json!({
        "name": "checkout", "namespace_name": "shop", "version": "1.0.0",
        "step_templates": [
            {"name": "check"},
            {"name": "charge", "depends_on_step": "check", "default_retryable": false},
        ],
    }));
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&once).await.unwrap();
    let report = workflow.crash_everywhere(&request()).run().await.unwrap();
    let found: Vec<_> = report
        .broken()
        .map(|variant| variant.crash.clone().unwrap().when)
        .collect();
    assert_eq!(found, [CrashMoment::BeforeHandler, CrashMoment::AfterHandler]);
    for told in [
        "the task ended error and not complete",
        "the step 'charge' ended error and not complete (worker_lost)",
    ] {
        assert!(report.to_string().contains(told), "{report}");
    }
}

#[tokio::test]
async fn results_that_change_from_run_to_run_are_found_unless_they_may() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let mut shop = Shop::new();
    shop.registry
        .handler("shop.checkout.charge", |step: Step| async move {
            Ok::<_, HandlerError>(json!({"attempt": step.attempt()}))
        });
    for name in ["ship", "thank"] {
        shop.registry
            .handler(format!("shop.checkout.{name}"), |_: Step| async {
                Ok::<_, HandlerError>(())
            });
    }
    let mut workflow = workflow(&mut connection, &shop).await;
    let report = workflow.crash_everywhere(&request()).run().await.unwrap();
    assert_eq!(report.broken().count(), 2);
    assert!(
        report
            .to_string()
            .contains(r#"the step 'charge' returned {"attempt":2} and not {"attempt":1}"#),
        "{report}"
    );
    let report = workflow
        .crash_everywhere(&request())
        .may_differ("charge")
        .run()
        .await
        .unwrap();
    assert!(report.is_right(), "{report}");
    let error = workflow
        .crash_everywhere(&request())
        .may_differ("chrage")
        .run()
        .await
        .unwrap_err();
    assert!(error.message.contains("'chrage'"), "{error}");
}

#[tokio::test]
async fn attempts_that_are_made_to_fail_are_points_to_die_at_too() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let gateway = Gateway::default();
    let shop = shop_with(&gateway, by_order);
    let mut workflow = workflow(&mut connection, &shop).await;
    workflow
        .fault("charge")
        .on_attempt(1)
        .after_the_handler()
        .retryable("the answer was lost")
        .unwrap();
    workflow.fault("ship").on_attempt(1).retryable("no van").unwrap();
    let report = workflow.crash_everywhere(&request()).run().await.unwrap();
    assert!(report.is_right(), "{report}");
    // Six attempts; one of them never begins its handler, so that the process cannot die after it.
    assert_eq!(report.variants.len(), 1 + 3 * 6 - 1);
    assert_eq!(report.most_executions_of("charge"), 3);
}

#[tokio::test]
async fn what_a_variant_wrote_is_there_to_be_judged_and_gone_before_the_next() {
    let database = database().await;
    let mut connection = begun(&database).await;
    sqlx::raw_sql("create table charges (key text)")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    let lent = workflow.connection();
    let mut shop = Shop::new();
    // Exactly once: the row and the completion of the step are one transaction.
    shop.registry.handler("shop.checkout.charge", move |step: Step| {
        let lent = lent.clone();
        async move {
            lent.transaction(move |c| {
                Box::pin(async move {
                    sqlx::query("insert into charges values ('order-7')")
                        .execute(&mut *c)
                        .await?;
                    step.complete_in(c, &json!({"charged": 7})).await?;
                    Ok::<_, HandlerError>(())
                })
            })
            .await?
        }
    });
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&crate::support::checkout()).await.unwrap();
    let report = workflow
        .crash_everywhere(&request())
        .check(async |_, c| {
            let charges: i64 = sqlx::query_scalar("select count(*) from charges")
                .fetch_one(c)
                .await
                .unwrap();
            assert_eq!(charges, 1, "rows in charges");
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    assert!(report.is_right(), "{report}");
    assert_eq!(report.most_executions_of("charge"), 1, "complete is complete");
    let left = crate::support::count(&mut connection, "charges").await;
    assert_eq!(left, 0);
    assert_eq!(crate::support::count(&mut connection, "tasker.tasks").await, 0);
}

#[tokio::test]
async fn a_request_that_is_a_duplicate_cannot_be_crashed() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let keyed = TaskRequest {
        idempotency_key: Some("order-7".to_owned()),
        ..request()
    };
    let report = workflow.crash_everywhere(&keyed).run().await.unwrap();
    assert!(report.is_right(), "the key goes with each savepoint: {report}");
    workflow.create(&keyed).await.unwrap();
    let error = workflow.crash_everywhere(&keyed).run().await.unwrap_err();
    assert!(error.message.contains("a task of its own"), "{error}");
}
