//! What stands in between, what was chosen for it, and whether hints are heard.

use super::{Doctor, client_with};
use crate::support::migrated;
use tasker_core::model::{CheckId, DatabaseSettings, DoctorLimits, Finding, PoolerSetting, Settings};
use tasker_tests::{Pooler, TestDatabase};

fn doctor(url: &str, database: DatabaseSettings) -> Doctor {
    let settings = Settings {
        database,
        ..Settings::default()
    };
    Doctor {
        client: client_with(url, settings),
        limits: DoctorLimits::default(),
    }
}

fn told(pooler: PoolerSetting) -> DatabaseSettings {
    DatabaseSettings {
        pooler,
        ..DatabaseSettings::default()
    }
}

fn listening_at(url: String) -> DatabaseSettings {
    DatabaseSettings {
        listen_url: Some(url),
        ..DatabaseSettings::default()
    }
}

async fn pooler(database: &TestDatabase, ignored: &str) -> Pooler {
    Pooler::start(&database.url(), 2, ignored).await.unwrap()
}

#[tokio::test]
async fn a_pooler_in_front_is_named_with_the_mode_chosen_and_every_other_check_is_made_through_it() {
    let database = migrated().await.unwrap();
    let pooler = pooler(&database, "").await;
    let direct = Doctor::on(&database.url());
    direct.no_longer_finds(Finding::PoolerInFront).await;
    let through = Doctor::on(&pooler.url(database.name()));
    let found = through.still_finds(Finding::PoolerInFront).await;
    assert!(found.message.contains("transaction mode"), "{}", found.message);
    assert_eq!(
        (&found.found["found"], &found.found["chosen"]),
        (&"transaction".into(), &"transaction".into())
    );
    through.still_finds(Finding::NobodyListens).await;
    let made = |report: tasker_core::model::DoctorReport| -> Vec<CheckId> {
        let mut made: Vec<CheckId> = report.checks.iter().map(|check| check.check).collect();
        made.dedup();
        made
    };
    assert_eq!(made(through.report().await), CheckId::ALL);
}

#[tokio::test]
async fn a_pooler_that_was_denied_is_found_behind_the_refusal() {
    let database = migrated().await.unwrap();
    let pooler = pooler(&database, "").await;
    let url = pooler.url(database.name());
    let found = doctor(&url, told(PoolerSetting::None))
        .still_finds(Finding::PoolerDenied)
        .await;
    assert!(found.advice[0].contains("database.pooler"), "{:?}", found.advice);
}

#[tokio::test]
async fn a_pooler_that_drops_parameters_and_was_denied_is_doubted() {
    let database = migrated().await.unwrap();
    let pooler = pooler(&database, "options, extra_float_digits").await;
    let url = pooler.url(database.name());
    doctor(&url, told(PoolerSetting::None))
        .still_finds(Finding::PoolerUnclear)
        .await;
    doctor(&url, told(PoolerSetting::Auto))
        .no_longer_finds(Finding::PoolerUnclear)
        .await;
}

#[tokio::test]
async fn a_pooler_that_was_named_and_is_not_there_is_told() {
    let database = migrated().await.unwrap();
    doctor(&database.url(), told(PoolerSetting::Transaction))
        .still_finds(Finding::PoolerNotThere)
        .await;
}

#[tokio::test]
async fn a_way_around_the_pooler_is_tried_out() {
    let database = migrated().await.unwrap();
    let pooler = pooler(&database, "").await;
    let url = pooler.url(database.name());
    let around = doctor(&url, listening_at(database.url())).report().await;
    let listener = around
        .checks
        .iter()
        .find(|check| check.check == CheckId::Listener)
        .unwrap();
    assert_eq!(listener.finding, None, "{listener:?}");

    let other = migrated().await.unwrap();
    doctor(&url, listening_at(other.url()))
        .still_finds(Finding::ListenerDeaf)
        .await;
    doctor(&url, listening_at(url.clone()))
        .still_finds(Finding::ListenerPooled)
        .await;
    let nowhere = "postgres://app@no-such-host.invalid/shop".to_owned();
    doctor(&url, listening_at(nowhere))
        .still_finds(Finding::ListenerUnreachable)
        .await;
}
