//! What would be pruned, and what was.

use super::{Look, Table};
use std::path::PathBuf;
use tasker_core::model::{OldPartition, Prunable};

/// What pruning did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pruned {
    pub(crate) tasks: i64,
    pub(crate) steps: i64,
    pub(crate) identities: i64,
    pub(crate) workers: i64,
}

/// One line a name and state.
pub(crate) fn prunable(rows: &[Prunable], look: &Look) -> String {
    if rows.is_empty() {
        return "No task is old enough to be pruned.".to_owned();
    }
    let mut table = Table::new(look, &["task", "state", ">tasks", ">steps"]);
    for row in rows {
        table.row([
            format!("{}.{}", row.namespace, row.name),
            row.state.clone(),
            row.tasks.to_string(),
            row.steps.to_string(),
        ]);
    }
    let tasks: i64 = rows.iter().map(|row| row.tasks).sum();
    let steps: i64 = rows.iter().map(|row| row.steps).sum();
    format!(
        "{}\n{}",
        table.render(),
        look.bold(&format!(
            "{}, with {}, would be deleted.",
            counted(tasks, "task"),
            counted(steps, "step")
        ))
    )
}

/// What went, what stayed and why, where the archive is.
pub(crate) fn pruned(pruned: &Pruned, files: &[&PathBuf], trail: &[OldPartition], look: &Look) -> String {
    let mut lines = vec![format!(
        "{} deleted {}, with {}",
        look.good("✔"),
        counted(pruned.tasks, "task"),
        counted(pruned.steps, "step")
    )];
    if pruned.identities > 0 {
        lines.push(format!(
            "{} forgot {} whose time was over",
            look.good("✔"),
            if pruned.identities == 1 {
                "1 identity".to_owned()
            } else {
                format!("{} identities", pruned.identities)
            }
        ));
    }
    if pruned.workers > 0 {
        lines.push(format!(
            "{} forgot {} of long ago",
            look.good("✔"),
            counted(pruned.workers, "worker")
        ));
    }
    for table in trail {
        lines.push(match table.blocked_by {
            None => format!("{} dropped {}", look.good("✔"), table.partition),
            Some(task) => format!(
                "{} kept {}: task {task} of its time is not finished",
                look.warn("!"),
                table.partition
            ),
        });
    }
    for file in files {
        lines.push(look.dim(&format!("archived to {}", file.display())));
    }
    lines.join("\n")
}

fn counted(count: i64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
