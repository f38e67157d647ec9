//! A page of metrics, and that of the documentation, read back.

use std::collections::{BTreeMap, BTreeSet};

/// A page of metrics, read back.
#[derive(Debug)]
pub(crate) struct Read {
    /// Type by name of the family.
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) helps: BTreeMap<String, String>,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Read {
    pub(crate) fn of(text: &str) -> Self {
        let mut read = Self {
            types: BTreeMap::new(),
            helps: BTreeMap::new(),
            samples: Vec::new(),
        };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(
                    read.types.insert(name.to_owned(), kind.to_owned()).is_none(),
                    "{line}"
                );
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                read.helps.insert(name.to_owned(), help.to_owned());
            } else if !line.starts_with('#') {
                read.samples.push(sample(line));
            }
        }
        let series: BTreeSet<_> = read.samples.iter().map(|one| (&one.name, &one.labels)).collect();
        assert_eq!(series.len(), read.samples.len(), "a series is there twice");
        read
    }

    pub(crate) fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted = |one: &&Sample| {
            one.name == name
                && labels
                    .iter()
                    .all(|(key, value)| one.labels.get(*key).is_some_and(|is| is == value))
        };
        let found: Vec<_> = self.samples.iter().filter(wanted).collect();
        assert!(found.len() < 2, "{name} {labels:?} is more than one: {found:?}");
        found.first().map(|one| one.value)
    }

    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels)
            .unwrap_or_else(|| panic!("no {name} {labels:?} among {:?}", self.samples))
    }

    /// A value that is a whole number.
    #[track_caller]
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.value(name, labels) as i64
    }

    pub(crate) fn values_of(&self, label: &str) -> BTreeSet<&str> {
        self.samples
            .iter()
            .filter_map(|one| one.labels.get(label).map(String::as_str))
            .collect()
    }
}

/// `name{key="value",…} 1`, with `\\`, `\"` and `\n` in values.
fn sample(line: &str) -> Sample {
    let (name, mut rest) = line.split_at(line.find(['{', ' ']).unwrap());
    let mut labels = BTreeMap::new();
    if rest.starts_with('{') {
        loop {
            let (key, quoted) = rest[1..].split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (_, other) => value.push(other),
                }
            };
            assert!(labels.insert(key.to_owned(), value).is_none(), "{line}");
            rest = &quoted[end + 1..];
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            assert!(rest.starts_with(','), "{line}");
        }
    }
    Sample {
        name: name.to_owned(),
        labels,
        value: rest.trim().parse().unwrap_or_else(|_| panic!("{line}")),
    }
}

/// The page in docs/reference: type and labels by name.
pub(crate) fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = tasker_server::metrics_reference();
    let rows = page.lines().filter(|line| line.starts_with("| `tasker_"));
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells[5].ends_with('.') && cells.len() == 7, "{row}");
        let labels = cells[4].split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned()).collect();
        (
            cells[1].trim_matches('`').to_owned(),
            (cells[2].to_owned(), labels),
        )
    });
    rows.collect()
}
