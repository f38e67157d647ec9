//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// What `run-scenarios` is told.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "run-scenarios",
    about = "Runs behaviour scenarios against the workers of a language",
    long_about = "Runs behaviour scenarios against the workers of a language.\n\n\
        A scenario is a YAML file that tells a short story: templates, what handlers do, what is done to the system, \
        and what must be true afterwards. Each scenario gets a database of its own, with real worker processes.\n\n\
        One line a scenario and runtime is printed:\n  \
          ok NAME [RUNTIME] 0.84s\n  \
          not ok NAME [RUNTIME] 1.20s the first difference (log: where the full log is)\n  \
          skip NAME [RUNTIME] (needs a capability)\n\
        and at the end 'N passed, N failed, N skipped'. The exit status is 0 if none failed, 1 if one failed or a file \
        was refused, 2 if nothing could be run.",
    after_help = "Examples:\n  \
        run-scenarios tests/scenarios                       everything\n  \
        run-scenarios --filter retry tests/scenarios        those with 'retry' in their name\n  \
        run-scenarios --jobs 1 --keep tests/scenarios/dag/one_step.yaml\n  \
        run-scenarios --workers 3 tests/scenarios           three workers wherever a scenario says one\n  \
        run-scenarios --pooler tests/scenarios              the engine behind a PgBouncer"
)]
pub struct Options {
    /// The language whose workers run the steps: rust, python, node, c; 'all' for each in turn, 'mixed' for all of them together
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub runtime: String,

    /// The server to make databases on; a private one is started when left out. Scenarios that restart the database
    /// always get a private one
    #[arg(
        long,
        value_name = "URL",
        env = "TASKER_SCENARIOS_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// How many scenarios run at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = positive)]
    pub jobs: usize,

    /// Only scenarios with this text in their name
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// So many worker processes where a scenario says one (and not how many steps that one runs at once)
    #[arg(long, value_name = "N", value_parser = positive)]
    pub workers: Option<usize>,

    /// Put a private PgBouncer in transaction mode between the engine and the server
    #[arg(long)]
    pub pooler: bool,

    /// Keep databases and logs of all scenarios, not only the logs of those that failed
    #[arg(long)]
    pub keep: bool,

    /// Scenario files, and folders that are searched for *.yaml and *.yml
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}
