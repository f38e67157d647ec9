//! The partitions of the trail: made ahead by anybody, dropped by age.
//!
//! These tests leave a trail with holes behind, so they do not check the whole database at their end.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::migrated;
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::OldPartition;
use tasker_tests::TestDatabase;

const DAY: f64 = 86_400.0;

impl Session {
    /// Makes partitions of a day each: how many.
    async fn add(&mut self) -> Result<usize, tasker_core::Error> {
        let store = self.store.clone();
        Ok(store.add_trail_partitions(&mut self.c, DAY).await?.len())
    }

    /// Drops what is two days old: what went, and what stayed because of a task.
    async fn drop_old(&mut self) -> (usize, Vec<OldPartition>) {
        let store = self.store.clone();
        let mut dropped = 0;
        loop {
            let (gone, kept): (Vec<_>, Vec<_>) = store
                .drop_trail_partitions(&mut self.c, 2.0 * DAY)
                .await
                .unwrap()
                .into_iter()
                .partition(|table| table.blocked_by.is_none());
            dropped += gone.len();
            if gone.is_empty() {
                return (dropped, kept);
            }
        }
    }

    async fn ranges(&mut self) -> Vec<Value> {
        self.rows("select parent, from_at, to_at from tasker.trail_partitions() order by parent, from_at")
            .await
    }

    /// The tables in which the trail of steps lies.
    async fn places(&mut self) -> Vec<Value> {
        self.rows("select distinct tableoid::regclass::text like '%default' as default from tasker.workflow_step_transitions")
            .await
    }
}

/// Noon of a day far away, so that no test stands at midnight.
async fn at_noon(database: &TestDatabase) -> Session {
    let mut s = Session::open(database).await;
    s.run("select set_config('tasker.now', '2030-03-05 12:00+00', false)")
        .await;
    s
}

#[tokio::test]
async fn partitions_are_made_ahead_side_by_side_for_both_tables_and_only_once() {
    let database = migrated().await.unwrap();
    let mut s = at_noon(&database).await;
    // Today, three whole days after it, and the one in which the fourth day from now lies.
    assert_eq!(s.add().await.unwrap(), 2 * 5);
    assert_eq!(s.add().await.unwrap(), 0);
    let ranges = s.ranges().await;
    assert_eq!(ranges.len(), 10);
    assert_eq!(ranges[0]["from_at"], "2030-03-05T00:00:00+00:00");
    for pair in ranges
        .windows(2)
        .filter(|pair| pair[0]["parent"] == pair[1]["parent"])
    {
        assert_eq!(pair[0]["to_at"], pair[1]["from_at"], "no gap");
    }
    s.advance(DAY).await;
    assert_eq!(s.add().await.unwrap(), 2);
    // A change of the width closes up where the last one ends.
    let store = s.store.clone();
    s.advance(DAY).await;
    let weeks = store.add_trail_partitions(&mut s.c, 7.0 * DAY).await.unwrap();
    assert_eq!(weeks.len(), 2 * 5, "{weeks:?}");
    let ranges = s.ranges().await;
    for pair in ranges
        .windows(2)
        .filter(|pair| pair[0]["parent"] == pair[1]["parent"])
    {
        assert_eq!(pair[0]["to_at"], pair[1]["from_at"], "no gap");
    }
}

#[tokio::test]
async fn many_at_once_make_each_partition_once() {
    let database = migrated().await.unwrap();
    let mut makers = Vec::new();
    for _ in 0..6 {
        let mut maker = at_noon(&database).await;
        makers.push(async move { maker.add().await });
    }
    let mut made = 0;
    for answer in futures_util::future::join_all(makers).await {
        match answer {
            Ok(count) => made += count,
            // Somebody else was in the way for too long: it comes again another time.
            Err(error) => assert_eq!(error.kind, ErrorKind::Timeout, "{error}"),
        }
    }
    assert_eq!(made, 10);
}

#[tokio::test]
async fn the_trail_goes_to_its_partition_and_to_default_where_there_is_none() {
    let database = migrated().await.unwrap();
    let mut s = at_noon(&database).await;
    s.register(&Plan::chain("order", &["a", "b"])).await;
    let worker = s.worker().await;
    s.create("order").await;
    s.drain(worker).await;
    assert_eq!(s.places().await, [json!({"default": true})]);
    // The day of a row that DEFAULT holds cannot be a partition any more; the days after it can.
    assert_eq!(s.add().await.unwrap(), 2 * 4);
    assert_eq!(s.ranges().await[0]["from_at"], "2030-03-06T00:00:00+00:00");
    s.advance(DAY).await;
    s.beat(worker).await;
    s.create("order").await;
    s.drain(worker).await;
    assert_eq!(s.places().await.len(), 2);
    tasker_tests::assert_consistent(&database).await;
}

#[tokio::test]
async fn writers_do_not_wait_long_for_partitions_nor_partitions_for_writers() {
    let database = migrated().await.unwrap();
    let (mut writer, mut maker) = (at_noon(&database).await, at_noon(&database).await);
    writer.register(&Plan::chain("order", &["a", "b"])).await;
    let worker = writer.worker().await;
    writer.create("order").await;
    writer.begin().await;
    writer.drain(worker).await;
    let refused = maker.add().await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Timeout, "{refused}");
    writer.commit().await;
    assert_eq!(maker.add().await.unwrap(), 8);
}

#[tokio::test]
async fn a_large_default_partition_is_not_looked_through_while_writers_wait() {
    let database = migrated().await.unwrap();
    let mut s = at_noon(&database).await;
    s.run("insert into tasker.task_transitions (task_id, seq, to_state, created_at) values (tasker.uuid_v7(), 1, 'complete', now())").await;
    let refused = s
        .try_run("select tasker.add_trail_partitions(p_most_default_bytes => 100)")
        .await
        .unwrap_err();
    assert!(refused.message.contains("quiet hour"), "{refused}");
}

#[tokio::test]
async fn partitions_are_dropped_by_age_but_not_while_a_task_of_their_time_may_run_or_be_retried() {
    let database = migrated().await.unwrap();
    let mut s = at_noon(&database).await;
    s.add().await.unwrap();
    s.register(&Plan::chain("order", &["a", "b"])).await;
    let worker = s.worker().await;
    s.create("order").await;
    s.drain(worker).await;
    s.advance(DAY).await;
    s.beat(worker).await;
    let failed = s.create("order").await;
    let key = s.claim_one(worker).await;
    s.fail(worker, key, false).await;
    s.advance(DAY).await;
    assert_eq!(s.drop_old().await, (0, Vec::new()), "one day old");
    s.advance(2.0 * DAY).await;
    let (dropped, kept) = s.drop_old().await;
    assert_eq!(dropped, 2, "the first day, of both tables");
    assert_eq!(
        kept.iter().map(|table| table.blocked_by).collect::<Vec<_>>(),
        [Some(failed), Some(failed)]
    );
    assert_eq!(s.trail(failed, 1).await, ["in_progress", "error"]);
    s.operate(failed, "cancel_task($1)").await;
    assert_eq!(s.drop_old().await, (2, Vec::new()));
    assert_eq!(s.trail(failed, 1).await, [""; 0]);
    assert_eq!(s.state(failed).await, "cancelled");
}

#[tokio::test]
async fn what_operators_did_goes_with_the_trail_of_its_time() {
    let database = migrated().await.unwrap();
    let mut s = at_noon(&database).await;
    s.add().await.unwrap();
    s.register(&Plan::chain("order", &["a"])).await;
    let worker = s.worker().await;
    let old = s.create("order").await;
    s.operate(old, "update_step($1, 1, 9, null, 'anna')").await;
    s.run("select tasker.pause('shop', p_by => 'anna')").await;
    s.run("select tasker.resume('shop', p_by => 'anna')").await;
    s.drain(worker).await;
    s.advance(DAY).await;
    s.beat(worker).await;
    let young = s.create("order").await;
    s.operate(young, "update_task($1, 'gift', p_by => 'bob')").await;
    s.run("select tasker.pause('shop', p_by => 'bob')").await;
    s.advance(1.6 * DAY).await;
    assert_eq!(s.drop_old().await.0, 2);
    let kept = s
        .rows("select task_id, namespace, metadata ->> 'by' as by from tasker.operator_actions order by action_id")
        .await;
    assert_eq!(
        kept,
        [
            json!({"task_id": young, "namespace": null, "by": "bob"}),
            json!({"task_id": null, "namespace": "shop", "by": "bob"}),
        ]
    );
}

#[tokio::test]
async fn the_trail_is_kept_for_two_days_at_least() {
    let database = migrated().await.unwrap();
    let mut s = Session::open(&database).await;
    let store = s.store.clone();
    let refused = store
        .drop_trail_partitions(&mut s.c, 1.9 * DAY)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidArgument);
}
