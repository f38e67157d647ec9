//! What a doctor found, for people: section by section, a line a check, and below it what to do.

use super::Look;
use tasker_core::model::{Check, CheckSection, CheckStatus, DoctorReport};

/// What a line wraps at where the terminal does not say.
const WIDTH: usize = 110;
/// The column at which messages begin.
const INDENT: usize = 23;

/// The whole report; `quiet` leaves out what is as it should be.
pub(crate) fn doctor(report: &DoctorReport, quiet: bool, look: &Look) -> String {
    let mut lines = vec![head(report, look)];
    for section in CheckSection::ALL {
        let checks: Vec<&Check> = report
            .checks
            .iter()
            .filter(|check| check.section == section && !(quiet && check.status == CheckStatus::Ok))
            .collect();
        if checks.is_empty() {
            continue;
        }
        lines.push(String::new());
        lines.push(look.bold(title(section)));
        for check in checks {
            lines.extend(told(check, look));
        }
    }
    lines.push(String::new());
    lines.push(verdict(report, look));
    lines.join("\n")
}

fn head(report: &DoctorReport, look: &Look) -> String {
    let place = match (&report.database, &report.source) {
        (Some(database), Some(source)) => format!("{} ({source})", look.bold(database)),
        (None, Some(source)) => format!("{} ({source})", look.bold("no database")),
        _ => look.bold("no database"),
    };
    let rest = format!("schema {}, Tasker {}", report.schema, report.version);
    format!("{place}  {}", look.dim(&rest))
}

const fn title(section: CheckSection) -> &'static str {
    match section {
        CheckSection::Connection => "Connection",
        CheckSection::Server => "Server",
        CheckSection::Schema => "Schema",
        CheckSection::Tables => "Tables",
        CheckSection::Work => "Work",
    }
}

fn told(check: &Check, look: &Look) -> Vec<String> {
    let mark = match check.status {
        CheckStatus::Ok => look.good("✔"),
        CheckStatus::Note => look.dim("·"),
        CheckStatus::Warning => look.warn("!"),
        CheckStatus::Problem => look.bad("✖"),
    };
    let width = look.width.unwrap_or(WIDTH).max(INDENT + 30);
    let mut lines = Vec::new();
    let name = format!("{:<18}", check.check.as_str().replace('_', " "));
    for (at, text) in wrapped(&check.message, width - INDENT).into_iter().enumerate() {
        let text = if check.status == CheckStatus::Ok {
            look.dim(&text)
        } else {
            text
        };
        lines.push(match at {
            0 => format!("  {mark} {} {text}", look.dim(&name)),
            _ => format!("{:INDENT$}{text}", ""),
        });
    }
    for advice in &check.advice {
        // What is to be copied stays on one line, whatever its length.
        let parts = if is_command(advice) {
            vec![look.command(advice)]
        } else {
            wrapped(advice, width - INDENT - 2)
        };
        for (at, text) in parts.into_iter().enumerate() {
            let arrow = if at == 0 { look.dim("→") } else { " ".to_owned() };
            lines.push(format!("{:INDENT$}{arrow} {text}", ""));
        }
    }
    lines
}

/// Whether an advice is typed as it is: a command, or SQL.
fn is_command(advice: &str) -> bool {
    let first = advice.split(' ').next().unwrap_or_default();
    let sql = [
        "alter", "create", "drop", "grant", "reindex", "rollback", "select", "set", "vacuum",
    ];
    advice.starts_with("tasker ") || (advice.ends_with(';') && sql.contains(&first))
}

/// Lines of at most so many columns; a longer word has one of its own.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn verdict(report: &DoctorReport, look: &Look) -> String {
    let count = |status| report.count(status);
    let (problems, warnings, notes) = (
        count(CheckStatus::Problem),
        count(CheckStatus::Warning),
        count(CheckStatus::Note),
    );
    let fine = count(CheckStatus::Ok);
    if problems + warnings == 0 {
        let notes = if notes > 0 {
            format!(", {}", counted(notes, "note"))
        } else {
            String::new()
        };
        return format!(
            "{} nothing is wrong ({}{notes})",
            look.good("✔"),
            counted(fine, "check")
        );
    }
    let mut parts = Vec::new();
    if problems > 0 {
        parts.push(look.bad(&counted(problems, "problem")));
    }
    if warnings > 0 {
        parts.push(look.warn(&counted(warnings, "warning")));
    }
    if notes > 0 {
        parts.push(counted(notes, "note"));
    }
    format!("{}; {} fine", parts.join(", "), counted(fine, "check"))
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_wrap_and_commands_stay_whole() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("an-endless-word it is", 5), ["an-endless-word", "it is"]);
        assert!(is_command("tasker migrate") && is_command("grant usage on schema a to b;"));
        assert!(!is_command("end it: select pg_terminate_backend(1);") && !is_command("alter it"));
    }
}
