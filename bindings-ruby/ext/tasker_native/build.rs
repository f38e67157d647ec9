//! How the native half is linked.

use std::env;

#[allow(clippy::print_stdout)] // which is how a build script tells cargo
fn main() {
    tasker_glibc::link();
    // Ruby's functions are there when it is loaded. The linker of macOS takes it for a mistake that they are not before.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "macos") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup");
    }
}
