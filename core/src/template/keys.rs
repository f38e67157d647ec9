//! Every key that a template may have, once: the checks and the JSON Schema for editors are both made from these tables.

/// What the value of a key must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// The name of a namespace or task: at most 64 characters.
    Name,
    /// The name of a step: at most 128 characters, not digits only.
    StepName,
    /// The name of a handler: at most 258 characters.
    Handler,
    /// `MAJOR.MINOR.PATCH`.
    Version,
    /// `true` or `false`.
    Boolean,
    /// A number of executions, from 1.
    RetryLimit,
    /// 0 (first) to 9 (last).
    Priority,
    /// Seconds above 0.
    Timeout,
    /// Seconds, 0 allowed.
    Wait,
    /// A factor of at least 1.
    Factor,
    /// From 0 to 1.
    Fraction,
    /// The name of a retry strategy.
    Strategy,
    /// A list of waits in seconds, not empty.
    Waits,
    /// A list of texts.
    Texts,
    /// Keys down to a value, separated by dots.
    Path,
    /// A list of those.
    Paths,
    /// A list of anything.
    List,
    /// A map of anything.
    Map,
    /// A JSON Schema: a map, or `true` or `false`.
    Schema,
    /// A list of `{name, description}`.
    Events,
    /// A retry policy.
    Retry,
    /// The list of steps.
    Steps,
    /// Environment name → what is different there.
    Environments,
}

/// One key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// For editors: what the key is for, and its default.
    pub(super) about: &'static str,
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key {
        name,
        kind,
        required: false,
        about,
    }
}

const fn required(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key {
        name,
        kind,
        required: true,
        about,
    }
}

/// The keys of a template.
pub(super) const TASK_KEYS: &[Key] = &[
    required("name", Kind::Name, "The name of the named task."),
    required(
        "step_templates",
        Kind::Steps,
        "The steps, in the order in which they are numbered.",
    ),
    key(
        "namespace_name",
        Kind::Name,
        "The namespace of the named task; `default` when left out.",
    ),
    key(
        "version",
        Kind::Version,
        "MAJOR.MINOR.PATCH, in quotes; `0.1.0` when left out.",
    ),
    key("description", Kind::Text, "What the task is for."),
    key("schema", Kind::Schema, "JSON Schema of the task's context."),
    key(
        "environments",
        Kind::Environments,
        "What is different in which environment; steps are merged by name.",
    ),
    key(
        "named_steps",
        Kind::Texts,
        "When given, every step and every dependency must be in this list.",
    ),
    key(
        "default_dependent_system",
        Kind::Text,
        "`dependent_system` of the steps that have none.",
    ),
    key(
        "searchable",
        Kind::Paths,
        "Values of the context that tasks are searched by: keys, separated by dots.",
    ),
    key(
        "task_handler_class",
        Kind::Text,
        "The class of the task's handler, in languages that have one.",
    ),
    key(
        "module_namespace",
        Kind::Text,
        "The module of the task's handler, in languages that have one.",
    ),
    key(
        "concurrent",
        Kind::Boolean,
        "Accepted and without effect: steps that can run side by side do.",
    ),
    key("configuration", Kind::Map, "Accepted and without effect."),
    key(
        "handler_config",
        Kind::Map,
        "Accepted and without effect; a step's own handler_config has one.",
    ),
    key("custom_events", Kind::List, "Accepted and without effect."),
];

/// The keys of a step.
pub(super) const STEP_KEYS: &[Key] = &[
    required(
        "name",
        Kind::StepName,
        "The name of the step, unique in the template.",
    ),
    key(
        "description",
        Kind::Text,
        "What the step does; its name when left out.",
    ),
    key(
        "handler",
        Kind::Handler,
        "The name of the handler; `namespace.task.step` when left out.",
    ),
    key("handler_class", Kind::Handler, "Another word for `handler`."),
    key(
        "handler_config",
        Kind::Map,
        "What the handler finds as its config; `${…}` in it is filled by the worker.",
    ),
    key(
        "depends_on_step",
        Kind::Text,
        "A step that must be complete before this one starts.",
    ),
    key(
        "depends_on_steps",
        Kind::Texts,
        "The steps that must be complete before this one starts.",
    ),
    key(
        "dependent_system",
        Kind::Text,
        "The system that the step talks to.",
    ),
    key(
        "default_retryable",
        Kind::Boolean,
        "Whether a failed step is tried again; true when left out.",
    ),
    key(
        "default_retry_limit",
        Kind::RetryLimit,
        "How many executions there may be in total; 3 when left out. 1 means no retry.",
    ),
    key(
        "timeout_seconds",
        Kind::Timeout,
        "How long one attempt may take, in seconds.",
    ),
    key(
        "priority",
        Kind::Priority,
        "0 (first) to 9 (last); 4 when left out.",
    ),
    key(
        "retry",
        Kind::Retry,
        "How long to wait between attempts; the engine's backoff when left out.",
    ),
    key(
        "skippable",
        Kind::Boolean,
        "Whether a request may leave the step out; false when left out.",
    ),
    key(
        "custom_events",
        Kind::Events,
        "Events that the handler publishes itself.",
    ),
];

/// The keys of a retry policy.
pub(super) const RETRY_KEYS: &[Key] = &[
    required(
        "strategy",
        Kind::Strategy,
        "How the wait grows from attempt to attempt.",
    ),
    key(
        "base_seconds",
        Kind::Wait,
        "The first wait, in seconds; 1 when left out.",
    ),
    key(
        "multiplier",
        Kind::Factor,
        "With `exponential`: the factor from attempt to attempt; 2 when left out.",
    ),
    key("max_seconds", Kind::Wait, "No wait is longer, in seconds."),
    key(
        "jitter",
        Kind::Fraction,
        "By which fraction a wait may be shorter or longer; the engine's when left out.",
    ),
    key(
        "schedule",
        Kind::Waits,
        "With `schedule`: the waits, in seconds; the last one repeats.",
    ),
];

/// The keys of a custom event of a step.
pub(super) const EVENT_KEYS: &[Key] = &[
    required("name", Kind::Text, "The name of the event."),
    key("description", Kind::Text, "What it tells."),
];

/// The keys that an environment may not change: they are what the template is known by.
pub(super) const FIXED_KEYS: &[&str] = &["name", "namespace_name", "version", "named_steps", "environments"];

/// Words that people write for a key, and the key.
const SYNONYMS: &[(&str, &str)] = &[
    ("steps", "step_templates"),
    ("tasks", "step_templates"),
    ("namespace", "namespace_name"),
    ("task_name", "name"),
    ("id", "name"),
    ("env", "environments"),
    ("environment", "environments"),
    ("context_schema", "schema"),
    ("depends_on", "depends_on_steps"),
    ("dependencies", "depends_on_steps"),
    ("needs", "depends_on_steps"),
    ("retries", "default_retry_limit"),
    ("retry_limit", "default_retry_limit"),
    ("max_attempts", "default_retry_limit"),
    ("retryable", "default_retryable"),
    ("timeout", "timeout_seconds"),
    ("config", "handler_config"),
    ("backoff", "retry"),
    ("retry_policy", "retry"),
    ("type", "strategy"),
    ("base", "base_seconds"),
    ("factor", "multiplier"),
    ("max", "max_seconds"),
];

/// The key of `keys` that is written as `word` by many.
pub(super) fn synonym(word: &str, keys: &[Key]) -> Option<&'static str> {
    SYNONYMS
        .iter()
        .find(|(wrong, right)| *wrong == word && keys.iter().any(|key| key.name == *right))
        .map(|(_, right)| *right)
}

pub(super) fn find(name: &str, keys: &'static [Key]) -> Option<&'static Key> {
    keys.iter().find(|key| key.name == name)
}
