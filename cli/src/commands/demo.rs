//! `tasker demo`: the order workflow of `examples/order`, with a payment that fails twice and recovers.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::{or_interrupted, watch};
use crate::printer::Printer;
use crate::render::{self, Look};
use crate::session::Session;
use clap::Args;
use serde_json::json;
use tasker_core::handler::{Registry, Worker, WorkerOptions};
use tasker_core::model::{State, Step, Task, TaskId, TaskRequest};

/// Run an order workflow, live: a payment fails twice and recovers.
///
/// Registers the workflow of examples/order, starts a worker in this process, creates an order and follows it.
/// Needs nothing but installed PostgreSQL binaries.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker demo
  tasker demo --gateway-failures 5               more than the workflow allows: the order fails
  tasker demo --database-url postgres://app@db/shop

The exit code is 0 only if the order completes.")]
pub(crate) struct Arguments {
    /// How many times the payment gateway is not there. The workflow allows five attempts.
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(i32).range(0..=20))]
    gateway_failures: i32,
    /// How long each step works, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 350)]
    work_ms: u64,
}

pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let id = or_interrupted(prepare(&session, &arguments, printer)).await?;
    let worker = start_worker(&session).await?;
    let outcome = or_interrupted(watch(&session.client, id, printer)).await;
    // Whatever came of it, Ctrl-C included: what this process holds is handed back.
    worker.shutdown().await?;
    let (task, steps) = outcome.map_err(|failure| {
        failure.next(format!(
            "the order waits for a worker: `tasker demo` takes it up, or `tasker task cancel {id}`"
        ))
    })?;
    conclude(&task, &steps, global, printer)
}

/// Everything before the worker: the schema, the workflow, the order.
async fn prepare(session: &Session, arguments: &Arguments, printer: &Printer) -> Result<TaskId, Failure> {
    session.client.migrate().await?;
    printer.note(&format!("Database: {}", session.describe_database().await?));
    order(session, arguments, printer).await
}

/// Registers the workflow and creates an order.
async fn order(session: &Session, arguments: &Arguments, printer: &Printer) -> Result<TaskId, Failure> {
    let workflow = tasker_example_order::workflow()?;
    session.client.register_template(&workflow, true).await?;
    printer.note(&format!(
        "Workflow: {} ({} steps)",
        render::full_name(&workflow),
        workflow.steps.len()
    ));
    let number = format!("{:06}", chrono::Utc::now().timestamp() % 1_000_000);
    let context =
        tasker_example_order::example_context(&number, arguments.gateway_failures, arguments.work_ms);
    let request = TaskRequest {
        version: Some(workflow.version.clone()),
        initiator: Some("tasker demo".to_owned()),
        source_system: Some("tasker-cli".to_owned()),
        reason: Some("to see it work".to_owned()),
        tags: vec!["demo".to_owned()],
        ..TaskRequest::new(&workflow.name)
            .in_namespace(&workflow.namespace)
            .with_context(context)
    };
    let created = session.client.create_task(&request).await?;
    printer.note(&format!("Task: {}\n", created.task_id));
    Ok(created.task_id)
}

async fn start_worker(session: &Session) -> Result<Worker, Failure> {
    let mut registry = Registry::new();
    tasker_example_order::register(&mut registry);
    Ok(Worker::start(
        &session.client,
        registry,
        WorkerOptions {
            concurrency: 8,
            ..WorkerOptions::default()
        },
    )
    .await?)
}

fn conclude(
    task: &Task,
    steps: &[Step],
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    if printer.json {
        printer.document(&json!({"task": task, "steps": steps}));
    }
    if task.status == State::Complete {
        printer.text(&summary(task, steps, global, &printer.out));
        return Ok(ExitStatus::Ok);
    }
    Err(Failure::failed(format!(
        "The order did not complete: task {} is {}.",
        task.task_id, task.status
    ))
    .next(format!("look at it: tasker task show {}", task.task_id)))
}

/// What happened, and what to try next.
fn summary(task: &Task, steps: &[Step], global: &GlobalOptions, look: &Look) -> String {
    let attempts: i32 = steps.iter().map(|step| step.attempts).sum();
    let retried: Vec<String> = steps
        .iter()
        .filter(|step| step.attempts > 1)
        .map(|step| format!("{} needed {} attempts", step.name, step.attempts))
        .collect();
    let took = task
        .completed_at
        .map(|end| render::duration(end - task.created_at))
        .unwrap_or_default();
    let mut text = format!(
        "\n{} The order is complete: {} steps, {attempts} attempts, {took}.",
        look.good("✔"),
        steps.len()
    );
    if !retried.is_empty() {
        text.push_str(&format!(" {}, as it should.", retried.join(", ")));
    }
    text.push_str("\n\nTry next:\n");
    let database = global
        .database_url
        .as_deref()
        .map_or(String::new(), |_| " --database-url …".to_owned());
    let mut commands = vec![
        (
            format!("tasker task show {}{database}", task.task_id),
            "facts, steps, results",
        ),
        (
            format!(
                "tasker task show {} --step charge_payment --trail{database}",
                task.task_id
            ),
            "every move of the payment",
        ),
        (format!("tasker task list{database}"), "all tasks"),
        (
            format!(
                "tasker template graph {}.{} --format mermaid{database}",
                task.namespace, task.name
            ),
            "the graph",
        ),
        (format!("tasker bench linear{database}"), "how fast it is here"),
    ];
    if database.is_empty() {
        commands.insert(4, ("tasker pg psql".to_owned(), "look into the tables"));
    }
    let width = commands
        .iter()
        .map(|(command, _)| command.chars().count())
        .max()
        .unwrap_or(0);
    for (command, what) in commands {
        let gap = " ".repeat(width - command.chars().count() + 2);
        text.push_str(&format!("  {}{gap}{}\n", look.command(&command), look.dim(what)));
    }
    text.trim_end().to_owned()
}
