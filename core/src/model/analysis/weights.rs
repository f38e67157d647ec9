//! The numbers by which the analysis of a task's graph judges. The defaults are the ancestor's.

use serde::Deserialize;

/// A table of numbers: each field with its default.
macro_rules! table {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident = $default:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$of])* pub $field: f64,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

/// By which numbers the analysis of a task's graph judges.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisWeights {
    /// What counts how much.
    pub impact_multipliers: ImpactMultipliers,
    /// How much worse a state makes it.
    pub severity_multipliers: SeverityMultipliers,
    /// What is added for attempts.
    pub penalty_constants: PenaltyConstants,
    /// From which impact on it is called what.
    pub severity_thresholds: SeverityThresholds,
    /// How long steps take, in seconds. Estimates: nothing was measured.
    pub duration_estimates: DurationEstimates,
}

table! {
    /// What counts how much.
    ImpactMultipliers {
        /// Each step after a failed or slow one.
        downstream_weight = 5.0,
        /// Each of those that is blocked.
        blocked_weight = 15.0,
        /// Each step of a path.
        path_length_weight = 10.0,
        /// Off for each step of a path that is done.
        completed_penalty = 15.0,
        /// Each blocked step of a path.
        blocked_penalty = 25.0,
        /// Each failed step of a path.
        error_penalty = 30.0,
        /// Each failed step of a path that was tried.
        retry_penalty = 10.0,
    }
}

table! {
    /// How much worse a state makes the impact of a step.
    SeverityMultipliers {
        /// It failed.
        error_state = 2.0,
        /// Added to that where its attempts are used up.
        exhausted_retry_bonus = 0.5,
        /// It waits for a step that is not done.
        dependency_issue = 1.2,
    }
}

table! {
    /// What is added to the impact of a step.
    PenaltyConstants {
        /// For each attempt.
        retry_instability = 3.0,
        /// Where it is not tried again.
        non_retryable = 10.0,
        /// Where its attempts are used up.
        exhausted_retry = 20.0,
    }
}

table! {
    /// From which impact on it is called what; below all of them it is `Low`.
    SeverityThresholds {
        /// `Critical`.
        critical = 100.0,
        /// `High`.
        high = 50.0,
        /// `Medium`.
        medium = 20.0,
    }
}

table! {
    /// How long steps take, in seconds.
    DurationEstimates {
        /// Each step.
        base_step_seconds = 30.0,
        /// On top for a failed one.
        error_penalty_seconds = 60.0,
        /// On top for each attempt.
        retry_penalty_seconds = 30.0,
    }
}
