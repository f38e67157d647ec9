//! One scenario with one lane of runtimes: prepared, acted out, held against what it expects, cleaned up.

mod actions;
mod expectations;
mod http;
mod journal;
mod rows;
mod teardown;
mod waiting;

use crate::calls::{self, Execution};
use crate::engine;
use crate::runtimes::{Assignment, Lane};
use crate::scenario::Scenario;
use crate::script::{CALLS_DIRECTORY, READY_DIRECTORY, SCRIPT_FILE, Script};
use crate::server::{Database, Server};
use crate::workers::Workers;
use anyhow::{Context, Result};
use journal::Journal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tasker_core::Client;
use tasker_core::model::TaskId;
use tokio_util::sync::CancellationToken;

/// How a scenario is run, beyond what it says itself.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Worker processes where the scenario says one and does not say how many steps it runs at once.
    pub workers: Option<usize>,
    /// Leaves the database.
    pub keep: bool,
}

/// A scenario that is being run.
struct Run<'a> {
    scenario: &'a Scenario,
    server: &'a Server,
    database: &'a Database,
    directory: &'a Path,
    journal: &'a Journal,
    client: Client,
    /// What templates and handlers see of the environment.
    environment: BTreeMap<String, String>,
    assignment: Assignment,
    /// Name in the scenario → its tasks.
    tasks: BTreeMap<String, Vec<TaskId>>,
}

/// Runs `scenario`; what is returned as an error begins with the first difference. Everything is told in `log.txt` in
/// `directory`, which is made here.
///
/// # Errors
/// The scenario failed, or could not be run, or was interrupted.
pub async fn run(
    scenario: &Scenario,
    lane: &Lane,
    server: &Server,
    directory: &Path,
    options: &RunOptions,
    interrupted: &CancellationToken,
) -> Result<()> {
    for part in [CALLS_DIRECTORY, READY_DIRECTORY] {
        std::fs::create_dir_all(directory.join(part))?;
    }
    let journal = Journal::create(&directory.join("log.txt"))?;
    journal.say(&format!(
        "{} with {}: {}",
        scenario.name, lane.name, scenario.story
    ));
    let database = server
        .create_database()
        .await
        .context("cannot make a database for the scenario")?;
    let environment = environment_for(scenario);
    let mut workers = Workers::new(
        &lane.runtimes,
        directory.to_owned(),
        &database.engine_url,
        environment.clone(),
    );
    let mut run = Run {
        scenario,
        server,
        database: &database,
        directory,
        journal: &journal,
        client: engine::client(
            &database.engine_url,
            scenario.settings.clone(),
            "tasker-scenarios",
        )?,
        environment,
        assignment: Assignment::new(&lane.runtimes, scenario.all_templates()),
        tasks: BTreeMap::new(),
    };
    let told = tokio::select! {
        told = run.tell(&mut workers, options) => told,
        () = interrupted.cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    if let Err(difference) = &told {
        journal.say(&format!("FAILED: {difference:#}"));
        if !interrupted.is_cancelled() {
            run.describe_everything().await;
        }
    }
    workers.kill_all().await;
    run.client.close().await;
    if !options.keep {
        server.drop_database(&database).await?;
    } else {
        journal.say(&format!("the database is kept: {}", database.name));
    }
    told
}

impl Run<'_> {
    /// The story from beginning to end.
    async fn tell(&mut self, workers: &mut Workers, options: &RunOptions) -> Result<()> {
        self.write_script()?;
        self.register_templates().await?;
        let shape = self.scenario.workers;
        let count = match options.workers {
            Some(several) if shape.count() == 1 && shape.concurrency().is_none() => several,
            _ => shape.count(),
        };
        self.journal
            .say(&format!("starting {count} worker process(es) of each runtime"));
        workers.start(count, shape.concurrency()).await?;
        for (index, action) in self.scenario.actions.iter().enumerate() {
            let done = self.act(index, action, workers).await;
            self.explain_by_death(done, workers)?;
        }
        let held = self.hold_expectations(workers).await;
        self.explain_by_death(held, workers)?;
        self.prove_clean(workers).await
    }

    /// Where a worker died that should not have, that is the first thing to know.
    fn explain_by_death(&self, done: Result<()>, workers: &Workers) -> Result<()> {
        let executions = self.executions(workers)?;
        let scripted = |pid: u32| {
            executions.iter().any(|execution| {
                let entry = self.script_entry(execution);
                execution.pid == pid && entry.exit_process
            })
        };
        match (done, workers.unexpected_death(&scripted)) {
            (done, None) => done,
            (Ok(()), Some(death)) => Err(anyhow::anyhow!(death)),
            (Err(difference), Some(death)) => Err(difference.context(death)),
        }
    }

    fn script(&self) -> Script {
        Script {
            settings: self.scenario.config.clone(),
            handler_names: self.assignment.handler_names.clone(),
            handlers: self.scenario.handlers.clone(),
        }
    }

    fn script_entry(&self, execution: &Execution) -> crate::script::HandlerEntry {
        self.script()
            .entry(&execution.template, &execution.step, execution.number)
    }

    fn write_script(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.script())?;
        std::fs::write(self.directory.join(SCRIPT_FILE), text).context("cannot write the script")
    }

    async fn register_templates(&self) -> Result<()> {
        for (index, template) in self.scenario.templates.iter().enumerate() {
            let registered = self.register(template).await;
            registered.with_context(|| format!("templates[{index}] was refused"))?;
        }
        Ok(())
    }

    async fn register(
        &self,
        template: &serde_json::Value,
    ) -> tasker_core::Result<tasker_core::model::Registered> {
        let compiled = engine::compile(&self.assignment.fill(template), &self.environment)?;
        self.client.register_template(&compiled, false).await
    }

    fn executions(&self, workers: &Workers) -> Result<Vec<Execution>> {
        calls::read(&self.directory.join(CALLS_DIRECTORY), &workers.deaths())
    }

    /// The ids behind a name; the file was checked, so that it is there unless its action failed.
    fn ids(&self, alias: &str) -> Result<&[TaskId]> {
        self.tasks
            .get(alias)
            .map(Vec::as_slice)
            .with_context(|| format!("no task '{alias}' has been created"))
    }
}

/// Our own environment without what would choose a database, an environment or settings, and with that of the scenario.
fn environment_for(scenario: &Scenario) -> BTreeMap<String, String> {
    const HIDDEN: [&str; 5] = ["RAILS_ENV", "RACK_ENV", "NODE_ENV", "DJANGO_ENV", "DATABASE_URL"];
    let hidden = |name: &str| name.starts_with("TASKER_") || name.starts_with("PG") || HIDDEN.contains(&name);
    let own = std::env::vars().filter(|(name, _)| !hidden(name));
    own.chain(scenario.env.clone()).collect()
}

/// Where a run of `scenario` with `lane` keeps its files, below `root`.
pub fn directory_of(root: &Path, scenario: &Scenario, lane: &Lane) -> PathBuf {
    root.join(format!("{}.{}", scenario.name, lane.name))
}
