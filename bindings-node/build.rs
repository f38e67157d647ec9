//! How the native half is linked.

fn main() {
    napi_build::setup();
    tasker_glibc::link();
}
