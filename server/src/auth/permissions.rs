//! What can be permitted: `resource:action`.

/// Every resource with its actions. The names are the ancestor's; what it did not have stands behind them.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    (
        "tasker.task",
        &[
            "index", "show", "create", "update", "destroy", "retry", "cancel", "resolve", "pause", "resume",
            "bulk",
        ],
    ),
    (
        "tasker.workflow_step",
        &["index", "show", "update", "destroy", "retry", "cancel", "resolve"],
    ),
    ("tasker.handler", &["index", "show"]),
    ("tasker.template", &["index", "show", "register"]),
    ("tasker.worker", &["index"]),
    ("tasker.event", &["index"]),
    ("tasker.health_status", &["index"]),
    ("tasker.metrics", &["index"]),
    ("tasker.analytics", &["index"]),
];

/// Whether there is such a permission.
pub(super) fn is_permission(resource: &str, action: &str) -> bool {
    PERMISSIONS
        .iter()
        .any(|(name, actions)| *name == resource && actions.contains(&action))
}

/// What a grant in a role, a key or a token covers: `tasker.task:show`, `tasker.task:*`, `*:show`, or `*` for everything.
pub(super) fn covers(grant: &str, resource: &str, action: &str) -> bool {
    match grant.split_once(':') {
        None => grant == "*",
        Some((of, what)) => (of == "*" || of == resource) && (what == "*" || what == action),
    }
}

/// What is wrong with a grant; nothing where it covers something.
pub fn check_grant(grant: &str) -> Result<(), String> {
    let covered = PERMISSIONS
        .iter()
        .any(|(resource, actions)| actions.iter().any(|action| covers(grant, resource, action)));
    if covered {
        return Ok(());
    }
    let resources: Vec<&str> = PERMISSIONS.iter().map(|(name, _)| *name).collect();
    let actions = grant
        .split_once(':')
        .and_then(|(of, _)| PERMISSIONS.iter().find(|(name, _)| *name == of))
        .map(|(name, actions)| format!("{name} has the actions {}", actions.join(", ")));
    Err(format!(
        "'{grant}' permits nothing: {}; a grant is resource:action, where either may be *, or * alone",
        actions.unwrap_or_else(|| format!("the resources are {}", resources.join(", ")))
    ))
}

#[cfg(test)]
mod tests {
    use super::{check_grant, covers, is_permission};

    #[test]
    fn a_grant_covers_what_it_names_and_nothing_else() {
        for (grant, resource, action, covered) in [
            ("*", "tasker.task", "destroy", true),
            ("*:*", "tasker.task", "destroy", true),
            ("*:index", "tasker.worker", "index", true),
            ("*:index", "tasker.task", "show", false),
            ("tasker.task:*", "tasker.task", "show", true),
            ("tasker.task:*", "tasker.template", "show", false),
            ("tasker.task:show", "tasker.task", "show", true),
            ("tasker.task:show", "tasker.task", "destroy", false),
            ("tasker.task", "tasker.task", "show", false),
            ("", "tasker.task", "show", false),
        ] {
            assert_eq!(
                covers(grant, resource, action),
                covered,
                "{grant} {resource}:{action}"
            );
        }
    }

    #[test]
    fn a_grant_that_permits_nothing_is_told_what_there_is() {
        assert!(check_grant("tasker.task:show").is_ok());
        assert!(check_grant("*:show").is_ok());
        for (grant, told) in [
            ("tasker.task:fly", "retry, cancel"),
            ("task:show", "tasker.workflow_step"),
        ] {
            let Err(problem) = check_grant(grant) else {
                panic!("{grant} permits nothing");
            };
            assert!(problem.contains(told), "{problem}");
        }
        assert!(!is_permission("tasker.worker", "show"));
    }
}
