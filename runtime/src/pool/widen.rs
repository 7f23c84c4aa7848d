//! Opening connections for statements that share them.
//!
//! Whoever finds no seat has another connection opened, or waits until somebody else's is. A task opens it, since the caller
//! may not be polled any more (a future in a buffer, a branch of a `select!`), and what is opened meanwhile belongs to
//! nobody: it would be missing for everybody. A caller who is dropped takes his task along.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, SemaphorePermit};

use super::share::{Place, has_all_crowded};
use super::{Lane, Pool, lock};
use crate::driver::Seat;
use crate::error::Result;
use crate::executor::Access;
use crate::rt;

/// So long nobody asks for more connections than there are after the server gave none, as far as those can be used.
const PAUSE: Duration = Duration::from_secs(1);

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
    async fn over(&self, patience: Duration) {
        let over = self.over.notified();
        if self.are_any() {
            rt::timeout(patience, over).await;
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
        loop {
            let left = self.patience().saturating_sub(begun.elapsed());
            match place {
                Place::Seat(seat) => return Ok(Some(seat)),
                Place::None => return Ok(None),
                _ if left.is_zero() => return Ok(None),
                Place::Wait => lane.openings.over(left).await,
                Place::Open => {
                    let Some(handle) = rt::beside() else { return Ok(None) };
                    let widening = Arc::clone(self).widen(access, left);
                    match rt::AbortOnDrop(handle.spawn(widening)).await {
                        Ok(outcome) => outcome?,
                        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                        // That runtime ended.
                        Err(_) => return Ok(None),
                    }
                }
            }
            place = self.place(lane, access);
        }
    }

    /// Opens another connection for all, if they still need one and there is room.
    async fn widen(self: Arc<Self>, access: Access, patience: Duration) -> Result<()> {
        let lane = self.lane(access);
        let Some((permit, opening, others)) = lane.make_room(access) else { return Ok(()) };
        let opened = if others {
            // Nobody waits for a server that gives no more, if he can do with what is there.
            match self.open_in_time(access, Instant::now(), Duration::ZERO).await {
                Ok(opened) => opened,
                Err(_) => {
                    lane.openings.refuse();
                    return Ok(());
                }
            }
        } else {
            self.open_in_time(access, Instant::now(), patience).await?
        };
        permit.forget();
        self.give_back(access, opened);
        drop(opening);
        Ok(())
    }
}

impl Lane {
    /// The right to open another connection, if one is needed still and there is room for it; and whether there are seats on
    /// others.
    fn make_room(&self, access: Access) -> Option<(SemaphorePermit<'_>, Opening<'_>, bool)> {
        // In one go, so that two who come together do not each take the other's permit for a connection.
        let idle = lock(&self.idle);
        let others = has_all_crowded(&idle, access, self.size)?;
        if idle.len() >= self.permits.available_permits() {
            return None;
        }
        Some((self.permits.try_acquire().ok()?, self.openings.begin(), others))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_an_opening_hears_of_its_end() {
        let openings = Openings::default();
        openings.over(Duration::MAX).await;
        let (one, other) = (openings.begin(), openings.begin());
        let mut waits = Box::pin(openings.over(Duration::MAX));
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
        assert!(openings.are_refused());
        *lock(&openings.refused) = Instant::now().checked_sub(PAUSE);
        assert!(!openings.are_refused());
    }
}
