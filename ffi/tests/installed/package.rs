//! What `make install` installs.

use crate::support::{Linked, Program, database, pkg_config, prefix, source, succeed, told};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The symbols that `nm` finds.
fn symbols(arguments: &[&str], library: &Path) -> BTreeSet<String> {
    let output = succeed(Command::new("nm").args(arguments).arg(library));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names
        .filter(|name| !name.ends_with(':'))
        .map(str::to_owned)
        .collect()
}

fn listed() -> BTreeSet<String> {
    let list = std::fs::read_to_string(source("symbols.txt")).unwrap();
    list.lines().map(str::to_owned).collect()
}

#[test]
fn the_shared_library_exports_what_is_on_the_list() {
    let library = prefix().join("lib/libtasker.so");
    assert_eq!(symbols(&["-D", "--defined-only"], &library), listed());
}

#[test]
fn the_static_library_shows_what_is_on_the_list() {
    let library = prefix().join("lib/libtasker.a");
    assert_eq!(symbols(&["--defined-only", "--extern-only"], &library), listed());
}

#[test]
fn the_shared_library_is_named_for_its_major_version_and_needs_the_c_library_only() {
    let output = succeed(
        Command::new("readelf")
            .args(["--dynamic", "--wide"])
            .arg(prefix().join("lib/libtasker.so")),
    );
    let text = told(&output);
    assert!(text.contains("Library soname: [libtasker.so.2]"), "{text}");
    let needed = text.lines().filter(|line| line.contains("(NEEDED)"));
    for line in needed {
        let known = [
            "libc.so",
            "libm.so",
            "libgcc_s.so",
            "ld-linux",
            "libpthread.so",
            "libdl.so",
            "librt.so",
        ];
        assert!(known.iter().any(|name| line.contains(name)), "{line}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(pkg_config(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
}

#[test]
fn a_program_is_linked_statically() {
    let program = Program::of("tests/programs/documents.c", Linked::Static, &[]);
    succeed(Command::new(&program.path).arg("making"));
    let output = succeed(Command::new("ldd").arg(&program.path));
    assert!(!told(&output).contains("libtasker"), "{}", told(&output));
    let program = Program::of("tests/programs/kit.c", Linked::Static, &[]);
    succeed(program.command(&database()).arg("running"));
}

/// Who has no connections of libpq needs no libpq: neither header nor library asks for it.
#[test]
fn nothing_asks_for_libpq_but_the_header_of_its_connections() {
    for header in ["tasker.h", "tasker_test.h"] {
        let text = std::fs::read_to_string(prefix().join("include").join(header)).unwrap();
        assert!(!text.contains("libpq-fe.h"), "{header}");
    }
    assert!(!pkg_config(&["--libs", "--static"]).contains(&"-lpq".to_owned()));
}

#[test]
fn every_file_goes_below_destdir_and_names_the_prefix() {
    let directory = tempfile::tempdir().unwrap();
    succeed(
        Command::new("make")
            .args(["--silent", "--directory"])
            .arg(source(""))
            .arg("install")
            .arg(format!("DESTDIR={}", directory.path().display()))
            .args(["PREFIX=/opt/tasker", "LIBDIR=/opt/tasker/lib64"])
            .env("CARGO_TARGET_DIR", prefix().parent().unwrap()),
    );
    let root = directory.path().join("opt/tasker");
    for file in [
        "include/tasker.h",
        "include/tasker_test.h",
        "include/tasker_libpq.h",
        "lib64/libtasker.a",
        "lib64/libtasker.so.2.0.0",
        "lib64/cmake/Tasker/TaskerConfig.cmake",
        "lib64/cmake/Tasker/TaskerConfigVersion.cmake",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    assert_eq!(
        std::fs::read_link(root.join("lib64/libtasker.so.2")).unwrap(),
        Path::new("libtasker.so.2.0.0")
    );
    let said = std::fs::read_to_string(root.join("lib64/pkgconfig/tasker.pc")).unwrap();
    assert!(
        said.contains("libdir=/opt/tasker/lib64") && !said.contains('@'),
        "{said}"
    );
}
