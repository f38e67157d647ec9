//! Whether a failed step is tried again.

/// What becomes of a step after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It waits for its backoff and runs again.
    Retry,
    /// It has failed for good.
    Final,
}

/// Decides what becomes of a step after attempt number `attempts` failed.
///
/// Final when the handler said so (`retryable_verdict` false), when the template did (`default_retryable` false), or
/// when `attempts` has reached `retry_limit`, the number of executions in total.
pub fn decide(
    retryable_verdict: bool,
    template_retryable: bool,
    attempts: i32,
    retry_limit: i32,
) -> Decision {
    if retryable_verdict && template_retryable && attempts < retry_limit {
        Decision::Retry
    } else {
        Decision::Final
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_limit_of_three_means_three_executions() {
        assert_eq!(decide(true, true, 1, 3), Decision::Retry);
        assert_eq!(decide(true, true, 2, 3), Decision::Retry);
        assert_eq!(decide(true, true, 3, 3), Decision::Final);
        assert_eq!(
            decide(true, true, 4, 3),
            Decision::Final,
            "a limit may be lowered while a step runs"
        );
    }

    #[test]
    fn a_permanent_failure_is_final_whatever_is_left_of_the_budget() {
        assert_eq!(decide(false, true, 1, 3), Decision::Final);
    }

    #[test]
    fn a_step_that_may_run_once_only_is_never_tried_again() {
        assert_eq!(decide(true, false, 1, 3), Decision::Final);
        assert_eq!(decide(true, true, 1, 1), Decision::Final);
    }
}
