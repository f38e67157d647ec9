//! The configuration: which database and why, and every setting with where it came from.

use super::{Look, Table};
use serde::Serialize;
use serde_json::Value;
use tasker_core::config::{Configuration, Origin, Setting};

/// Something that may name the database.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Candidate {
    /// The option, the variable, or the private cluster.
    pub(crate) name: &'static str,
    /// What it says, without a password.
    pub(crate) url: Option<String>,
    /// Whether it is the one.
    pub(crate) used: bool,
}

/// The whole answer.
pub(crate) fn config(
    configuration: &Configuration,
    candidates: &[Candidate],
    refusal: Option<&str>,
    settings: &[Setting],
    look: &Look,
) -> String {
    let mut lines = vec![look.bold("Database, by the first that names one")];
    let mut settled = false;
    for candidate in candidates {
        let said = match (&candidate.url, candidate.used, settled) {
            (Some(url), true, _) => look.good(url),
            (None, true, _) => look.good("used; `tasker pg status` shows it"),
            (Some(url), false, true) => look.dim(&format!("{url}, not asked")),
            (Some(url), false, false) => url.clone(),
            (None, false, true) => look.dim("not asked"),
            (None, false, false) => look.dim("not set"),
        };
        settled |= candidate.used;
        let mark = if candidate.used {
            look.good("→")
        } else {
            " ".to_owned()
        };
        lines.push(format!("{mark} {:<19}  {said}", candidate.name));
    }
    if let Some(refusal) = refusal {
        lines.push(look.bad(refusal));
    }
    let (schema, origin) = configuration.schema();
    let schema_origin = match origin {
        Origin::Explicit => "--schema".to_owned(),
        other => other.to_string(),
    };
    lines.push(String::new());
    lines.push(format!(
        "{}  {schema}  {}",
        look.bold("Schema"),
        look.dim(&schema_origin)
    ));
    let file = configuration.file().map_or_else(
        || look.dim("none; TASKER_CONFIG names one, or tasker.yaml in the working directory"),
        |path| path.display().to_string(),
    );
    lines.push(format!("{}    {file}", look.bold("File")));
    lines.push(String::new());
    lines.push(table(settings, look));
    lines.join("\n")
}

fn table(settings: &[Setting], look: &Look) -> String {
    let mut table = Table::new(look, &["setting", "value", "unit", "from"]);
    for setting in settings {
        let changed = setting.origin != Origin::Default;
        let value = shown(&setting.value);
        let origin = setting.origin.to_string();
        table.row([
            if changed {
                look.bold(&setting.name)
            } else {
                setting.name.clone()
            },
            if changed { look.good(&value) } else { value },
            look.dim(setting.unit.unwrap_or_default()),
            if changed { origin } else { look.dim(&origin) },
        ]);
    }
    if table.is_empty() {
        return "Every setting has its default.".to_owned();
    }
    table.render()
}

/// A value for people: what is not set is a dash, whole numbers have no point.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => whole(number.as_f64()).unwrap_or_else(|| number.to_string()),
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|item| item.is_number() || item.is_string()) =>
        {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        // Whoever wants to know what each of them is asks for JSON.
        Value::Object(members) if !members.is_empty() => {
            members.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn whole(number: Option<f64>) -> Option<String> {
    number
        .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
        .map(|number| format!("{number:.0}"))
}
