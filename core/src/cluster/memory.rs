//! How much memory the server takes.

const MEGABYTE: u64 = 1 << 20;
/// PostgreSQL's own default, and the least.
const LEAST: u64 = 128 * MEGABYTE;
/// The most: what else runs on the machine wants some, too.
const MOST: u64 = 8192 * MEGABYTE;
/// PostgreSQL's own default, and the least, of what one run of autovacuum takes.
const LEAST_FOR_VACUUM: u64 = 64 * MEGABYTE;

/// `shared_buffers` for this machine: a quarter of its memory, as PostgreSQL's manual has it, and no more than 8 GB. Memory is
/// taken only as pages are used. None where the memory of the machine is not known; PostgreSQL has a default then.
///
/// What is read again and again stays in these buffers whatever else is read. The page cache of the system promises nothing:
/// autovacuum, which reads all tables over and over beside a held snapshot, drives out what is in use.
pub(super) fn shared_buffers() -> Option<String> {
    memory().map(|memory| in_megabytes(buffers_for(memory)))
}

/// `autovacuum_work_mem` for this machine: an eighth of `shared_buffers`. It takes 6 bytes for each dead row that indexes point
/// to, and all indexes are read once for each time that it is full: after a snapshot that was held for long that is often.
pub(super) fn autovacuum_work_mem() -> Option<String> {
    memory().map(|memory| in_megabytes(vacuum_for(memory)))
}

fn buffers_for(memory: u64) -> u64 {
    (memory / 4).clamp(LEAST, MOST)
}

fn vacuum_for(memory: u64) -> u64 {
    (buffers_for(memory) / 8).max(LEAST_FOR_VACUUM)
}

fn in_megabytes(bytes: u64) -> String {
    format!("{}MB", bytes / MEGABYTE)
}

/// The memory of the machine, or of the container, in bytes.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    let machine = info.totalram.saturating_mul(info.mem_unit.into());
    let limits = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    limits
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
        .chain([machine])
        .min()
        .filter(|memory| *memory > 0)
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn memory() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_a_quarter_of_the_memory_within_bounds() {
        assert_eq!(in_megabytes(buffers_for(8 << 30)), "2048MB");
        assert_eq!(in_megabytes(buffers_for(256 << 30)), "8192MB");
        assert_eq!(in_megabytes(buffers_for(300 << 20)), "128MB");
    }

    #[test]
    fn autovacuum_has_an_eighth_of_the_buffers_and_no_less_than_by_default() {
        assert_eq!(in_megabytes(vacuum_for(256 << 30)), "1024MB");
        assert_eq!(in_megabytes(vacuum_for(300 << 20)), "64MB");
    }

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn the_memory_of_this_machine_is_known() {
        assert!(memory().is_some_and(|bytes| bytes > 64 << 20));
    }
}
