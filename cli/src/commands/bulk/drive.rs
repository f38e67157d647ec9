//! What bulk verbs on tasks and on steps have in common: the forecast, the question, batch by batch, the account.

use super::consent::Consent;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::Screen;
use crate::printer::Printer;
use crate::render::{self, Look, What};
use serde::Serialize;
use serde_json::json;
use tasker_core::Result as EngineResult;

/// How many a dry run shows.
const SAMPLE: u32 = 5;
/// How many refusals are told one by one.
const REFUSALS: usize = 20;

/// A verb on everything that a filter lets through, and where it has got to.
pub(super) trait Targets {
    /// One of them, as a list shows it.
    type Shown: Serialize;
    /// What came of the verb for one of them.
    type Outcome: Serialize;
    /// The last of a batch, in the order of the list.
    type Cursor: Serialize;

    /// The verb, and what it is done to.
    fn what(&self) -> What;
    /// The verb's name.
    fn verb(&self) -> &'static str;
    /// The plural of what it is done to.
    fn things(&self) -> &'static str;

    /// How many there are.
    async fn count(&self) -> EngineResult<i64>;
    /// The first `limit` of them; nothing is changed.
    async fn sample(&self, limit: u32) -> EngineResult<Vec<Self::Shown>>;
    /// The list of a sample.
    fn list(sample: &[Self::Shown], look: &Look) -> String;

    /// Does the next batch, in a transaction of its own, and moves on; empty when there is none.
    async fn next_batch(&mut self) -> EngineResult<Vec<Self::Outcome>>;
    /// Behind which the next batch begins.
    fn after(&self) -> Option<Self::Cursor>;
    /// Why it was not done, where it was not.
    fn refusal(outcome: &Self::Outcome) -> Option<&str>;
}

/// Shows what would be done, or asks and does it.
///
/// # Errors
/// When the answer is no, and when a batch fails: what was done before stays done, and the failure says how much it was.
pub(super) async fn drive<T: Targets>(
    mut targets: T,
    consent: &Consent,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (what, verb) = (targets.what(), targets.verb());
    let count = targets.count().await?;
    if consent.dry_run {
        let sample = targets.sample(SAMPLE).await?;
        printer.answer(
            &json!({"dry_run": true, "verb": verb, "count": count, "sample": sample}),
            |look| render::bulk_forecast(what, count, sample.len(), &T::list(&sample, look), look),
        );
        return Ok(ExitStatus::Ok);
    }
    consent.ask(what, count, printer).await?;
    let (done, refused) = work(&mut targets, count, printer).await?;
    printer.answer(
        &json!({"verb": verb, "done": done, "refused": refused.len(), "refusals": refused}),
        |look| {
            let told: Vec<&str> = refused.iter().filter_map(T::refusal).collect();
            render::bulk_done(what, done, &told, REFUSALS, look)
        },
    );
    Ok(ExitStatus::Ok)
}

/// Batch by batch to the end: how many were done, and those that were refused.
async fn work<T: Targets>(
    targets: &mut T,
    count: i64,
    printer: &Printer,
) -> Result<(u64, Vec<T::Outcome>), Failure> {
    let what = targets.what();
    let mut screen = printer.live_err.then(|| Screen::new(std::io::stderr()));
    let (mut done, mut refused) = (0, Vec::new());
    loop {
        let outcomes = match targets.next_batch().await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                return Err(Failure::from(error)
                    .details(json!({"done": done, "refused": refused.len(), "after": targets.after()}))
                    .next(format!(
                        "{done} {} were done before; the same command goes on with the rest",
                        targets.things()
                    )));
            }
        };
        if outcomes.is_empty() {
            break;
        }
        let (these, those): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|outcome| T::refusal(outcome).is_none());
        done += these.len() as u64;
        refused.extend(those);
        let handled = done + refused.len() as u64;
        let line = render::bulk_progress(what, handled, count.unsigned_abs(), &printer.err);
        match &mut screen {
            Some(screen) => screen.draw(&[line])?,
            None => printer.note(&line),
        }
    }
    if let Some(screen) = &mut screen {
        screen.clear()?;
    }
    Ok((done, refused))
}
