//! A disk of a few megabytes, to be filled.

use anyhow::{Context, Result, ensure};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The file that takes what room there is.
const FILLING: &str = "filling";

/// A file system in memory, mounted on a temporary directory. Goes with its value.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts one of so many megabytes; none where this process may not mount, which is told on standard error.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn mount(megabytes: u32) -> Result<Option<Self>> {
        let passable = std::fs::Permissions::from_mode(0o711);
        let directory = tempfile::Builder::new()
            .prefix("tasker-disk-")
            .permissions(passable)
            .tempdir()?;
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m,mode=711"),
                "tmpfs",
            ])
            .arg(directory.path())
            .output()
            .context("there is no mount")?;
        if !mounted.status.success() {
            let why = String::from_utf8_lossy(&mounted.stderr);
            let forbidden = [
                "permission denied",
                "not permitted",
                "must be superuser",
                "only root",
            ];
            ensure!(
                forbidden.iter().any(|word| why.to_lowercase().contains(word)),
                "a disk for tests cannot be mounted: {}",
                why.trim()
            );
            let _ = writeln!(
                std::io::stderr(),
                "skipped: this process may not mount: {}",
                why.trim()
            );
            return Ok(None);
        }
        Ok(Some(Self { directory }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Leaves nothing free.
    ///
    /// # Errors
    /// When it cannot be written to for another reason than that it is full.
    pub fn fill(&self) -> Result<()> {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filling())?;
        for size in [1 << 16, 1 << 12] {
            let block = vec![1; size];
            loop {
                match file.write(&block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("the disk cannot be filled"),
                }
            }
        }
        Ok(())
    }

    /// Frees what [`SmallDisk::fill`] took.
    ///
    /// # Errors
    /// When it took nothing.
    pub fn make_room(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filling())?)
    }

    fn filling(&self) -> PathBuf {
        self.path().join(FILLING)
    }

    fn unmount(&self) -> Result<()> {
        let ended = Command::new("umount").arg("--lazy").arg(self.path()).output()?;
        ensure!(
            ended.status.success(),
            "{}",
            String::from_utf8_lossy(&ended.stderr).trim()
        );
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = self.unmount();
        if !std::thread::panicking() {
            assert!(
                unmounted.is_ok(),
                "the disk of a test stays mounted: {unmounted:?}"
            );
        }
    }
}
