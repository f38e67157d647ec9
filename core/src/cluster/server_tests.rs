//! Tests of whole clusters. Each has one of its own, in a temporary directory, stopped and removed at the end.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::MetadataExt;
use tempfile::TempDir;

/// A place for one cluster, whose server is stopped when the test ends, also by a panic.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(
            tempfile::Builder::new()
                .prefix("tasker-cluster-")
                .tempdir()
                .unwrap(),
        )
    }

    fn options(&self) -> ClusterOptions {
        ClusterOptions {
            data_dir: Some(self.0.path().to_owned()),
            settings: ["fsync", "full_page_writes"]
                .map(|name| (name.to_owned(), "off".to_owned()))
                .into(),
            ..ClusterOptions::default()
        }
    }

    async fn open(&self) -> Cluster {
        Cluster::open(self.options()).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let cluster = Cluster::locate(self.options()).unwrap();
        cluster
            .control
            .stop(StopMode::Immediate, Duration::from_secs(20))
            .unwrap();
    }
}

async fn ask(url: &str, question: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let answer = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    answer
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn the_first_open_creates_and_starts_a_cluster_that_only_its_owner_can_reach() {
    let place = Place::new();
    let before = Cluster::locate(place.options()).unwrap();
    assert!(!before.status().exists && !before.status().running);
    assert!(
        before.database_url("x").is_err(),
        "a cluster that does not run has no URL"
    );

    let cluster = place.open().await;
    let status = cluster.status();
    assert!(status.exists && status.running && status.pid.is_some());
    for directory in [&status.data_dir, status.socket_dir.as_ref().unwrap()] {
        assert_eq!(std::fs::metadata(directory).unwrap().mode() & 0o777, 0o700);
    }
    let url = cluster.ensure_database("it's an \"odd\" name/?").await.unwrap();
    assert_eq!(
        ask(&url, "SELECT current_database()::text").await,
        "it's an \"odd\" name/?"
    );
    assert_eq!(ask(&url, "SHOW server_encoding").await, "UTF8");
    assert_eq!(ask(&url, "SHOW listen_addresses").await, "");
    assert_eq!(ask(&url, "SHOW timezone").await, "UTC");
}

#[tokio::test]
async fn a_second_open_reuses_the_running_server_and_its_databases() {
    let place = Place::new();
    let first = place.open().await;
    first.ensure_database("mine").await.unwrap();
    let second = place.open().await;
    assert_eq!(first.status(), second.status());
    assert_eq!(
        first.ensure_database("mine").await.unwrap(),
        second.database_url("mine").unwrap()
    );
    assert_eq!(
        ask(
            &second.database_url("mine").unwrap(),
            "SELECT current_database()::text"
        )
        .await,
        "mine"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_open_at_once_share_one_server_and_one_database() {
    let place = Place::new();
    let open = |options| async {
        let cluster = Cluster::open(options).await?;
        cluster.ensure_database("shared").await?;
        Ok::<_, Error>(cluster.status().pid)
    };
    let all: Vec<_> = (0..6).map(|_| tokio::spawn(open(place.options()))).collect();
    let mut pids = Vec::new();
    for one in all {
        pids.push(one.await.unwrap().unwrap().unwrap());
    }
    pids.dedup();
    assert_eq!(pids.len(), 1);
}

#[tokio::test]
async fn a_server_that_was_killed_is_started_again_with_all_that_was_committed() {
    let place = Place::new();
    let mut cluster = place.open().await;
    let url = cluster.ensure_database("kept").await.unwrap();
    let pid = cluster.status().pid.unwrap();
    kill(pid);
    cluster.start().await.unwrap();
    assert_ne!(cluster.status().pid.unwrap(), pid);
    assert_eq!(ask(&url, "SELECT current_database()::text").await, "kept");
}

#[tokio::test]
async fn a_pid_file_whose_number_belongs_to_another_process_does_not_keep_the_server_down() {
    let place = Place::new();
    let cluster = place.open().await;
    cluster.stop(StopMode::Fast).await.unwrap();
    assert!(!cluster.status().running);
    // As after a reboot: an innocent process has the number of the old server. (PostgreSQL would see through our own.)
    let mut innocent = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let (data, number) = (cluster.status().data_dir.join("data"), innocent.id());
    let socket = cluster.status().socket_dir.unwrap();
    let text = format!(
        "{number}\n{}\n1700000000\n5432\n{}\n\n",
        data.display(),
        socket.display()
    );
    std::fs::write(data.join("postmaster.pid"), &text).unwrap();
    std::fs::write(socket.join(".s.PGSQL.5432.lock"), &text).unwrap();
    let opened = Cluster::open(place.options()).await;
    innocent.kill().unwrap();
    innocent.wait().unwrap();
    assert!(opened.unwrap().status().running);
}

#[tokio::test]
async fn remains_of_an_interrupted_creation_are_neither_used_nor_kept() {
    let place = Place::new();
    let root = Cluster::locate(place.options()).unwrap().status().data_dir;
    std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700)
        .create(&root)
        .unwrap();
    std::fs::create_dir(root.join("new-0123")).unwrap();
    std::fs::write(root.join("new-0123/PG_VERSION"), "15").unwrap();
    assert!(place.open().await.status().running);
    assert!(!root.join("new-0123").exists());
}

#[tokio::test]
async fn a_restart_gives_a_new_server_with_the_same_databases_in_every_mode() {
    let place = Place::new();
    let mut cluster = place.open().await;
    let url = cluster.ensure_database("kept").await.unwrap();
    for mode in [StopMode::Smart, StopMode::Fast, StopMode::Immediate] {
        let before = cluster.status().pid.unwrap();
        cluster.restart(mode).await.unwrap();
        assert_ne!(cluster.status().pid.unwrap(), before);
        assert_eq!(ask(&url, "SELECT current_database()::text").await, "kept");
    }
}

#[tokio::test]
async fn stopping_twice_and_stopping_what_never_ran_succeed() {
    let place = Place::new();
    Cluster::locate(place.options())
        .unwrap()
        .stop(StopMode::Fast)
        .await
        .unwrap();
    let cluster = place.open().await;
    cluster.stop(StopMode::Fast).await.unwrap();
    cluster.stop(StopMode::Fast).await.unwrap();
    assert!(!cluster.status().running);
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_all_the_same() {
    let place = Place::new();
    let mut options = place.options();
    options.data_dir = Some(place.0.path().join("d ".repeat(50)));
    let cluster = Cluster::open(options.clone()).await.unwrap();
    let status = cluster.status();
    assert!(!status.socket_dir.as_ref().unwrap().starts_with(&status.data_dir));
    assert_eq!(
        ask(&cluster.database_url("postgres").unwrap(), "SHOW fsync").await,
        "off"
    );
    // Found again by a process that would choose another place for the socket.
    assert_eq!(Cluster::open(options).await.unwrap().status(), status);
    cluster.stop(StopMode::Immediate).await.unwrap();
    std::fs::remove_dir(status.socket_dir.unwrap()).unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_start_is_reported_with_what_its_log_says() {
    let place = Place::new();
    let mut options = place.options();
    options
        .settings
        .push(("shared_buffers".to_owned(), "a lot".to_owned()));
    let error = Cluster::open(options).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::DatabaseUnavailable);
    assert!(
        error.message.contains("shared_buffers") && error.message.contains("server.log"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_gone_is_not_replaced_by_an_empty_one() {
    let place = Place::new();
    let found = Search::of_this_process(None).find().unwrap();
    std::fs::create_dir_all(place.0.path().join("pg14/data")).unwrap();
    std::fs::write(place.0.path().join("pg14/data/PG_VERSION"), "14").unwrap();
    let error = matching(&found, place.0.path()).unwrap_err();
    assert!(
        error.message.contains("made by PostgreSQL 14"),
        "{}",
        error.message
    );
    // Beside it one that can be run: that is the one.
    let major = found[0].major;
    std::fs::create_dir_all(place.0.path().join(format!("pg{major}/data"))).unwrap();
    std::fs::write(
        place.0.path().join(format!("pg{major}/data/PG_VERSION")),
        major.to_string(),
    )
    .unwrap();
    assert_eq!(matching(&found, place.0.path()).unwrap().major, major);
    std::fs::remove_dir_all(place.0.path().join(format!("pg{major}"))).unwrap();
    std::fs::remove_dir_all(place.0.path().join("pg14")).unwrap();
}

#[tokio::test]
async fn root_without_user_namespaces_runs_the_server_as_nobody() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can become somebody else; everyone else runs the server directly.
    }
    let place = Place::new();
    let mut cluster = Cluster::locate(place.options()).unwrap();
    cluster.control.launcher = Launcher::Nobody;
    cluster.start().await.unwrap();
    let status = cluster.status();
    let owner = |path: &Path| std::fs::metadata(path).unwrap().uid();
    assert_eq!(owner(&status.data_dir.join("data")), 65534);
    assert_eq!(
        owner(&PathBuf::from(format!("/proc/{}", status.pid.unwrap()))),
        65534
    );
    // The next process finds out by itself, and its restart goes the same way.
    let mut next = place.open().await;
    assert_eq!(next.control.launcher, Launcher::Nobody);
    next.restart(StopMode::Fast).await.unwrap();
    assert_eq!(
        ask(
            &next.ensure_database("n").await.unwrap(),
            "SELECT current_database()::text"
        )
        .await,
        "n"
    );
}

#[tokio::test]
async fn a_place_that_nobody_can_reach_is_named() {
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let closed = tempfile::Builder::new().permissions(private).tempdir().unwrap();
    let error = Launcher::Nobody
        .check_reach(&closed.path().join("pg15"))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ConfigInvalid);
    assert!(
        error.message.contains(&closed.path().display().to_string()),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_copy_of_a_running_cluster_is_not_taken_for_the_original() {
    let (place, copy) = (Place::new(), Place::new());
    let original = place.open().await;
    let target = copy
        .0
        .path()
        .join(original.status().data_dir.file_name().unwrap());
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([&original.status().data_dir, &target])
        .status();
    assert!(status.unwrap().success());
    assert!(!Cluster::locate(copy.options()).unwrap().status().running);
    let opened = copy.open().await;
    assert_ne!(opened.status().pid, original.status().pid);
    assert!(original.status().running);
}

#[tokio::test]
async fn the_server_inherits_no_open_file_of_the_process_that_starts_it() {
    let place = Place::new();
    let file = std::fs::File::create(place.0.path().join("held-open")).unwrap();
    let number = rustix::io::fcntl_dupfd_cloexec(&file, 200).unwrap();
    rustix::io::fcntl_setfd(&number, rustix::io::FdFlags::empty()).unwrap();
    let pid = place.open().await.status().pid.unwrap();
    let Ok(open_files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return; // No /proc here to look into another process.
    };
    let names: Vec<_> = open_files
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .collect();
    assert!(names.iter().any(|name| name.ends_with("server.log")), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("held-open")), "{names:?}");
}
