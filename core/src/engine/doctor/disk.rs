//! The room on the server's disks, where the server is on this machine and says where its files are.

use super::words::{bytes, percent, share};
use crate::cluster::{Cluster, ClusterOptions};
use crate::model::{Check, CheckId, DoctorLimits, Finding};
use crate::store::{ServerFacts, Store};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A disk with less is as good as full: four files of WAL.
const NOTHING: i64 = 64 << 20;
/// With less a disk is low, however small it is.
const LITTLE: i64 = 1 << 30;
/// With more a disk is never low, however large it is.
const PLENTY: i64 = 20 << 30;

/// The room of the file system on which a directory lies.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Room {
    path: PathBuf,
    /// What the server may use of it.
    free_bytes: i64,
    total_bytes: i64,
}

/// The data directory, the WAL, tablespaces. Nothing where they are elsewhere, or this process may not look.
pub(super) fn of_server(store: &Store, server: &ServerFacts, limits: &DoctorLimits) -> Vec<Check> {
    // A connection over the network may end on another machine, behind a loopback that somebody forwards.
    let here = store.socket_directory().is_some() && server.local;
    let Some(data) = server.data_directory.as_deref().filter(|_| here) else {
        return Vec::new();
    };
    let data = Path::new(data);
    let places = [data.to_owned(), data.join("pg_wal")]
        .into_iter()
        .chain(server.tablespaces.iter().map(PathBuf::from));
    verdicts(rooms(places), limits)
}

/// The disk of the private cluster, also where its server does not run.
pub(super) async fn of_private_cluster(limits: &DoctorLimits) -> Vec<Check> {
    let located = tokio::task::spawn_blocking(|| Cluster::locate(ClusterOptions::default())).await;
    let Ok(Ok(cluster)) = located else {
        return Vec::new();
    };
    let root = cluster.status().data_dir;
    // Before it was ever created only what lies above exists.
    let Some(there) = root.ancestors().find(|path| path.exists()) else {
        return Vec::new();
    };
    verdicts(rooms([there.to_owned()]), limits)
}

/// The disk of a private cluster that somebody named by its URL, known by its socket: it lies beside the data.
pub(super) fn beside_socket(store: &Store, limits: &DoctorLimits) -> Vec<Check> {
    let root = store
        .socket_directory()
        .and_then(|socket| Some(socket.parent()?.to_owned()));
    match root.filter(|root| root.join("data/PG_VERSION").is_file()) {
        Some(root) => verdicts(rooms([root.join("data"), root.join("data/pg_wal")]), limits),
        None => Vec::new(),
    }
}

/// One for each file system.
fn rooms(places: impl IntoIterator<Item = PathBuf>) -> Vec<Room> {
    let mut found = BTreeMap::new();
    for path in places {
        let Ok(device) = std::fs::metadata(&path).map(|metadata| metadata.dev()) else {
            continue;
        };
        if let Ok(system) = rustix::fs::statvfs(&path) {
            let size =
                |blocks: u64| i64::try_from(blocks.saturating_mul(system.f_frsize)).unwrap_or(i64::MAX);
            found.entry(device).or_insert(Room {
                path,
                free_bytes: size(system.f_bavail),
                total_bytes: size(system.f_blocks),
            });
        }
    }
    found.into_values().collect()
}

fn verdicts(rooms: Vec<Room>, limits: &DoctorLimits) -> Vec<Check> {
    let told: Vec<Check> = rooms.iter().filter_map(|room| verdict(room, limits)).collect();
    if !told.is_empty() || rooms.is_empty() {
        return told;
    }
    let free: Vec<String> = rooms
        .iter()
        .map(|room| {
            format!(
                "{} free on the disk of {}",
                bytes(room.free_bytes),
                room.path.display()
            )
        })
        .collect();
    vec![Check::ok(CheckId::Disk, free.join(", "), json!({"disks": rooms}))]
}

fn verdict(room: &Room, limits: &DoctorLimits) -> Option<Check> {
    let left = share(room.free_bytes, room.total_bytes);
    let place = room.path.display();
    let free = format!("{} ({})", bytes(room.free_bytes), percent(left));
    let archive = "WAL that is kept for an archive or a replication slot is a usual reason: select * from pg_stat_archiver; select * from pg_replication_slots;";
    if room.free_bytes < NOTHING {
        return Some(
            Check::found(
                Finding::DiskFull,
                format!("the disk of {place} is full: {free} left. Without room for WAL the server stops"),
                json!(room),
            )
            .advise("make room for other files first: never delete anything in pg_wal by hand")
            .advise(archive)
            .advise("then let finished tasks go: tasker prune --older-than 30d --dry-run"),
        );
    }
    let low = room.free_bytes < LITTLE || (left < limits.free_disk_share && room.free_bytes < PLENTY);
    low.then(|| {
        Check::found(
            Finding::DiskLow,
            format!("the disk of {place} has {free} left"),
            json!(room),
        )
        .advise("tasker prune --older-than 30d --dry-run")
        .advise(archive)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_disks_are_judged_by_bytes_and_large_ones_by_their_share_too() {
        let verdict = |free_bytes, total_bytes| {
            let room = Room {
                path: PathBuf::from("data"),
                free_bytes,
                total_bytes,
            };
            verdict(&room, &DoctorLimits::default()).and_then(|check| check.finding)
        };
        assert_eq!(verdict(NOTHING - 1, 1 << 40), Some(Finding::DiskFull));
        assert_eq!(verdict(NOTHING, 1 << 27), Some(Finding::DiskLow));
        assert_eq!(verdict(LITTLE, 2 * LITTLE), None);
        assert_eq!(verdict(5 << 30, 1 << 37), Some(Finding::DiskLow));
        assert_eq!(verdict(PLENTY, 1 << 50), None);
    }
}
