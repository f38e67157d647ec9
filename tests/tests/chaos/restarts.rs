//! The server restarts under load.

use crate::stage::{Stage, settings};
use tasker_core::cluster::StopMode;
use tasker_tests::PrivateServer;

async fn restarted(mode: StopMode) {
    let mut server = PrivateServer::start().await.unwrap();
    let mut stage = Stage::new(server.database("chaos").await.unwrap(), settings()).await;
    let workers: Vec<_> = (0..3).map(|_| stage.worker(8)).collect();
    stage.create("diamond", 300, 10).await;
    let done = "select count(*) from tasker.workflow_steps where state = 'complete'";
    for at_least in [100, 500, 900] {
        stage.until(done, at_least).await;
        server.restart(mode).await.unwrap();
    }
    stage.until_complete(300).await;
    assert_eq!(
        stage
            .number("select count(*) from tasker.workers where state = 'dead'")
            .await,
        0,
        "nobody was taken for dead"
    );
    stage.check().await;
    drop(workers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restarted_under_load_loses_and_doubles_nothing() {
    restarted(StopMode::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_under_load_loses_and_doubles_nothing() {
    restarted(StopMode::Immediate).await;
}
