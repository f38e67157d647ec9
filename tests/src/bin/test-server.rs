//! `test-server start` starts the server that all tests share and prints its URL; `test-server stop` stops it;
//! `test-server remove` stops it and removes its files.

use anyhow::{Result, bail};
use std::io::Write;
use tasker_tests::SharedServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let verb = std::env::args().nth(1);
    match verb.as_deref() {
        Some("start") => {
            let url = SharedServer::open().await?.url("postgres");
            Ok(writeln!(std::io::stdout(), "{url}")?)
        }
        Some("stop") => SharedServer::stop().await,
        Some("remove") => {
            SharedServer::stop().await?;
            Ok(std::fs::remove_dir_all(tasker_tests::shared_data_dir()?)?)
        }
        _ => bail!("usage: test-server start|stop|remove"),
    }
}
