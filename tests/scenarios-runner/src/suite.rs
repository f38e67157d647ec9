//! All scenarios of a command: several at once, one line each, a sum at the end.

use crate::options::Options;
use crate::run::{RunOptions, directory_of, run};
use crate::runtimes::{Lane, lanes};
use crate::scenario::{Scenario, load_paths};
use crate::server::Server;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Several suites of one process (its tests) stay out of each other's way.
static RUNS: AtomicUsize = AtomicUsize::new(1);

/// What came of all scenarios.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Ended as they should.
    pub passed: usize,
    /// Did not, or were refused.
    pub failed: usize,
    /// Need what the runtime does not have.
    pub skipped: usize,
}

/// What came of one scenario.
enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// Everything that the runs of a command share.
struct Suite {
    options: Options,
    /// Where the files of the runs lie.
    root: PathBuf,
    /// Started when the first scenario needs it.
    server: OnceCell<Server>,
    interrupted: CancellationToken,
}

/// Runs what `options` say and writes the report to `output`.
///
/// # Errors
/// Nothing could be run: a path, the runtime or the database is wrong.
pub async fn run_suite(
    options: Options,
    interrupted: CancellationToken,
    output: &mut (dyn Write + Send),
) -> Result<Sum> {
    let lanes = lanes(&options.runtime)?;
    let loaded = load_paths(&options.paths)?;
    let mut sum = Sum::default();
    for refused in &loaded.refused {
        sum.failed += 1;
        writeln!(
            output,
            "not ok {} [{}] refused: {}",
            refused.path.display(),
            options.runtime,
            one_line(&refused.problems)
        )?;
    }
    let chosen = |scenario: &Scenario| {
        options
            .filter
            .as_ref()
            .is_none_or(|text| scenario.name.contains(text.as_str()))
    };
    let scenarios: Vec<Scenario> = loaded.scenarios.into_iter().filter(chosen).collect();
    if scenarios.is_empty() && loaded.refused.is_empty() {
        bail!(
            "no scenario has '{}' in its name",
            options.filter.unwrap_or_default()
        );
    }
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let root = std::env::temp_dir().join(format!("tasker-scenarios-{}-{run}", std::process::id()));
    std::fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let suite = Arc::new(Suite {
        options,
        root,
        server: OnceCell::new(),
        interrupted,
    });
    suite.run_all(scenarios, &lanes, &mut sum, output).await?;
    suite.clean_up(&sum, output).await?;
    writeln!(
        output,
        "{} passed, {} failed, {} skipped",
        sum.passed, sum.failed, sum.skipped
    )?;
    Ok(sum)
}

impl Suite {
    async fn run_all(
        self: &Arc<Self>,
        scenarios: Vec<Scenario>,
        lanes: &[Lane],
        sum: &mut Sum,
        output: &mut (dyn Write + Send),
    ) -> Result<()> {
        let slots = Arc::new(Semaphore::new(self.options.jobs));
        let mut running = JoinSet::new();
        let pairs = scenarios
            .into_iter()
            .flat_map(|scenario| lanes.iter().map(move |lane| (scenario.clone(), lane.clone())));
        for (scenario, lane) in pairs {
            let (suite, slots) = (Arc::clone(self), Arc::clone(&slots));
            running.spawn(async move {
                let slot = slots.acquire_owned().await;
                let begun = Instant::now();
                let outcome = suite.run_one(&scenario, &lane).await;
                drop(slot);
                (scenario, lane, begun.elapsed().as_secs_f64(), outcome)
            });
        }
        while let Some(ended) = running.join_next().await {
            let (scenario, lane, seconds, outcome) = ended.context("the runner itself failed")?;
            let subject = format!("{} [{}]", scenario.name, lane.name);
            match outcome {
                Outcome::Passed => {
                    sum.passed += 1;
                    writeln!(output, "ok {subject} {seconds:.2}s")?;
                }
                Outcome::Skipped(needs) => {
                    sum.skipped += 1;
                    writeln!(output, "skip {subject} (needs {needs})")?;
                }
                Outcome::Failed(difference) => {
                    sum.failed += 1;
                    let log = directory_of(&self.root, &scenario, &lane).join("log.txt");
                    writeln!(
                        output,
                        "not ok {subject} {seconds:.2}s {} (log: {})",
                        one_line(&difference),
                        log.display()
                    )?;
                }
            }
            output.flush()?;
        }
        Ok(())
    }

    async fn run_one(&self, scenario: &Scenario, lane: &Lane) -> Outcome {
        if let Some(lacking) = lane.lacks(&scenario.needs()) {
            return Outcome::Skipped(lacking.to_owned());
        }
        if self.interrupted.is_cancelled() {
            return Outcome::Failed("interrupted".to_owned());
        }
        let directory = directory_of(&self.root, scenario, lane);
        let done = match scenario.restarts_database() {
            true => self.run_on_own_server(scenario, lane, &directory).await,
            false => self.run_on_shared_server(scenario, lane, &directory).await,
        };
        match done {
            Ok(()) => {
                if !self.options.keep {
                    std::fs::remove_dir_all(&directory).ok();
                }
                Outcome::Passed
            }
            Err(difference) => Outcome::Failed(format!("{difference:#}")),
        }
    }

    async fn run_on_shared_server(&self, scenario: &Scenario, lane: &Lane, directory: &Path) -> Result<()> {
        let server = self.server.get_or_try_init(|| async {
            let server = match &self.options.database_url {
                Some(url) => Server::given(url).await?,
                None => Server::private().await?,
            };
            self.behind_a_pooler(server).await
        });
        run(
            scenario,
            lane,
            server.await?,
            directory,
            &self.run_options(),
            &self.interrupted,
        )
        .await
    }

    /// Others must not notice that this one restarts its server.
    async fn run_on_own_server(&self, scenario: &Scenario, lane: &Lane, directory: &Path) -> Result<()> {
        let server = self.behind_a_pooler(Server::private().await?).await?;
        let options = RunOptions {
            keep: false,
            ..self.run_options()
        };
        let done = run(scenario, lane, &server, directory, &options, &self.interrupted).await;
        let closed = server.close().await;
        done.and(closed)
    }

    async fn behind_a_pooler(&self, server: Server) -> Result<Server> {
        if self.options.pooler {
            server.behind_a_pooler().await
        } else {
            Ok(server)
        }
    }

    fn run_options(&self) -> RunOptions {
        RunOptions {
            workers: self.options.workers,
            keep: self.options.keep,
        }
    }

    async fn clean_up(self: Arc<Self>, sum: &Sum, output: &mut (dyn Write + Send)) -> Result<()> {
        let Some(mut suite) = Arc::into_inner(self) else {
            return Ok(());
        };
        if let Some(server) = suite.server.take() {
            if suite.options.keep {
                let (url, directory) = server.keep();
                let place =
                    directory.map_or_else(String::new, |path| format!(", its files in {}", path.display()));
                writeln!(
                    output,
                    "kept: the server at {url}{place}, the logs in {}",
                    suite.root.display()
                )?;
            } else {
                server.close().await.context("cannot clean up")?;
            }
        }
        if sum.failed == 0 && !suite.options.keep {
            std::fs::remove_dir_all(&suite.root).ok();
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
