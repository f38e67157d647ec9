//! `include/tasker.h` and `include/tasker_test.h` are what the sources say. `scripts/generate` writes them.
//!
//! Each file of `src` that C sees is a section of a header, and its documentation the section's.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use cbindgen::{Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, Language, RenameRule, Style};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tasker_core::ErrorKind;

/// The sections of `tasker.h`, in its order.
const SECTIONS: [(&str, &str); 14] = [
    ("Texts", "convert"),
    ("Documents", "json"),
    ("Documents of your own", "json_set"),
    ("Errors", "error"),
    ("The client", "client"),
    ("Verbs", "verbs"),
    ("Workflows in code", "workflow"),
    ("Steps", "step"),
    ("Outcomes", "outcome"),
    ("The worker", "worker"),
    ("Transactions of your own", "transaction"),
    ("The interface over HTTP", "http"),
    ("Requests over HTTP", "exchange"),
    ("The library", "library"),
];

/// The sections of `tasker_test.h`, in its order.
const TEST_SECTIONS: [(&str, &str); 4] = [
    ("Tests", "testing"),
    ("Faults", "testing_faults"),
    ("Operators", "testing_operators"),
    ("Reports", "testing_reports"),
];

const TEXT: &str = r#"
/** The text that ends before a NUL: `tasker_text("charge")`. NULL is no text at all. */
static inline tasker_str tasker_text(const char *text) {
  tasker_str given;
  given.data = text;
  given.length = text == NULL ? 0 : strlen(text);
  return given;
}

/** To print a text: `printf("%" TASKER_STR_FORMAT "\n", TASKER_STR(name))`. */
#define TASKER_STR_FORMAT ".*s"
#define TASKER_STR(text) (int)(text).length, (text).data
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// `tasker.h`.
fn header() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let includes = "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n";
    let before =
        format!("{includes}\n/** The version of this header. */\n#define TASKER_VERSION \"{version}\"\n");
    let forward = "typedef struct tasker_error tasker_error;\ntypedef struct tasker_json tasker_json;\n";
    let about = "durable workflows on PostgreSQL, inside your own process";
    written("TASKER_H", about, &before, forward, &SECTIONS)
}

/// `tasker_test.h`.
fn test_header() -> String {
    let about = "workflows under test, in a transaction of the test's own";
    written(
        "TASKER_TEST_H",
        about,
        "#include <tasker.h>\n",
        "",
        &TEST_SECTIONS,
    )
}

/// A header: `before` stands before what C++ takes for C, `forward` at the beginning of that.
fn written(guard: &str, about: &str, before: &str, forward: &str, sections: &[(&str, &str)]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut header = format!(
        "/*\n * libtasker {version}: {about}.\n *\n \
         * Written by scripts/generate from ffi/src; ffi/README.md tells how to use it.\n */\n\n\
         #ifndef {guard}\n#define {guard}\n\n{before}\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n"
    );
    if !forward.is_empty() {
        let _ = write!(header, "\n{forward}");
    }
    for (title, name) in sections {
        header += &section(title, name);
    }
    header + &format!("\n#ifdef __cplusplus\n}} /* extern \"C\" */\n#endif\n\n#endif /* {guard} */\n")
}

fn section(title: &str, name: &str) -> String {
    let file = root().join(format!("src/{name}.rs"));
    let source = fs::read_to_string(&file).unwrap();
    let mut section = format!("\n/* {title}\n *\n");
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let _ = writeln!(section, " *{}", line.replace("*/", "* /"));
    }
    section += " */\n\n";
    if name == "error" {
        section += &codes();
    }
    section += declarations(&file).trim_start();
    if name == "convert" {
        section += TEXT;
    }
    section
}

/// What `tasker_error_code` gives.
fn codes() -> String {
    let mut codes = String::from("/** What `tasker_error_code` gives. */\nenum {\n");
    for kind in ErrorKind::ALL {
        let name = kind.name().to_uppercase();
        let _ = writeln!(codes, "  TASKER_ERROR_{name} = {},", kind.code());
    }
    let end = codes.trim_end_matches(",\n").len();
    codes.truncate(end);
    codes + "\n};\n\n"
}

fn declarations(file: &Path) -> String {
    let config = Config {
        language: Language::C,
        style: Style::Type,
        no_includes: true,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::Doxy,
        // No function of its own file takes one.
        export: ExportConfig {
            include: vec!["tasker_str".to_owned()],
            ..ExportConfig::default()
        },
        enumeration: EnumConfig {
            prefix_with_name: true,
            rename_variants: RenameRule::ScreamingSnakeCase,
            ..EnumConfig::default()
        },
        ..Config::default()
    };
    let mut written = Vec::new();
    Builder::new()
        .with_config(config)
        .with_src(file)
        .generate()
        .expect("cbindgen reads the sources")
        .write(&mut written);
    String::from_utf8(written).unwrap()
}

fn says_what_the_sources_say(name: &str, wanted: &str) {
    let path = root().join("include").join(name);
    if std::env::var_os("TASKER_WRITE").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "ffi/include/{name} is out of date; write it anew with scripts/generate"
    );
}

#[test]
fn the_headers_say_what_the_sources_say() {
    says_what_the_sources_say("tasker.h", &header());
    says_what_the_sources_say("tasker_test.h", &test_header());
}

/// The functions that the sources export.
fn exported() -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for after in source.split("extern \"C\" fn tasker_").skip(1) {
            let end = after.find('(').unwrap();
            names.push(format!("tasker_{}", &after[..end]));
        }
    }
    names.sort();
    names
}

#[test]
fn every_function_is_in_one_header_and_on_the_list_of_symbols() {
    let list = fs::read_to_string(root().join("symbols.txt")).unwrap();
    let listed: Vec<&str> = list.lines().collect();
    assert_eq!(
        exported(),
        listed,
        "ffi/symbols.txt lists what the library exports, sorted"
    );
    let headers = [header(), test_header()];
    for name in listed {
        let declared = headers
            .iter()
            .filter(|header| header.contains(&format!("{name}(")));
        assert_eq!(declared.count(), 1, "{name} stands in one header");
    }
}

#[test]
fn every_function_says_from_which_threads_it_may_be_called() {
    let header = header();
    // Said once for the whole section.
    for (header, title, said) in [
        (&header, "Verbs", "may be called from any thread"),
        (&header, "Workflows in code", "One thread at a time"),
        (&test_header(), "Tests", "One thread at a time"),
    ] {
        let section = header.split(&format!("\n/* {title}\n")).nth(1).unwrap();
        assert!(section[..section.find("*/").unwrap()].contains(said), "{title}");
    }
    for name in exported() {
        if ["tasker_workflow", "tasker_test_", "tasker_report_"]
            .iter()
            .any(|begin| name.starts_with(begin))
            || VERBS.iter().any(|verb| name == format!("tasker_client_{verb}"))
        {
            continue;
        }
        let before = &header[..header.find(&format!("{name}(")).unwrap()];
        let comment = &before[before.rfind("/**").unwrap()..];
        let comment = comment.replace("\n * ", " ");
        assert!(
            comment.contains("Any thread") || comment.contains("One thread at a time"),
            "{name} does not say from which threads it may be called"
        );
    }
}

const VERBS: [&str; 17] = [
    "annotate_task",
    "list_annotations",
    "migrate",
    "register_yaml",
    "register_file",
    "register_template",
    "create_task",
    "wait",
    "task",
    "step",
    "why",
    "cancel_task",
    "retry_task",
    "retry_step",
    "resolve_step",
    "pause_task",
    "resume_task",
];
