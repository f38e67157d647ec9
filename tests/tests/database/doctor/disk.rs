//! A disk that fills. Where this process may not mount one, these tests say so and end.

use super::{Doctor, client_on};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tasker_core::ErrorKind;
use tasker_core::model::{CheckId, Finding, TaskRequest};
use tasker_tests::{PrivateServer, SmallDisk};

/// What does not compress.
fn noise() -> String {
    (0..25_000)
        .map(|_| format!("{:016x}", rand::random::<u64>()))
        .collect()
}

#[tokio::test]
async fn a_full_disk_is_named_by_the_doctor_and_by_the_error_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::mount(256).unwrap() else {
        return;
    };
    let server =
        PrivateServer::start_below(disk.path(), &[("max_wal_size", "64MB"), ("min_wal_size", "32MB")])
            .await
            .unwrap();
    let client = client_on(&server.database("shop").await.unwrap());
    client.migrate().await.unwrap();
    let plan = crate::plan::Plan::chain("order", &["a"]).compile();
    client.register_template(&plan, false).await.unwrap();
    let request = |key: &str| TaskRequest {
        namespace: Some("shop".to_owned()),
        idempotency_key: Some(key.to_owned()),
        context: json!({"noise": noise()}).as_object().unwrap().clone(),
        ..TaskRequest::new("order")
    };
    client.create_task(&request("first")).await.unwrap();
    let doctor = Doctor {
        client: client.clone(),
        limits: Default::default(),
    };
    let low = doctor.still_finds(Finding::DiskLow).await;
    assert!(
        low.found["path"].as_str().unwrap().contains("data"),
        "{}",
        low.found
    );
    let full = doctor
        .finds(Finding::DiskFull, async || disk.fill().unwrap())
        .await;
    assert_eq!(full.found["free_bytes"], 0);

    // A few may still find room in pages that the table has already.
    let error = loop {
        if let Err(error) = client.create_task(&request(&noise()[..40])).await {
            break error;
        }
    };
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::DatabaseUnavailable, true),
        "{error}"
    );
    assert!(error.message.contains("no room left on its disk"), "{error}");

    disk.make_room().unwrap();
    client.create_task(&request("third")).await.unwrap();
    doctor.no_longer_finds(Finding::DiskFull).await;
    let disk_check = doctor
        .report()
        .await
        .checks
        .into_iter()
        .find(|check| check.check == CheckId::Disk);
    assert_eq!(disk_check.unwrap().finding, Some(Finding::DiskLow));
}

#[tokio::test]
async fn a_server_that_went_down_because_its_disk_is_full_is_named_with_that_disk() {
    let Some(disk) = SmallDisk::mount(256).unwrap() else {
        return;
    };
    let mut server = PrivateServer::start_below(disk.path(), &[]).await.unwrap();
    let url = server.database("shop").await.unwrap();
    let doctor = Doctor::on(&url);
    doctor.no_longer_finds(Finding::DiskFull).await;
    disk.fill().unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // Each call begins another file of WAL, until there is no room for one: the server does not survive that.
    let write = "select pg_switch_wal(), pg_logical_emit_message(false, 'full', repeat('x', 1000000))";
    while sqlx::query(write).execute(&mut connection).await.is_ok() {}
    // Whether it is on its way down or gone already, the doctor looks at its disk.
    let report = doctor.report().await;
    assert_eq!(report.of(Finding::DiskFull).count(), 1, "{:#?}", report.checks);
    disk.make_room().unwrap();
    server.start_again().await.unwrap();
    doctor.no_longer_finds(Finding::DiskFull).await;
}
