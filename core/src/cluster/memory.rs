//! How much memory the server takes for its buffers.

const MEGABYTE: u64 = 1 << 20;
/// PostgreSQL's own default, and the least.
const LEAST: u64 = 128 * MEGABYTE;
/// The most: what else runs on the machine wants some, too.
const MOST: u64 = 4096 * MEGABYTE;

/// `shared_buffers` for this machine: a quarter of its memory, as PostgreSQL's manual has it, and no more than 4 GB. Memory is
/// taken only as pages are used. None where the memory of the machine is not known; PostgreSQL has a default then.
///
/// What is read again and again stays in these buffers whatever else is read. The page cache of the system promises nothing:
/// autovacuum, which reads all tables over and over beside a held snapshot, drives out what is in use.
pub(super) fn shared_buffers() -> Option<String> {
    memory().map(buffers_for)
}

fn buffers_for(memory: u64) -> String {
    format!("{}MB", (memory / 4).clamp(LEAST, MOST) / MEGABYTE)
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
        assert_eq!(buffers_for(8 << 30), "2048MB");
        assert_eq!(buffers_for(256 << 30), "4096MB");
        assert_eq!(buffers_for(300 << 20), "128MB");
    }

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn the_memory_of_this_machine_is_known() {
        assert!(memory().is_some_and(|bytes| bytes > 64 << 20));
    }
}
