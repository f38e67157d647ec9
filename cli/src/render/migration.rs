//! What a migration did.

use super::Look;
use tasker_core::store::MigrationReport;

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
