//! Watching a task until it ends: redrawn in place on a terminal, one line a change elsewhere.

use super::Screen;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Flow, Look};
use chrono::Utc;
use serde_json::json;
use std::time::Duration;
use tasker_core::Client;
use tasker_core::model::{State, Step, Task, TaskId};

/// How often the terminal is redrawn and the database is asked.
const EVERY: Duration = Duration::from_millis(100);

/// States that a task does not leave by itself.
pub(crate) const ENDED: [State; 4] = [
    State::Complete,
    State::Error,
    State::Cancelled,
    State::ResolvedManually,
];

/// Shows the task until it has ended, or nobody reads on, and returns it with its steps as they were then.
pub(crate) async fn watch(
    client: &Client,
    id: TaskId,
    printer: &Printer,
) -> Result<(Task, Vec<Step>), Failure> {
    let mut view = if printer.live {
        View::Drawn(Screen::new(std::io::stdout()))
    } else {
        View::Lines(None)
    };
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let task = client.task(id).await?;
        let steps = client.steps(id).await?;
        view.show(&task, &steps, printer)?;
        if ENDED.contains(&task.status) || printer.reader_left() {
            return Ok((task, steps));
        }
        if let View::Lines(seen) = &mut view {
            *seen = Some(Box::new((task, steps)));
        }
    }
}

/// How the task is shown.
enum View {
    Drawn(Screen<std::io::Stdout>),
    /// What was seen last.
    Lines(Option<Box<(Task, Vec<Step>)>>),
}

impl View {
    fn show(&mut self, task: &Task, steps: &[Step], printer: &Printer) -> Result<(), Failure> {
        let now = Utc::now();
        match self {
            View::Drawn(screen) => {
                let (columns, lines) = Screen::<std::io::Stdout>::size();
                let look = Look {
                    width: Some(columns),
                    ..printer.out
                };
                // Two lines stand over the flow, and the cursor stands below it.
                let most = lines.saturating_sub(3);
                let mut picture = vec![render::status_line(task, now, &look), String::new()];
                picture.extend(render::flow(
                    steps,
                    Flow {
                        now,
                        lines: Some(most),
                    },
                    &look,
                ));
                screen.draw(&picture)?;
            }
            View::Lines(seen) => {
                let before = seen.as_deref().map(|(task, steps)| (task, steps.as_slice()));
                for line in render::changes(before, (task, steps), now, &printer.out) {
                    printer.text(&line);
                }
                let moved = before.is_none_or(|(was, were)| {
                    was.status != task.status
                        || were
                            .iter()
                            .zip(steps)
                            .any(|(a, b)| (a.status, a.attempts) != (b.status, b.attempts))
                });
                if printer.json && moved {
                    printer.document(&json!({"task": task, "steps": steps}));
                }
            }
        }
        Ok(())
    }
}
