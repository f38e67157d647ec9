//! How the native half is linked.

fn main() {
    tasker_glibc::link();
}
