//! Opening connections for statements that share them.
//!
//! Whoever finds no seat has another connection opened, or waits until somebody else's is, and looks from time to time whether
//! there is a seat meanwhile. A task opens it, since the caller may not be polled any more (a future in a buffer, a branch of
//! a `select!`), and what is opened meanwhile belongs to nobody: it would be missing for everybody. A caller who is gone gets
//! nothing more than the attempt that was begun: what comes of it is there for others.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, SemaphorePermit};

use super::share::{GLANCE, Place, are_all_crowded};
use super::{FIRST_PAUSE, LAST_PAUSE, Lane, Pool, lock};
use crate::driver::{Connection, Seat};
use crate::error::{Error, Result};
use crate::executor::Access;
use crate::rt;

/// So long nobody asks for more connections than there are after the server gave none, as far as those can be used.
const PAUSE: Duration = Duration::from_secs(1);

/// So many connections are opened in vain, as others take them, or they are too old at once.
const TRIES: u32 = 3;

/// The connections that are being opened.
#[derive(Default)]
pub(super) struct Openings {
    count: AtomicUsize,
    /// Tells that one of them is over.
    over: Notify,
    /// When none was to be had, last.
    refused: Mutex<Option<Instant>>,
}

/// One of them.
struct Opening<'o>(&'o Openings);

impl Openings {
    fn begin(&self) -> Opening<'_> {
        self.count.fetch_add(1, Ordering::AcqRel);
        Opening(self)
    }

    /// Whether another connection may come without asking for one.
    pub(super) fn are_any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Whether none was to be had a moment ago.
    pub(super) fn are_refused(&self) -> bool {
        lock(&self.refused).is_some_and(|refused| refused.elapsed() < PAUSE)
    }

    fn refuse(&self) {
        *lock(&self.refused) = Some(Instant::now());
    }

    /// Waits until one of them is over, if there are any.
    async fn over(&self) {
        let over = self.over.notified();
        if self.are_any() {
            over.await;
        }
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.over.notify_waiters();
    }
}

impl Pool {
    /// A seat where there was none at first; `None` when a connection of one's own has to do.
    pub(super) async fn seat(self: &Arc<Self>, access: Access, mut place: Place) -> Result<Option<Seat>> {
        let (lane, begun) = (self.lane(access), Instant::now());
        let (mut tries, mut pause) = (0, FIRST_PAUSE);
        loop {
            match place {
                Place::Seat(seat) => return Ok(Some(seat)),
                Place::None => return Ok(None),
                _ if begun.elapsed() >= self.patience() => return Err(self.exhausted(access)),
                Place::Wait => {
                    rt::timeout(GLANCE, lane.openings.over()).await;
                }
                Place::Open if tries == TRIES => return Ok(None),
                Place::Open => match self.widen(access, lane).await {
                    Widened::Seat(seat) => return Ok(Some(seat)),
                    Widened::Maybe => tries += 1,
                    Widened::Never => return Ok(None),
                    Widened::Failed(error) => {
                        let is_late = begun.elapsed() + pause >= self.patience();
                        match self.place(lane, access) {
                            Place::Seat(seat) => return Ok(Some(seat)),
                            _ if is_late || !Connection::may_pass(&self.settings, &error) => return Err(error),
                            _ => rt::sleep(pause).await,
                        }
                        pause = (pause * 2).min(LAST_PAUSE);
                    }
                },
            }
            place = self.place(lane, access);
        }
    }

    /// Has another connection opened for all, and waits for it, or for a seat that can be had before.
    async fn widen(self: &Arc<Self>, access: Access, lane: &Lane) -> Widened {
        let Some(handle) = rt::beside() else { return Widened::Never };
        let mut opening = handle.spawn(Arc::clone(self).open_for_all(access));
        loop {
            match rt::timeout(GLANCE, &mut opening).await {
                Some(Ok(Ok(()))) => return Widened::Maybe,
                Some(Ok(Err(error))) => return Widened::Failed(error),
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                // That runtime ended.
                Some(Err(_)) => return Widened::Never,
                None => {
                    if let Place::Seat(seat) = self.place(lane, access) {
                        return Widened::Seat(seat);
                    }
                }
            }
        }
    }

    /// Opens another connection for all, if they still need one and there is room.
    async fn open_for_all(self: Arc<Self>, access: Access) -> Result<()> {
        let lane = self.lane(access);
        // Whoever hears that it is over finds the right to open another one given back.
        let Some((_opening, permit)) = lane.make_room(access) else { return Ok(()) };
        let opened = self.open_one(access).await.inspect_err(|_| lane.openings.refuse())?;
        permit.forget();
        self.give_back(access, opened);
        Ok(())
    }
}

/// What came of opening another connection.
enum Widened {
    /// There is a seat.
    Seat(Seat),
    /// There may be one.
    Maybe,
    /// There will be none.
    Never,
    Failed(Error),
}

impl Lane {
    /// The right to open another connection, if one is needed still and there is room for it.
    fn make_room(&self, access: Access) -> Option<(Opening<'_>, SemaphorePermit<'_>)> {
        // In one go, so that two who come together do not each take the other's permit for a connection.
        let idle = lock(&self.idle);
        if !are_all_crowded(&idle, access, self.size) || idle.len() >= self.permits.available_permits() {
            return None;
        }
        let permit = self.permits.try_acquire().ok()?;
        Some((self.openings.begin(), permit))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_an_opening_hears_of_its_end() {
        let openings = Openings::default();
        openings.over().await;
        let (one, other) = (openings.begin(), openings.begin());
        let mut waits = Box::pin(openings.over());
        assert!(rt::timeout(Duration::from_millis(5), waits.as_mut()).await.is_none());
        drop(one);
        rt::timeout(Duration::from_secs(10), waits).await.unwrap();
        assert!(openings.are_any());
        drop(other);
        assert!(!openings.are_any());
    }

    #[test]
    fn no_more_are_asked_for_right_after_none_was_to_be_had() {
        let openings = Openings::default();
        assert!(!openings.are_refused());
        openings.refuse();
        let refused = lock(&openings.refused).unwrap();
        // Whoever is held up for long comes too late to find it so.
        assert!(openings.are_refused() || refused.elapsed() >= PAUSE);
        *lock(&openings.refused) = Instant::now().checked_sub(PAUSE);
        assert!(!openings.are_refused());
    }
}
