//! Who executes the steps: a worker in this process, or several in children of it.

use crate::hands::Hands;
use crate::measure::{peak_rss_mb, statements_sent};
use crate::options::Options;
use crate::room::{PATIENCE, Room};
use crate::soak::soak_handlers;
use crate::workload::HANDLER;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tasker_core::handler::{HandlerError, Registry, Step, Worker, WorkerOptions};
use tasker_core::model::{Settings, State, TaskRequest};
use tasker_core::{Client, ClientOptions};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// The workers of a run, before they begin.
pub(crate) enum Workers {
    /// One, in this process.
    Here {
        client: Client,
        concurrency: u32,
        calls: Arc<Calls>,
        worker: Option<Worker>,
    },
    /// Several, each a child.
    Children(Vec<ChildWorker>),
}

/// How often the handler was called in this process.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    count: AtomicU64,
}

impl Calls {
    fn add(&self) {
        self.count.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}

/// What the children used.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct ChildUsage {
    statements: Option<u64>,
    /// How often a handler was called.
    pub(crate) calls: u64,
    pub(crate) peak_rss_mb: Option<f64>,
}

impl Workers {
    /// Gets the workers ready. They claim nothing before [`Workers::start`].
    pub(crate) async fn prepare(room: &Room, client: &Client, options: &Options) -> Result<Self> {
        if options.workers == 1 && matches!(options.hands, Hands::Here) {
            return Ok(Self::Here {
                client: client.clone(),
                concurrency: options.concurrency,
                calls: Arc::default(),
                worker: None,
            });
        }
        Self::in_children(room, options).await
    }

    /// As [`Workers::prepare`], each in a process of its own also where there is one only.
    pub(crate) async fn in_children(room: &Room, options: &Options) -> Result<Self> {
        let mut children = Vec::new();
        for _ in 0..options.workers {
            children.push(ChildWorker::spawn(
                room,
                &options.hands,
                options.concurrency,
                None,
            )?);
        }
        for child in &mut children {
            child.expect("ready").await?;
        }
        Ok(Self::Children(children))
    }

    /// Lets them claim.
    pub(crate) async fn start(&mut self) -> Result<()> {
        match self {
            Self::Here {
                client,
                concurrency,
                calls,
                worker,
            } => {
                *worker = Some(start_worker(client, *concurrency, calls, Handlers::One).await?);
            }
            Self::Children(children) => {
                for child in children {
                    child.say("go").await?;
                }
            }
        }
        Ok(())
    }

    /// How often a handler was called; none where the calls are in other processes.
    pub(crate) fn calls(&self) -> Option<u64> {
        match self {
            Self::Here { calls, .. } => Some(calls.count()),
            Self::Children(_) => None,
        }
    }

    /// The number of each child, and how often the handler was called there.
    pub(crate) async fn calls_by_process(&mut self) -> Result<Vec<(i32, u64)>> {
        let mut calls = Vec::new();
        if let Self::Children(children) = self {
            for child in children {
                calls.push((child.process_id()?, child.usage().await?.calls));
            }
        }
        Ok(calls)
    }

    /// Has the one child create a task and wait for its end, in its own process: how long that took. None where the workers
    /// are not one child.
    pub(crate) async fn run_task(&mut self, request: &TaskRequest) -> Result<Option<Duration>> {
        match self {
            Self::Children(children) => match children.as_mut_slice() {
                [child] => Ok(Some(child.run_task(request).await?)),
                _ => Ok(None),
            },
            Self::Here { .. } => Ok(None),
        }
    }

    /// Stops them, and tells what they used beside what this process used.
    pub(crate) async fn stop(self) -> Result<Vec<ChildUsage>> {
        match self {
            Self::Here { worker, .. } => {
                if let Some(worker) = worker {
                    worker.shutdown().await?;
                }
                Ok(Vec::new())
            }
            Self::Children(children) => {
                let mut usage = Vec::new();
                for child in children {
                    usage.push(child.stop().await?);
                }
                Ok(usage)
            }
        }
    }
}

/// All statements of the engine since `before`; none where nobody counts.
pub(crate) fn statements_since(before: Option<u64>, children: &[ChildUsage]) -> Option<f64> {
    let own = statements_sent()?.checked_sub(before?)?;
    let others = children
        .iter()
        .map(|child| child.statements)
        .sum::<Option<u64>>()?;
    #[allow(clippy::cast_precision_loss)] // a count
    // None at all means that the engine's connections do not tell, not that it sent none.
    Some((own + others) as f64).filter(|sent| *sent > 0.0)
}

/// The peaks of all processes of the engine together.
pub(crate) fn peak_of_all(children: &[ChildUsage]) -> Option<f64> {
    let others = children
        .iter()
        .map(|child| child.peak_rss_mb)
        .sum::<Option<f64>>()?;
    Some(crate::report::rounded(peak_rss_mb()? + others))
}

/// Which handlers a worker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handlers {
    /// The one of every workload.
    One,
    /// Those of a soak besides.
    Soak,
}

async fn start_worker(
    client: &Client,
    concurrency: u32,
    calls: &Arc<Calls>,
    handlers: Handlers,
) -> Result<Worker> {
    let mut registry = Registry::new();
    let counted = Arc::clone(calls);
    if handlers == Handlers::Soak {
        soak_handlers(&mut registry, {
            let calls = Arc::clone(calls);
            move || calls.add()
        });
    }
    registry.handler(HANDLER, move |_: Step| {
        let calls = Arc::clone(&counted);
        async move {
            calls.add();
            Ok::<_, HandlerError>(json!({"ok": true}))
        }
    });
    let options = WorkerOptions {
        concurrency: concurrency as usize,
        ..WorkerOptions::default()
    };
    Ok(Worker::start(client, registry, options).await?)
}

/// A worker in a process of its own, which is this program again with a hidden verb. Lines on its standard input tell
/// it what to do; it answers with lines on its standard output.
pub(crate) struct ChildWorker {
    process: Child,
    tell: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl ChildWorker {
    /// Starts one; with settings of its own and the handlers of a soak, or as the other workloads have it.
    pub(crate) fn spawn(
        room: &Room,
        hands: &Hands,
        concurrency: u32,
        soak: Option<&Settings>,
    ) -> Result<Self> {
        let mut command = hands.command(room, concurrency)?;
        command
            // Not an argument: it may hold a password, and arguments are for everyone to see.
            .env("TASKER_DATABASE_URL", &room.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(settings) = soak {
            command.args(["--soak", &serde_json::to_string(settings)?]);
        }
        let mut process = command.spawn().context("a worker process cannot be started")?;
        let (Some(tell), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("the pipes to a worker process are missing");
        };
        Ok(Self {
            process,
            tell,
            answers: BufReader::new(answers).lines(),
        })
    }

    pub(crate) async fn say(&mut self, word: &str) -> Result<()> {
        Ok(self.tell.write_all(format!("{word}\n").as_bytes()).await?)
    }

    pub(crate) async fn expect(&mut self, word: &str) -> Result<()> {
        match self.answers.next_line().await? {
            Some(line) if line == word => Ok(()),
            Some(line) => bail!("a worker process said {line:?} where {word:?} was due"),
            None => {
                bail!("a worker process ended before it was ready; what it wrote to standard error says why")
            }
        }
    }

    /// Has it create a task and wait for its end: how long that took there.
    async fn run_task(&mut self, request: &TaskRequest) -> Result<Duration> {
        self.say(&format!("task {}", serde_json::to_string(request)?))
            .await?;
        let line = self
            .answers
            .next_line()
            .await?
            .context("a worker process ended in the middle of a task")?;
        let milliseconds: f64 = line
            .parse()
            .with_context(|| format!("a worker process said {line:?} where milliseconds were due"))?;
        Ok(Duration::from_secs_f64(milliseconds / 1000.0))
    }

    /// What it has used so far.
    pub(crate) async fn usage(&mut self) -> Result<ChildUsage> {
        self.say("tell").await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<ChildUsage> {
        let line = self
            .answers
            .next_line()
            .await?
            .context("a worker process ended without its figures")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Lets it report what it holds, and end.
    pub(crate) async fn stop(mut self) -> Result<ChildUsage> {
        self.say("stop").await?;
        let usage = self.answer().await?;
        drop(self.tell);
        self.process.wait().await?;
        Ok(usage)
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Its number.
    pub(crate) fn process_id(&self) -> Result<i32> {
        let id = self.process.id().context("a worker process has ended")?;
        Ok(i32::try_from(id)?)
    }
}

/// From before the request to the answer to the commit that ended the task, in milliseconds.
async fn run_task(client: &Client, request: &TaskRequest) -> Result<String> {
    let started = Instant::now();
    let created = client.create_task(request).await?;
    client
        .wait_state(created.task_id, &[State::Complete], PATIENCE)
        .await?;
    Ok(format!("{}\n", started.elapsed().as_secs_f64() * 1000.0))
}

/// The other side of a child: serves one run in the schema that it was given, then returns. With the settings of a soak
/// it has the handlers of one, too.
///
/// # Errors
/// When the database cannot be used or the parent breaks the protocol.
pub async fn serve_worker(schema: &str, concurrency: u32, soak: Option<Settings>) -> Result<()> {
    let handlers = if soak.is_some() {
        Handlers::Soak
    } else {
        Handlers::One
    };
    let client = Client::new(ClientOptions {
        schema: schema.to_owned(),
        settings: soak.unwrap_or_default(),
        application_name: Some("tasker-bench".to_owned()),
        ..ClientOptions::default()
    })?;
    client.named_tasks(None).await?;
    let mut words = BufReader::new(tokio::io::stdin()).lines();
    let mut out = tokio::io::stdout();
    out.write_all(b"ready\n").await?;
    out.flush().await?;
    // The end of the input means that the parent has gone: nothing to do then.
    if words.next_line().await?.as_deref() != Some("go") {
        return Ok(());
    }
    let before = statements_sent();
    let calls = Arc::default();
    let worker = start_worker(&client, concurrency, &calls, handlers).await?;
    let usage = || {
        let statements = before
            .zip(statements_sent())
            .map(|(before, after)| after - before);
        let usage = ChildUsage {
            statements,
            calls: calls.count(),
            peak_rss_mb: peak_rss_mb(),
        };
        serde_json::to_string(&usage).map(|text| text + "\n")
    };
    while let Some(word) = words.next_line().await? {
        let answer = match word.strip_prefix("task ") {
            Some(request) => run_task(&client, &serde_json::from_str(request)?).await?,
            None if word == "tell" => usage()?,
            None => break,
        };
        out.write_all(answer.as_bytes()).await?;
        out.flush().await?;
    }
    worker.shutdown().await?;
    client.close().await;
    out.write_all(usage()?.as_bytes()).await?;
    out.flush().await?;
    // Until the parent lets go, so that it never writes into a closed pipe.
    words.get_mut().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
