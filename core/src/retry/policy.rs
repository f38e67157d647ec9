//! The retry policy that a step may have of its own.

use serde::{Deserialize, Serialize};

/// How the wait grows from attempt to attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// `base_seconds × multiplier^(n−1)` after attempt *n*.
    Exponential,
    /// `base_seconds × n` after attempt *n*.
    Linear,
    /// `base_seconds` after every attempt.
    Constant,
    /// The *n*-th value of `schedule` after attempt *n*, the last one repeating.
    Schedule,
}

impl Strategy {
    /// Every strategy, in the order of the documentation.
    pub const ALL: [Strategy; 4] = [
        Strategy::Exponential,
        Strategy::Linear,
        Strategy::Constant,
        Strategy::Schedule,
    ];

    /// The name of the strategy, as in a template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Strategy::Exponential => "exponential",
            Strategy::Linear => "linear",
            Strategy::Constant => "constant",
            Strategy::Schedule => "schedule",
        }
    }
}

/// How long to wait between the attempts of one step. Without one the backoff settings of the engine count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// How the wait grows.
    pub strategy: Strategy,
    /// The first wait, in seconds. Not used by [`Strategy::Schedule`].
    #[serde(default = "default_base_seconds")]
    pub base_seconds: f64,
    /// The factor of [`Strategy::Exponential`].
    #[serde(default = "default_multiplier")]
    pub multiplier: f64,
    /// No wait of this policy is longer, in seconds; `max_backoff_seconds` of the engine counts besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<f64>,
    /// The fraction (0–1) by which a wait may be shorter or longer; the engine's setting when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<f64>,
    /// The waits of [`Strategy::Schedule`], in seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<f64>,
}

impl RetryPolicy {
    /// `base_seconds` of a policy that does not say.
    pub const DEFAULT_BASE_SECONDS: f64 = 1.0;
    /// `multiplier` of a policy that does not say.
    pub const DEFAULT_MULTIPLIER: f64 = 2.0;

    /// A policy of `strategy` in which everything else has its default.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            base_seconds: Self::DEFAULT_BASE_SECONDS,
            multiplier: Self::DEFAULT_MULTIPLIER,
            max_seconds: None,
            jitter: None,
            schedule: Vec::new(),
        }
    }
}

fn default_base_seconds() -> f64 {
    RetryPolicy::DEFAULT_BASE_SECONDS
}

fn default_multiplier() -> f64 {
    RetryPolicy::DEFAULT_MULTIPLIER
}
