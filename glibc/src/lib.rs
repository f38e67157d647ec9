//! How Tasker's shared libraries are linked, so that they run where glibc is older than on the machine that linked them: 2.28
//! and later, what a wheel calls `manylinux_2_28`.
//!
//! The build scripts of `bindings-python`, `bindings-node` and `ffi` call [`link`]. It compiles `old_versions.c`, which calls
//! functions of glibc by their older versions, and has the linker lead the calls of the library there. `scripts/check-glibc`
//! looks at what came of it. A static library is not linked here, but where it is used.

use std::env;
use std::path::Path;

/// What `old_versions.c` has a version of.
const OLD: [&str; 22] = [
    "dladdr",
    "dlopen",
    "dlsym",
    "fstat64",
    "gettid",
    "log",
    "log2",
    "lstat64",
    "pow",
    "pthread_attr_getguardsize",
    "pthread_attr_getstack",
    "pthread_attr_setstacksize",
    "pthread_create",
    "pthread_detach",
    "pthread_getattr_np",
    "pthread_join",
    "pthread_key_create",
    "pthread_key_delete",
    "pthread_setname_np",
    "pthread_setspecific",
    "pthread_sigmask",
    "stat64",
];

/// What glibc 2.28 does not have, and Rust's standard library does without where it is not there: it asks by weak symbols. They
/// lead to names that nobody has, so they are not there anywhere.
const WITHOUT: [&str; 3] = [
    "pidfd_getpid",
    "pidfd_spawnp",
    "posix_spawn_file_actions_addchdir_np",
];

/// Where glibc 2.28 has the functions. The later ones have them in libc.so.6, and libraries of these names for those who ask for
/// them; a machine has no `.so` to link with then, but the very file.
const LIBRARIES: &str =
    "-Wl,--push-state,--no-as-needed,-l:libpthread.so.0,-l:libdl.so.2,-l:libm.so.6,--pop-state";

/// The processors that `old_versions.c` knows the versions of. On others a library asks for the glibc of the machine that linked
/// it.
const PROCESSORS: [&str; 2] = ["aarch64", "x86_64"];

/// The file to compile.
pub const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/old_versions.c");

/// Has cargo link the shared library of the package whose build script calls this. Elsewhere than on Linux with glibc, and on
/// processors that it does not know, it does nothing.
///
/// It ends the build script where the compiler for C fails.
#[allow(clippy::print_stdout)] // which is how a build script tells cargo
pub fn link() {
    println!("cargo:rerun-if-changed={SOURCE}");
    let is = |variable: &str, wanted: &[&str]| {
        env::var(variable).is_ok_and(|found| wanted.contains(&found.as_str()))
    };
    if !is("CARGO_CFG_TARGET_OS", &["linux"])
        || !is("CARGO_CFG_TARGET_ENV", &["gnu"])
        || !is("CARGO_CFG_TARGET_ARCH", &PROCESSORS)
        || !is("CARGO_CFG_TARGET_POINTER_WIDTH", &["64"])
    {
        return;
    }
    let objects = cc::Build::new()
        .file(SOURCE)
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .compile_intermediates();
    for object in objects {
        for argument in arguments(&object) {
            println!("cargo:rustc-cdylib-link-arg={argument}");
        }
    }
}

/// What the linker is told, by way of the compiler: the object that [`SOURCE`] became, and who is to call it.
#[must_use]
pub fn arguments(object: &Path) -> Vec<String> {
    let wrapped = OLD
        .iter()
        .chain(&WITHOUT)
        .map(|name| format!("-Wl,--wrap={name}"));
    std::iter::once(object.display().to_string())
        .chain(wrapped)
        .chain([LIBRARIES.to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::{OLD, SOURCE};

    #[test]
    fn the_list_is_that_of_the_file_in_c() {
        let text = std::fs::read_to_string(SOURCE).unwrap();
        let by_macro = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("OLD(")
                    .or_else(|| line.strip_prefix("OLD_STAT("))
            })
            .filter_map(|rest| rest.split(',').next());
        let by_hand = text
            .lines()
            .filter_map(|line| line.strip_prefix("pid_t __wrap_"))
            .filter_map(|rest| rest.strip_suffix("(void);"));
        let mut found: Vec<&str> = by_macro.chain(by_hand).collect();
        found.sort_unstable();
        assert_eq!(found, OLD);
    }
}
