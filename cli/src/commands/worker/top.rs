//! `tasker worker top`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::{Screen, interrupted};
use crate::printer::Printer;
use crate::render::{self, Look};
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use std::time::Duration;
use tasker_core::Client;
use tasker_core::model::{HandlerUse, NamePage, Worker, WorkerFilter};

/// Watch the workers: who is busy, what is stuck, what waits and why nobody takes it.
///
/// Live on a terminal until Ctrl-C; one picture elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker worker top
  tasker worker top --interval 5
  tasker worker top --count 10 --json > load.jsonl    ten JSON lines, a second apart")]
pub(crate) struct Arguments {
    /// How often to look, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    interval: f64,
    /// How many pictures to take; on a terminal without end, else one, when left out.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let interval = Duration::try_from_secs_f64(arguments.interval)
        .ok()
        .filter(|interval| *interval >= Duration::from_millis(100))
        .ok_or_else(|| {
            Failure::usage(format!(
                "--interval must be a number of seconds from 0.1, not {}.",
                arguments.interval
            ))
        })?;
    let session = Session::new(global)?;
    let mut screen = printer.live.then(|| Screen::new(std::io::stdout()));
    let most = arguments.count.or((!printer.live).then_some(1));
    let mut timer = tokio::time::interval(interval);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut taken = 0;
    while most.is_none_or(|most| taken < most) && !printer.reader_left() {
        tokio::select! {
            _ = timer.tick() => {}
            // That is how one ends it on a terminal: nothing went wrong.
            () = interrupted(), if printer.live => break,
        }
        let (workers, handlers) = picture(&session.client).await?;
        match &mut screen {
            Some(screen) => {
                let (columns, lines) = Screen::<std::io::Stdout>::size();
                let look = Look {
                    width: Some(columns),
                    ..printer.out
                };
                // The cursor stands below the picture.
                let most = lines.saturating_sub(1);
                screen.draw(&render::top(&workers, &handlers, Utc::now(), Some(most), &look))?;
            }
            None => printer.answer(&json!({"workers": workers, "handlers": handlers}), |look| {
                render::top(&workers, &handlers, Utc::now(), None, look).join("\n")
            }),
        }
        taken += 1;
    }
    Ok(ExitStatus::Ok)
}

/// All workers that have not ended, and all handlers, up to a thousand of each.
async fn picture(client: &Client) -> Result<(Vec<Worker>, Vec<HandlerUse>), Failure> {
    let workers = client
        .list_workers(&WorkerFilter {
            limit: 1000,
            ..WorkerFilter::default()
        })
        .await?;
    let handlers = client
        .list_handlers(&NamePage {
            limit: 1000,
            ..NamePage::default()
        })
        .await?;
    Ok((workers, handlers))
}
