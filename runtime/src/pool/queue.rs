//! Those who wait, and what is remembered of them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A line of those who wait for the same.
#[derive(Default)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    waits: AtomicU64,
    /// In nanoseconds, of those who wait no more.
    waited: AtomicU64,
}

impl Queue {
    /// Stands in line until what this gives is dropped.
    pub(super) fn stand(&self) -> Standing<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Standing { queue: self, since: Instant::now() }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many have waited and do so no more, and for how long all together.
    pub(super) fn past(&self) -> (u64, Duration) {
        let waited = Duration::from_nanos(self.waited.load(Ordering::Relaxed));
        (self.waits.load(Ordering::Relaxed), waited)
    }
}

/// One who waits.
pub(super) struct Standing<'q> {
    queue: &'q Queue,
    pub(super) since: Instant,
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let Queue { waiting, waits, waited } = self.queue;
        waiting.fetch_sub(1, Ordering::Relaxed);
        waits.fetch_add(1, Ordering::Relaxed);
        waited.fetch_add(self.since.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }
}
