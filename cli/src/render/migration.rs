//! What a migration did, and what was granted.

use super::Look;
use tasker_core::store::{MigrationReport, RolesReport};

/// One line a migration, and where the schema stands.
pub(crate) fn migration(report: &MigrationReport, database: &str, look: &Look) -> String {
    let mut lines: Vec<String> = report
        .applied
        .iter()
        .map(|name| format!("{} applied {name}", look.good("✔")))
        .collect();
    let stands = format!(
        "schema {} is at version {}",
        look.bold(&report.schema),
        report.version
    );
    lines.push(if report.applied.is_empty() {
        format!("{} {stands}, nothing to do", look.good("✔"))
    } else {
        stands
    });
    lines.push(look.dim(database));
    lines.join("\n")
}

/// The roles, what was done for them, and what is left to somebody else.
pub(crate) fn roles(report: &RolesReport, look: &Look) -> String {
    let mut lines = Vec::new();
    for role in &report.roles {
        let is_left = report
            .left
            .iter()
            .any(|statement| statement.starts_with(&format!("create role \"{}\"", role.name)));
        let made = match (role.existed, is_left, report.dry_run) {
            (true, _, _) => "exists",
            (false, true, _) => "is missing",
            (false, false, true) => "would be made",
            (false, false, false) => "was made",
        };
        let name = look.bold(&format!("{:width$}", role.name, width = widest(report)));
        lines.push(format!("{name}  {:<44} {}", purpose(role.kind), look.dim(made)));
    }
    match (report.done.len(), report.dry_run) {
        (0, _) if report.left.is_empty() => {
            lines.push(format!("{} all is granted, nothing to do", look.good("✔")));
        }
        (0, _) => {}
        (count, false) => lines.push(format!(
            "{} statements run: {count}; --json has them",
            look.good("✔")
        )),
        (_, true) => {
            lines.push("\nThese would be run:".to_owned());
            lines.extend(report.done.iter().map(|statement| format!("  {statement};")));
        }
    }
    if !report.left.is_empty() {
        lines.push(format!(
            "\n{}",
            look.bad(&format!(
                "Left to a superuser, or to {} once somebody has made the roles:",
                report.owner
            ))
        ));
        lines.extend(report.left.iter().map(|statement| format!("  {statement};")));
    }
    if report.owner_is_superuser {
        lines.push(format!(
            "\nThe functions of schema {} run as {}, a superuser. They need no such rights: let the schema belong to a \
             role of its own (docs/operations/privileges.md).",
            report.schema, report.owner
        ));
    }
    let worker = report
        .roles
        .iter()
        .find(|role| role.kind == "work")
        .map_or("", |role| &role.name);
    lines.push(format!(
        "\nGive a user what it needs: GRANT {worker} TO app_user;"
    ));
    lines.join("\n")
}

fn widest(report: &RolesReport) -> usize {
    report
        .roles
        .iter()
        .map(|role| role.name.len())
        .max()
        .unwrap_or_default()
}

fn purpose(kind: &str) -> &'static str {
    match kind {
        "enqueue" => "creates tasks and waits for them",
        "work" => "runs workers",
        _ => "looks, cancels, retries, pauses, prunes",
    }
}
