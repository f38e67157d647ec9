//! How the shared library is linked: its name for the dynamic linker has the major version, which is the one of its ABI.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libtasker.{major}.dylib");
        }
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtasker.so.{major}"),
    }
    tasker_glibc::link();
}
