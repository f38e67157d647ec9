//! The shortcuts for what comes alone (`complete_alone`, `create_and_claim`) leave the very rows that the long way leaves.

use crate::plan::Plan;
use crate::session::{Session, flush};
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::model::TaskId;
use tasker_core::store::{ClaimArguments, FlushArguments, FlushRow, FlushStatus, StepKey};

/// Everything that is known of a task, but for what differs between two tasks.
async fn rows_of(s: &mut Session, task: TaskId) -> Value {
    s.json(&format!(
        "select (select to_jsonb(t) - '{{task_id,created_xid,named_task_id,plan_id}}'::text[] from tasker.tasks t where task_id = '{task}') as task,
           (select jsonb_agg(to_jsonb(w) - '{{task_id,step_template_id,lane_id}}'::text[] order by step_no) from tasker.workflow_steps w where task_id = '{task}') as steps,
           (select jsonb_agg(to_jsonb(x) - '{{task_id,xid}}'::text[] order by seq) from tasker.task_transitions x where task_id = '{task}') as trail,
           (select jsonb_agg(to_jsonb(x) - '{{task_id,xid}}'::text[] order by step_no, seq) from tasker.workflow_step_transitions x where task_id = '{task}') as step_trail,
           (select jsonb_agg(c.step_nos order by c.step_nos) from tasker.worker_claims c where '{task}' = any (c.task_ids)) as claims"
    ))
    .await
}

/// What an answer says, but for what differs between two calls.
fn said(rows: &[FlushRow]) -> Vec<Value> {
    let mut said: Vec<Value> = rows
        .iter()
        .map(|row| {
            let (no, claim_no) = (row.key.step_no, row.key.claim_no);
            let kind = format!("{:?}", row.status);
            let context = matches!(row.status, FlushStatus::Claimed).then_some(&row.context);
            json!([
                kind,
                no,
                claim_no,
                row.attempt,
                row.ready_at,
                row.unvalidated,
                context,
                row.inputs,
                row.dependencies
            ])
        })
        .collect();
    said.sort_by_key(Value::to_string);
    said
}

/// A flush of one outcome, and how things stand when it comes.
struct Flush {
    name: &'static str,
    plan: Plan,
    /// Statements before the claim, with the task as $task and the worker as $worker.
    at_first: &'static str,
    /// Completed before, one after the other, each with sticky claims.
    before: &'static [i32],
    /// Statements just before the flush.
    then: &'static str,
    step_no: i32,
    change: fn(&mut FlushArguments),
    /// Whether the shortcut is taken.
    short: bool,
}

fn with(name: &'static str, plan: Plan, step_no: i32) -> Flush {
    Flush {
        name,
        plan,
        at_first: "",
        before: &[],
        then: "",
        step_no,
        change: |_| {},
        short: true,
    }
}

fn chain() -> Plan {
    Plan::chain("chain", &["a", "b"])
}

fn diamond() -> Plan {
    Plan::new("diamond")
        .step("a", &[])
        .step("b", &["a"])
        .step("c", &["a"])
        .step("d", &["b", "c"])
}

fn flushes() -> Vec<Flush> {
    vec![
        with("a chain goes on", chain(), 1),
        Flush {
            before: &[1],
            ..with("a chain ends", chain(), 2)
        },
        Flush {
            change: |flush| flush.room = 0,
            ..with("no room", chain(), 1)
        },
        Flush {
            change: |flush| flush.priority = 3,
            ..with("something better waits", chain(), 1)
        },
        Flush {
            then: "select tasker.drain_worker($worker)",
            ..with("the worker drains", chain(), 1)
        },
        with("the next handler is elsewhere", chain().handler("other"), 1),
        Flush {
            then: "select tasker.pause(p_handler => 'later')",
            ..with("the next handler is paused", chain().handler("later"), 1)
        },
        with(
            "the next step may be tried once, and a slot is free",
            chain().limit(1),
            1,
        ),
        Flush {
            change: |flush| flush.slots = 0,
            ..with(
                "the next step may be tried once, and no slot is free",
                chain().limit(1),
                1,
            )
        },
        Flush {
            change: |flush| flush.results = vec!["[1, {\"a\": null}]".to_owned()],
            ..with("with results", chain(), 1)
        },
        Flush {
            short: false,
            ..with("a fork", diamond(), 1)
        },
        Flush {
            before: &[1],
            ..with("the first parent of a join", diamond(), 2)
        },
        Flush {
            before: &[1, 2],
            ..with("the last parent of a join", diamond(), 3)
        },
        Flush {
            before: &[1, 2],
            change: |flush| flush.room = 0,
            ..with("the last parent of a join, without room", diamond(), 3)
        },
        with(
            "the first of two ends",
            Plan::new("two").step("a", &[]).step("b", &[]),
            1,
        ),
        Flush {
            before: &[1],
            ..with(
                "the last of two ends",
                Plan::new("two").step("a", &[]).step("b", &[]),
                2,
            )
        },
        Flush {
            short: false,
            then: "select tasker.pause_task('$task')",
            ..with("a paused task", chain(), 1)
        },
        Flush {
            short: false,
            at_first: "select tasker.resolve_step('$task', 2)",
            ..with("an operator was there", chain(), 1)
        },
        Flush {
            short: false,
            change: |flush| flush.keys[0].claim_no = 7,
            ..with("an attempt that was lost", chain(), 1)
        },
        Flush {
            short: false,
            before: &[1],
            ..with("an outcome that was recorded", chain(), 1)
        },
    ]
}

impl Flush {
    /// Brings a new task to the point, flushes with or without waiting for locks, and tells what came of it.
    async fn run(&self, s: &mut Session, wait: bool) -> (Vec<Value>, Value) {
        let worker = s.worker_for(&["work", "later"]).await;
        let task = s.create(&self.plan.compile().name).await;
        let said_of = |text: &str| {
            text.replace("$task", &task.to_string())
                .replace("$worker", &worker.to_string())
        };
        s.run(&said_of(self.at_first)).await;
        let roots = ClaimArguments {
            worker_id: worker,
            room: 100,
            slots: 100,
            task_ids: Some(vec![task]),
            ..ClaimArguments::default()
        };
        s.try_claim(&roots).await.unwrap();
        for &step_no in self.before {
            s.complete_sticky(
                worker,
                &[StepKey {
                    task_id: task,
                    step_no,
                    claim_no: 1,
                }],
                10,
            )
            .await;
        }
        s.run(&said_of(self.then)).await;
        let mut arguments = flush(
            &[StepKey {
                task_id: task,
                step_no: self.step_no,
                claim_no: 1,
            }],
            10,
        );
        (self.change)(&mut arguments);
        arguments.wait = wait;
        if !wait {
            assert_eq!(
                self.is_short(s, worker, &arguments).await,
                self.short,
                "{}",
                self.name
            );
        }
        let rows = s.try_complete(Some(worker), &arguments).await.unwrap();
        let mut rows_of = rows_of(s, task).await;
        let own = worker.to_string();
        // Each run has a worker of its own.
        rows_of = serde_json::from_str(
            &rows_of
                .to_string()
                .replace(&format!("\"worker_id\":{own}"), "\"worker_id\":0"),
        )
        .unwrap();
        s.run("select tasker.resume(p_handler => 'later') where exists (select from tasker.pauses)")
            .await;
        (said(&rows), rows_of)
    }

    async fn is_short(&self, s: &mut Session, worker: i64, flush: &FlushArguments) -> bool {
        let key = flush.keys[0];
        s.begin().await;
        let question = format!(
            "select tasker.complete_alone({worker}, '{{work,later}}', '{}', {}, {}, '{{}}', {}, {}, {}) is not null as short",
            key.task_id, key.step_no, key.claim_no, flush.room, flush.slots, flush.priority
        );
        // Two statements: what a function in a FROM clause writes is done when the statement is over.
        let short = s.json(&question).await["short"] == true;
        s.rollback().await;
        short
    }
}

#[tokio::test]
async fn an_outcome_that_comes_alone_is_recorded_as_one_among_many() {
    on_database(async |_, s| {
        s.freeze().await;
        for case in flushes() {
            s.register(&case.plan).await;
            let alone = case.run(s, false).await;
            let long_way = case.run(s, true).await;
            assert_eq!(alone, long_way, "{}", case.name);
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_whose_roots_are_handed_over_is_the_same_as_one_whose_roots_are_claimed() {
    let two = || {
        Plan::new("two")
            .step("a", &[])
            .step("b", &[])
            .step("c", &["a", "b"])
    };
    let context = json!({"context": {"order_id": 7}});
    let everything = json!({"context": {"a": [1]}, "initiator": "me", "source_system": "shop", "reason": "why", "tags": ["x", "y"],
        "requested_at": "2026-01-02T03:04:05Z", "traceparent": "00-1-2-01", "version": "1.0.0"});
    let schema = json!({"type": "object", "properties": {"order_id": {"type": "integer"}}});
    let cases = [
        ("a chain", chain(), context.clone(), 5, 5, true),
        ("every field", chain(), everything, 5, 5, true),
        ("two roots", two(), context.clone(), 5, 5, true),
        ("two roots, room for one", two(), context.clone(), 1, 1, true),
        (
            "a root that may be tried once",
            Plan::new("once").step("a", &[]).limit(1),
            context.clone(),
            5,
            5,
            true,
        ),
        (
            "a root that may be tried once, and no slot",
            Plan::new("once").step("a", &[]).limit(1),
            context.clone(),
            5,
            0,
            false,
        ),
        (
            "a handler elsewhere",
            Plan::new("else").step("a", &[]).handler("other"),
            context.clone(),
            5,
            5,
            false,
        ),
        (
            "a schema",
            chain().with("schema", schema),
            context.clone(),
            5,
            5,
            true,
        ),
        (
            "a priority of its own",
            chain(),
            json!({"priority": 1}),
            5,
            5,
            false,
        ),
        (
            "a step left out",
            chain().skippable(),
            json!({"bypass_steps": ["b"]}),
            5,
            5,
            false,
        ),
        (
            "an identity",
            chain(),
            json!({"idempotency_key": "k"}),
            5,
            5,
            false,
        ),
    ];
    for (name, plan, fields, room, slots, handed_over) in cases {
        on_database(async |_, s| {
            s.freeze().await;
            s.register(&plan).await;
            let worker = s.worker().await;
            let mut request = fields;
            request["namespace"] = json!("shop");
            request["name"] = json!(plan.compile().name);
            let store = s.store.clone();
            let rows = store
                .create_and_claim(&mut s.c, &request.to_string(), worker, room, slots)
                .await
                .unwrap();
            let created: Vec<_> = rows
                .iter()
                .filter(|row| row.status == FlushStatus::Created)
                .collect();
            assert_eq!(created.len(), 1, "{name}");
            assert_eq!(
                (
                    created[0].key.step_no,
                    created[0].key.claim_no,
                    created[0].attempt
                ),
                (1, 1, 0),
                "{name}"
            );
            let claims = |rows: &[FlushRow]| -> Vec<FlushRow> {
                rows.iter()
                    .filter(|row| row.status == FlushStatus::Claimed)
                    .cloned()
                    .collect()
            };
            assert_eq!(!claims(&rows).is_empty(), handed_over, "{name}");
            let short = rows_of(s, created[0].key.task_id).await;
            s.run("delete from tasker.task_identities").await;

            let task = s.try_create(json!([request])).await.unwrap()[0].task_id;
            let mut arguments = ClaimArguments {
                worker_id: worker,
                room,
                slots,
                ..ClaimArguments::default()
            };
            arguments.task_ids = Some(vec![task]);
            let long_way = if handed_over {
                s.try_claim(&arguments).await.unwrap()
            } else {
                Vec::new()
            };
            assert_eq!(said(&claims(&rows)), said(&claims(&long_way)), "{name}");
            assert_eq!(short, rows_of(s, task).await, "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_create_tasks_refuses_is_refused_where_roots_are_handed_over_too() {
    on_database(async |_, s| {
        s.register(&chain()).await;
        let worker = s.worker().await;
        let taken = s.create("chain").await;
        for wrong in [
            json!({}),
            json!([]),
            json!("chain"),
            json!({"name": "none"}),
            json!({"name": "chain", "version": "9.9.9"}),
            json!({"name": "chain", "plan_id": 99}),
            json!({"name": "chain", "context": []}),
            json!({"name": "chain", "priority": 10}),
            json!({"name": "chain", "bypass_steps": ["a"]}),
            json!({"name": "chain", "task_id": "00000000-0000-0000-0000-000000000000"}),
            json!({"name": "chain", "task_id": taken}),
        ] {
            let mut request = wrong;
            if let Some(fields) = request.as_object_mut() {
                fields.insert("namespace".to_owned(), json!("shop"));
            }
            let store = s.store.clone();
            let handed_over = store
                .create_and_claim(&mut s.c, &request.to_string(), worker, 5, 5)
                .await
                .unwrap_err();
            let plainly = s.try_create(json!([request])).await.unwrap_err();
            assert_eq!(handed_over.to_string(), plainly.to_string(), "{request}");
        }
        let store = s.store.clone();
        let request = json!({"namespace": "shop", "name": "chain"}).to_string();
        let rows = store
            .create_and_claim(&mut s.c, &request, worker + 1, 5, 5)
            .await
            .unwrap();
        let statuses: Vec<FlushStatus> = rows.iter().map(|row| row.status).collect();
        assert_eq!(
            statuses,
            [FlushStatus::Created, FlushStatus::Readied],
            "without a worker that lives"
        );
    })
    .await;
}
