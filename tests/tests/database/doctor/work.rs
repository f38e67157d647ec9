//! Workers, and what waits for them.

use super::{Doctor, run, sql};
use crate::plan::Plan;
use crate::session::Session;
use crate::support::migrated;
use serde_json::{Value, json};
use tasker_core::model::{Finding, Why, WhyReason};
use tasker_tests::TestDatabase;

async fn shop() -> (TestDatabase, Session, Doctor) {
    let database = migrated().await.unwrap();
    let session = Session::open(&database).await;
    let doctor = Doctor::on(&database.url());
    (database, session, doctor)
}

/// A worker that has `work` and whose lease is over at once.
async fn short_lived(s: &mut Session) -> i64 {
    let row = s
        .json("select tasker.register_worker('brief', 'here', 7, 'rust', null, array['work'], 4, 0.000001) as id")
        .await;
    row["id"].as_i64().unwrap()
}

async fn why(s: &mut Session, task: tasker_core::model::TaskId) -> WhyReason {
    let row = s.json(&format!("select * from tasker.why('{task}', 1)")).await;
    serde_json::from_value::<Why>(row).unwrap().reason
}

#[tokio::test]
async fn without_a_worker_the_doctor_says_so_and_names_the_handler_that_is_missing() {
    let (_database, mut s, doctor) = shop().await;
    doctor.still_finds(Finding::NoLiveWorker).await;
    let mut task = None;
    let found = doctor
        .finds(Finding::HandlerMissing, async || {
            s.worker_for(&["other"]).await;
            task = Some(s.task_of(&Plan::chain("order", &["a", "b"])).await);
        })
        .await;
    assert_eq!(
        (&found.found["handler"], &found.found["waiting"]),
        (&"work".into(), &1.into())
    );
    assert_eq!(why(&mut s, task.unwrap()).await, WhyReason::NoWorker);
    doctor.no_longer_finds(Finding::NoLiveWorker).await;
    s.worker().await;
    doctor.no_longer_finds(Finding::HandlerMissing).await;
}

#[tokio::test]
async fn a_handler_that_is_paused_is_not_missing_and_told_when_the_pause_is_old() {
    let (_database, mut s, mut doctor) = shop().await;
    s.worker_for(&["other"]).await;
    let task = s.task_of(&Plan::chain("order", &["a"])).await;
    doctor.still_finds(Finding::HandlerMissing).await;
    let pauses = [
        "pause(null, null, 'work', 'anna', 'gateway is down')",
        "pause('shop')",
        "pause('shop', 'order')",
    ];
    for pause in pauses {
        s.run(&format!("select tasker.{pause}")).await;
    }
    s.run(&format!("select tasker.pause_task('{task}')")).await;
    doctor.no_longer_finds(Finding::HandlerMissing).await;
    doctor.no_longer_finds(Finding::PausedForLong).await;
    assert_eq!(why(&mut s, task).await, WhyReason::Paused);
    doctor.limits.pause_seconds = 0.0;
    let report = doctor.report().await;
    let mut told: Vec<&str> = report
        .of(Finding::PausedForLong)
        .map(|check| check.advice[0].as_str())
        .collect();
    told.sort_unstable();
    let one = format!("tasker task resume {task}");
    assert_eq!(
        told,
        [
            "tasker handler resume work",
            "tasker namespace resume shop",
            "tasker task resume --namespace shop --name order",
            &one
        ]
    );
    let who = report.of(Finding::PausedForLong).next().unwrap();
    assert!(
        who.message.contains("by anna") && who.message.contains("gateway is down"),
        "{}",
        who.message
    );
}

#[tokio::test]
async fn a_worker_that_is_not_heard_of_is_lost_with_what_it_holds() {
    let (_database, mut s, doctor) = shop().await;
    let task = s.task_of(&Plan::chain("order", &["a"])).await;
    let mut lost = 0;
    let found = doctor
        .finds(Finding::WorkerLost, async || {
            lost = short_lived(&mut s).await;
            s.claim_one(lost).await;
        })
        .await;
    assert_eq!(
        (&found.found["worker_id"], &found.found["held"]),
        (&lost.into(), &1.into())
    );
    assert_eq!(why(&mut s, task).await, WhyReason::WorkerLost);
    let reaper = s.worker().await;
    assert_eq!(s.reap(reaper).await.len(), 1);
    doctor.no_longer_finds(Finding::WorkerLost).await;
}

#[tokio::test]
async fn a_worker_that_has_stopped_asking_hangs_and_so_do_the_steps_that_wait_for_it() {
    let (_database, mut s, doctor) = shop().await;
    let task = s.task_of(&Plan::chain("order", &["a"])).await;
    let worker = s.worker().await;
    doctor.no_longer_finds(Finding::HandlerHangs).await;
    let oldest = json!({"handler": "work", "task_id": task, "step_no": 1, "seconds": 91.0});
    let found = doctor
        .finds(Finding::WorkerHangs, async || {
            s.run(&format!("select tasker.heartbeat({worker}, false, '{oldest}')"))
                .await;
        })
        .await;
    assert!(
        found.message.contains("work has run for 91 s"),
        "{}",
        found.message
    );
    doctor.still_finds(Finding::HandlerHangs).await;
    assert_eq!(why(&mut s, task).await, WhyReason::WorkerHangs);
}

#[tokio::test]
async fn a_step_past_its_deadline_and_the_handler_that_does_not_return_are_named() {
    let (_database, mut s, doctor) = shop().await;
    let plan = Plan::chain("order", &["a"]).set("timeout_seconds", json!(0.001));
    let task = s.task_of(&plan).await;
    let worker = s.worker().await;
    let found = doctor
        .finds(Finding::StepsStuck, async || {
            s.claim_one(worker).await;
        })
        .await;
    assert_eq!(found.found["steps"][0]["task_id"], json!(task));
    assert_eq!(why(&mut s, task).await, WhyReason::Stuck);
    doctor.no_longer_finds(Finding::WorkerStuck).await;
    let oldest = json!({"handler": "work", "task_id": task, "step_no": 1, "seconds": 5.0});
    s.run(&format!("select tasker.heartbeat({worker}, true, '{oldest}')"))
        .await;
    doctor.still_finds(Finding::WorkerStuck).await;
}

#[tokio::test]
async fn a_heartbeat_in_the_future_is_a_clock_that_was_moved() {
    let (_database, mut s, doctor) = shop().await;
    let found = doctor
        .finds(Finding::WorkerFromTheFuture, async || {
            s.advance(3600.0).await;
            s.worker().await;
        })
        .await;
    assert!(found.found["silent_seconds"].as_f64().unwrap() < -3000.0);
    s.run("reset tasker.now").await;
    s.run(found.advice[1].split_once("with ").unwrap().1).await;
    doctor.no_longer_finds(Finding::WorkerFromTheFuture).await;
}

#[tokio::test]
async fn a_step_in_quarantine_and_a_blocked_task_are_named() {
    let (_database, mut s, doctor) = shop().await;
    let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
    s.max_worker_losses = 1;
    let found = doctor
        .finds(Finding::StepsQuarantined, async || {
            let victim = short_lived(&mut s).await;
            s.claim_one(victim).await;
            let reaper = s.worker().await;
            s.reap(reaper).await;
        })
        .await;
    assert_eq!(
        found.advice[1],
        format!("tasker step retry {task} a --reset-attempts")
    );
    assert_eq!(why(&mut s, task).await, WhyReason::Quarantined);
    let blocked = doctor.still_finds(Finding::TasksBlocked).await;
    assert_eq!(blocked.found["task_id"], json!(task));
    let waiting = s
        .json(&format!("select reason from tasker.why('{task}', 2)"))
        .await;
    assert_eq!(waiting["reason"], Value::from("failed_upstream"));
    s.operate(task, "cancel_task($1)").await;
    doctor.no_longer_finds(Finding::TasksBlocked).await;
    doctor.no_longer_finds(Finding::StepsQuarantined).await;
}

#[tokio::test]
async fn maintenance_that_is_overdue_although_workers_live_is_told() {
    let (database, mut s, doctor) = shop().await;
    let late = "set tasker.now = '2020-01-01'; select at_cursor from tasker.begin_maintenance('tasks', 1); select tasker.end_maintenance('tasks', 60)";
    sql(&database.url(), late).await;
    let found = doctor
        .finds(Finding::MaintenanceOverdue, async || {
            s.worker().await;
        })
        .await;
    assert_eq!(found.found["name"], "tasks");
    let mut connection = database.connect().await.unwrap();
    run(&mut connection, "select tasker.end_maintenance('tasks', 60)").await;
    doctor.no_longer_finds(Finding::MaintenanceOverdue).await;
}

#[tokio::test]
async fn single_tasks_that_are_run_while_nobody_looks_after_the_rest_are_told() {
    let (database, _s, doctor) = shop().await;
    let worked_for = |age: &str| {
        format!(
            "select set_config('tasker.now', (clock_timestamp() - interval '{age}')::text, false);
             select set_config('shop.worker', tasker.register_worker('job', 'here', 7, 'ruby', null, array['work'], 1, 30)::text, false);
             select set_config('tasker.now', '', false); select tasker.stop_worker(current_setting('shop.worker')::bigint)"
        )
    };
    let found = doctor
        .finds(Finding::MaintenanceAbsent, async || {
            sql(&database.url(), &worked_for("5 s")).await;
        })
        .await;
    assert_eq!(found.found["short_runs"], 1);
    assert!(found.message.contains("so far"), "{found:?}");
    sql(&database.url(), &worked_for("2 min")).await;
    doctor.no_longer_finds(Finding::MaintenanceAbsent).await;
}
