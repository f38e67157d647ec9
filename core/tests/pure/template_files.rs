//! The template files in `tests/templates`: what is valid compiles to the plan beside it, and what is malformed is
//! refused with the text beside it.

use crate::snapshot::{assert_none, difference, in_repository};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template, TemplateErrors};

/// The YAML files of a folder, in the order of their names.
pub(crate) fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(in_repository(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// Compiles a file. Its first line may be `# test: environment=NAME VARIABLE=VALUE …`.
pub(crate) fn compile(path: &Path) -> Result<CompiledTemplate, TemplateErrors> {
    let source = fs::read(path).unwrap();
    let head = String::from_utf8_lossy(&source)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let pairs = head
        .strip_prefix("# test: ")
        .unwrap_or_default()
        .split_whitespace();
    let mut set: HashMap<&str, String> = pairs
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name, value.to_owned()))
                .unwrap()
        })
        .collect();
    let environment = set.remove("environment");
    let options = ParseOptions {
        file: path.file_name().map(|name| name.to_string_lossy().into_owned()),
        environment,
        variables: &|name| set.get(name).cloned(),
    };
    Template::parse_bytes(&source, &options)
}

#[test]
fn every_malformed_template_is_refused_with_its_own_message() {
    let files = yaml_files("tests/templates/malformed");
    assert!(
        files.len() >= 60,
        "only {} malformed templates were found",
        files.len()
    );
    let mut differences = Vec::new();
    let mut texts: HashMap<String, PathBuf> = HashMap::new();
    for path in files {
        let Err(errors) = compile(&path) else {
            differences.push(format!("{} was accepted", path.display()));
            continue;
        };
        let text = format!("{errors}\n");
        differences.extend(difference(&path.with_extension("txt"), &text));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(other) = texts.insert(text.replace(&name, "FILE"), path.clone()) {
            differences.push(format!(
                "{} and {} have the same message",
                path.display(),
                other.display()
            ));
        }
    }
    assert_none(&differences);
}

#[test]
fn every_valid_template_compiles_to_the_plan_beside_it() {
    let mut differences = Vec::new();
    for path in yaml_files("tests/templates/valid") {
        match compile(&path) {
            Err(errors) => differences.push(format!("{} was refused: {errors}", path.display())),
            Ok(compiled) => {
                let mut text = format!("{:#}\n", serde_json::to_value(&compiled).unwrap());
                for warning in &compiled.warnings {
                    text.push_str(&format!("// warning: {}\n", warning.message));
                }
                differences.extend(difference(&path.with_extension("plan"), &text));
            }
        }
    }
    assert_none(&differences);
}
