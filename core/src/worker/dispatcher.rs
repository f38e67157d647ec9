//! The dispatcher: claims from the index when the buffer runs low, never more than there is room for.

use super::core::{Core, Patience, is_outage};
use super::line::{Line, on_line};
use super::prepare::Reported;
use super::sweeps::{Look, Sweeps};
use crate::engine::Wake;
use crate::error::Result;
use crate::metrics::{ClaimOutcome, ClaimSource};
use crate::store::{ClaimArguments, FlushRow, FlushStatus, WORKER_NOT_ALIVE, sqlstate};
use chrono::{DateTime, Utc};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Polling adapts between these.
const FASTEST_POLL: Duration = Duration::from_millis(1);
const SLOWEST_POLL: Duration = Duration::from_secs(1);
/// The first poll after the index was emptied, or after a wake-up: whoever makes more ready says so.
const RECENT_POLL: Duration = Duration::from_millis(10);
/// The part of the room that a claim leaves: one in this many.
const LEFT_TO_OWN_TASKS: usize = 8;
/// Polling at least this rarely, the worker says that it is idle and wants hints.
const IDLE_POLL: Duration = Duration::from_millis(32);

pub(super) struct Dispatcher {
    core: Arc<Core>,
    line: Line,
    wake_ups: Receiver<Wake>,
    sweeps: Sweeps,
    poll: Duration,
    patience: Patience,
}

/// What came of a claim.
struct Claimed {
    count: usize,
    more: bool,
    next_due: Option<DateTime<Utc>>,
}

impl Dispatcher {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let line = core.line();
        let wake_ups = core.client.wake_ups();
        Self {
            core,
            line,
            wake_ups,
            sweeps: Sweeps::new(Instant::now()),
            poll: FASTEST_POLL,
            patience: Patience::default(),
        }
    }

    pub(super) async fn run(mut self) {
        while !self.core.draining.is_cancelled() {
            let Some(room) = self.core.room_to_claim() else {
                self.wait_for_room().await;
                continue;
            };
            let worker_id = self.core.worker_id();
            let claimed = self.claim(room).await;
            self.core.client.metrics().looked(match &claimed {
                Ok(claimed) if claimed.count > 0 => ClaimOutcome::Claimed,
                Ok(_) => ClaimOutcome::Empty,
                Err(_) => ClaimOutcome::Failed,
            });
            self.core.books().capacity.unreserve(room.total);
            match claimed {
                Ok(claimed) => {
                    self.patience.reset();
                    self.rest(&claimed).await;
                }
                // Asked to stop while the claim was on its way: a worker that drains claims no more, and is not dead.
                Err(_) if self.core.draining.is_cancelled() => self.core.note_uncertain(),
                Err(error) if sqlstate(&error) == Some(WORKER_NOT_ALIVE) => {
                    self.core.come_back(worker_id).await
                }
                Err(error) => {
                    if is_outage(&error) {
                        tracing::warn!(%error, "claiming goes on when the database is back");
                    } else {
                        tracing::error!(%error, "a claim went wrong");
                    }
                    self.core.note_uncertain();
                    self.patience.wait(&self.core.draining).await;
                }
            }
        }
    }

    async fn claim(&mut self, room: Room) -> Result<Claimed> {
        let core = Arc::clone(&self.core);
        let _gate = core.gate.read().await;
        // The steps of one task are found by its key: there are no lanes to look along.
        let task_ids = core.options.task_id.map(|task_id| vec![task_id]);
        let is_of_one_task = task_ids.is_some();
        let look = if is_of_one_task {
            Look::default()
        } else {
            self.sweeps.begin(Instant::now())
        };
        let is_of_the_past = look.until.is_some();
        let arguments = ClaimArguments {
            worker_id: core.worker_id(),
            room: as_i32(room.total),
            slots: as_i32(room.slots),
            alone: room.alone,
            lanes: look.lanes,
            marks: look.marks,
            task_ids,
            idle: (!is_of_the_past).then_some(self.poll >= IDLE_POLL),
            since: look.since,
            until: look.until,
        };
        let rows = on_line!(&mut self.line, |store, connection| store
            .claim(connection, &arguments))?;
        let (mut claimed, claims) = self.read(rows);
        if !is_of_one_task {
            self.sweeps.end(Instant::now(), claimed.more);
        }
        // What is ready now has not been looked at.
        claimed.more |= is_of_the_past;
        core.accept(claims, &Reported::new(), ClaimSource::Index).await?;
        Ok(claimed)
    }

    /// Takes notes from the rows of a claim and returns the claims among them.
    fn read(&mut self, rows: Vec<FlushRow>) -> (Claimed, Vec<FlushRow>) {
        let mut claims = Vec::with_capacity(rows.len());
        let mut waiting = None;
        let mut next_due = None;
        let mut alone = false;
        let mut alone_waiting = false;
        let mut slot_waiting = false;
        for row in rows {
            match row.status {
                FlushStatus::Claimed => claims.push(row),
                FlushStatus::Alone => alone = true,
                FlushStatus::AloneWaiting => alone_waiting = true,
                FlushStatus::SlotWaiting => slot_waiting = true,
                FlushStatus::More => waiting = Some(row.key.step_no),
                FlushStatus::NextDue => next_due = row.ready_at,
                FlushStatus::AlreadyRecorded
                | FlushStatus::Created
                | FlushStatus::AttemptLost
                | FlushStatus::Busy
                | FlushStatus::Readied
                | FlushStatus::Ended => {}
            }
        }
        for claim in &claims {
            if let Some(ready_at) = claim.ready_at {
                self.sweeps.claimed(claim.lane_id, ready_at);
            }
        }
        let mut books = self.core.books();
        books.capacity.took_from_index(claims.len(), waiting);
        books.capacity.note_slot_waiting(slot_waiting);
        books.alone = books.alone || alone;
        if alone_waiting && !alone {
            books.drain_for_alone(self.core.lease(), Instant::now());
        }
        (
            Claimed {
                count: claims.len(),
                more: waiting.is_some(),
                next_due,
            },
            claims,
        )
    }

    /// Until something may have changed: a wake-up, room, the next instant that something is due, or the next poll.
    async fn rest(&mut self, claimed: &Claimed) {
        if claimed.more {
            return;
        }
        self.poll = if claimed.count > 0 {
            RECENT_POLL
        } else {
            (self.poll * 2).min(SLOWEST_POLL)
        };
        let mut pause = self.poll;
        if let Some(due) = claimed.next_due {
            // The database's clock set it; ours is only used for how long to sleep, and asking early does no harm.
            pause = pause.min(
                (due - Utc::now())
                    .to_std()
                    .unwrap_or(FASTEST_POLL)
                    .max(FASTEST_POLL),
            );
        }
        // Room alone is no reason to look again: the index was emptied, and whatever comes to it wakes us.
        tokio::select! {
            biased;
            () = self.core.draining.cancelled() => {}
            () = next_ready(&mut self.wake_ups) => self.poll = RECENT_POLL,
            () = tokio::time::sleep(pause) => {}
        }
    }

    async fn wait_for_room(&mut self) {
        self.sleep(SLOWEST_POLL).await;
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::select! {
            biased;
            () = self.core.draining.cancelled() => {}
            () = self.core.room_ready.notified() => {}
            () = next_ready(&mut self.wake_ups) => self.poll = RECENT_POLL,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The next wake-up that means there may be something to claim.
async fn next_ready(wake_ups: &mut Receiver<Wake>) {
    loop {
        match wake_ups.recv().await {
            Ok(Wake::Ready) | Err(RecvError::Lagged(_)) => return,
            Ok(Wake::Task(_) | Wake::Ended(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// How much a claim may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    total: usize,
    slots: usize,
    alone: bool,
}

impl Core {
    /// The room for a claim, reserved; none when nothing is to be claimed now.
    fn room_to_claim(&self) -> Option<Room> {
        let mut books = self.books();
        let now = Instant::now();
        let completed = books.ledger.completed;
        books.capacity.measure(completed, now);
        let (held, buffered, occupied) = (
            books.ledger.held(),
            books.ledger.buffered(),
            books.ledger.occupied(),
        );
        let idle = held == 0 && occupied == 0;
        if books.alone {
            // The suspect runs by itself; when it has left the ledger, all is as before.
            if !idle {
                return None;
            }
            books.alone = false;
        }
        if books.draining_for_alone.is_some() {
            if !idle {
                return None;
            }
            books.draining_for_alone = None;
        }
        if self.stuck(&books.ledger) {
            if !std::mem::replace(&mut books.stuck_said, true) {
                tracing::error!(
                    "every slot is taken by a handler that does not return: this worker claims nothing"
                );
            }
            return None;
        }
        books.stuck_said = false;
        if self.language_hangs() {
            return None;
        }
        let available = books.capacity.available(held);
        // While this claim is on its way some room is left to tasks that this process creates.
        let total = available - available / LEFT_TO_OWN_TASKS;
        let low = buffered == 0 || total * 2 >= books.capacity.target() || books.capacity.index_is_due();
        if total == 0 || !low {
            return None;
        }
        let slots = books.capacity.free_slots(occupied, buffered).min(total);
        books.capacity.reserve(total);
        Some(Room {
            total,
            slots,
            alone: idle,
        })
    }
}

impl super::core::Books {
    /// Stops claiming until nothing runs, so that a suspect may run alone here; at most once a lease.
    fn drain_for_alone(&mut self, lease: Duration, now: Instant) {
        if self.draining_for_alone.is_none()
            && self.drained_at.is_none_or(|at| now.duration_since(at) >= lease)
        {
            self.draining_for_alone = Some(now);
            self.drained_at = Some(now);
        }
    }
}

pub(super) fn as_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
