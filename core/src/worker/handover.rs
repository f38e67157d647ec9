//! Room for the roots of tasks that the client of this process creates.

use super::core::Core;
use super::dispatcher::as_i32;
use super::prepare::Reported;
use crate::engine::{Hungry, Offer};
use crate::metrics::ClaimSource;
use crate::store::{FlushRow, FlushStatus};
use std::{future::Future, pin::Pin, sync::Arc};
use tokio::sync::OwnedRwLockReadGuard;

/// What a worker is asked for.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) core: Arc<Core>,
}

#[derive(Debug)]
struct Seat {
    core: Arc<Core>,
    worker_id: i64,
    room: usize,
    slots: usize,
    /// No comparison takes place while the call is on its way.
    _gate: OwnedRwLockReadGuard<()>,
}

impl Hungry for Table {
    fn offer(&self) -> Option<Box<dyn Offer>> {
        let gate = Arc::clone(&self.core.gate).try_read_owned().ok()?;
        let mut books = self.core.books();
        let (held, buffered, occupied) = (
            books.ledger.held(),
            books.ledger.buffered(),
            books.ledger.occupied(),
        );
        let closed = self.core.draining.is_cancelled() || books.alone || books.draining_for_alone.is_some();
        let closed = closed || self.core.language_hangs();
        let idle_slots = books.capacity.idle_slots(occupied, buffered);
        let room = books.capacity.available(held).min(idle_slots);
        if closed || buffered > 0 || room == 0 || books.capacity.something_waits() {
            return None;
        }
        // Those that a claim on its way may fill are not for roots that must start at once.
        let slots = books.capacity.free_slots(occupied, buffered).min(room);
        books.capacity.reserve(room);
        drop(books);
        let core = Arc::clone(&self.core);
        Some(Box::new(Seat {
            worker_id: core.worker_id(),
            core,
            room,
            slots,
            _gate: gate,
        }))
    }
}

impl Offer for Seat {
    fn worker_id(&self) -> i64 {
        self.worker_id
    }

    fn room(&self) -> i32 {
        as_i32(self.room)
    }

    fn slots(&self) -> i32 {
        as_i32(self.slots)
    }

    fn settle(
        mut self: Box<Self>,
        claims: Vec<FlushRow>,
        certain: bool,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.core
            .books()
            .capacity
            .unreserve(std::mem::take(&mut self.room));
        if !certain {
            self.core.note_uncertain();
        }
        Box::pin(async move {
            let claims: Vec<FlushRow> = claims
                .into_iter()
                .filter(|row| row.status == FlushStatus::Claimed)
                .collect();
            if claims.is_empty() {
                return;
            }
            let core = Arc::clone(&self.core);
            if core.knows_all(&claims) {
                if let Err(error) = core.accept(claims, &Reported::new(), ClaimSource::Creation).await {
                    tracing::warn!(%error, "claimed roots could not be prepared");
                    core.note_uncertain();
                }
                return;
            }
            // Something has to be read first, on a connection that belongs to the worker's runtime. Not waited for: the
            // caller's task is created.
            let seat = self;
            let _ = core.on_own_runtime(async move {
                if let Err(error) = seat
                    .core
                    .accept(claims, &Reported::new(), ClaimSource::Creation)
                    .await
                {
                    tracing::warn!(%error, "claimed roots could not be prepared");
                    seat.core.note_uncertain();
                }
            });
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // The caller gave up midway: its call may have been committed, and the room is free again.
        if self.room > 0 {
            self.core.books().capacity.unreserve(self.room);
            self.core.note_uncertain();
        }
    }
}
