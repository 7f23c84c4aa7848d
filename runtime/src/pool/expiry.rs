//! Closing connections that are too old or were idle for too long, while nobody asks for one.
//!
//! A task sleeps until the first idle connection is due, and without a timer while none is idle. It runs in the
//! background, since the runtime of whoever opened the database may end before the database does, and knows the lane
//! weakly, so that it ends with it. Where the system gives no thread for it, connections are closed when the next one is
//! taken or given back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{Idle, Lane, Pooled, lock};
use crate::config::Settings;
use crate::rt;
use crate::sql::Dialect;

/// A connection that is too old while a statement of somebody is on it is looked at again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// How long connections are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    idle: Option<Duration>,
    lifetime: Option<Duration>,
}

impl Limits {
    /// None on SQLite, where a database in memory would go with its connection, and no server counts them.
    pub(super) fn of(settings: &Settings) -> Self {
        match settings.dialect {
            Dialect::Sqlite => Self { idle: None, lifetime: None },
            Dialect::Postgres | Dialect::Mysql => Self { idle: settings.idle_timeout, lifetime: settings.max_lifetime },
        }
    }

    /// Whether a connection can be used further at a time, which is now.
    pub(super) fn keep(&self, pooled: &Pooled, idle_since: Option<Instant>, now: Instant) -> bool {
        pooled.connection.is_alive() && !self.is_due(pooled, idle_since, now)
    }

    /// Whether a connection is too old at a time, or was idle for too long.
    pub(super) fn is_due(&self, pooled: &Pooled, idle_since: Option<Instant>, now: Instant) -> bool {
        let over = |limit: Option<Duration>, since: Instant| {
            limit.is_some_and(|limit| now.saturating_duration_since(since) >= limit)
        };
        over(self.lifetime, pooled.opened) || idle_since.is_some_and(|since| over(self.idle, since))
    }

    /// When a connection is due that was opened and is idle since then; `None` for never.
    fn due(&self, opened: Instant, idle_since: Instant) -> Option<Instant> {
        // A time that cannot be told is as good as never.
        let idle = self.idle.and_then(|limit| idle_since.checked_add(limit));
        let lifetime = self.lifetime.and_then(|limit| opened.checked_add(limit));
        idle.into_iter().chain(lifetime).min()
    }
}

/// When a lane is looked at next.
pub(super) struct Watch {
    begun: Instant,
    /// In nanoseconds since then, the largest for never. Set and read under the lock of the idle connections.
    next: AtomicU64,
    wake: Arc<Notify>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), next: AtomicU64::new(u64::MAX), wake: Arc::default() }
    }

    /// Notes when a connection is due that is idle from now on.
    pub(super) fn expect(&self, limits: &Limits, idle: &Idle) {
        if let Some(due) = limits.due(idle.connection.opened, idle.since)
            && self.nanos(due) < self.next.load(Ordering::Relaxed)
        {
            // Set here already, so that the next ones need not wake the task again.
            self.next.store(self.nanos(due), Ordering::Relaxed);
            self.wake.notify_one();
        }
    }

    /// Has the task look now, since it may have to end.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    fn nanos(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// Begins to close connections of a lane when they are due.
pub(super) fn watch(lane: &Arc<Lane>) {
    let limits = lane.limits;
    if limits.idle.is_none() && limits.lifetime.is_none() {
        return;
    }
    let (wake, lane) = (Arc::clone(&lane.watch.wake), Arc::downgrade(lane));
    rt::spawn_behind(async move {
        let mut next = None;
        loop {
            // What was noted before is kept, so nothing is missed between two rounds.
            let noted = wake.notified();
            match next {
                None => noted.await,
                Some(time) => drop(rt::timeout(time, noted).await),
            }
            match look(&lane) {
                Some(time) => next = time,
                None => return,
            }
        }
    });
}

/// Closes what is due, and says how long to wait, without end if nothing is idle; `None` when the lane is no more.
fn look(lane: &Weak<Lane>) -> Option<Option<Duration>> {
    let lane = lane.upgrade()?;
    let (closing, next) = {
        let mut idle = lock(&lane.idle);
        if lane.permits.is_closed() {
            return None;
        }
        let (closing, next) = lane.due(&mut idle);
        lane.watch.next.store(next.map_or(u64::MAX, |next| lane.watch.nanos(next)), Ordering::Relaxed);
        (closing, next)
    };
    // Closed here, outside of the lock.
    drop(closing);
    Some(next.map(|next| next.saturating_duration_since(Instant::now())))
}

impl Lane {
    /// Takes out what is due, and says when the first of the others is.
    fn due(&self, idle: &mut Vec<Idle>) -> (Vec<Idle>, Option<Instant>) {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        let closing = idle
            .extract_if(.., |idle| {
                let pooled = &idle.connection;
                let shared = pooled.connection.is_shared();
                if shared {
                    // It is in use now. If it is too old, the next statement goes elsewhere, and it is closed when it
                    // is left: taken out of the lane here, it would be missed by who waits for it.
                    idle.since = now;
                } else if !self.limits.keep(pooled, Some(idle.since), now) {
                    return true;
                }
                if let Some(due) = self.limits.due(pooled.opened, idle.since) {
                    let due = if shared { due.max(now + AGAIN) } else { due };
                    next = Some(next.map_or(due, |next| next.min(due)));
                }
                false
            })
            .collect();
        (closing, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_due_at_the_first_of_its_limits() {
        let (idle, lifetime) = (Some(Duration::from_secs(10)), Some(Duration::from_secs(30)));
        let opened = Instant::now();
        let at = |seconds| opened + Duration::from_secs(seconds);
        let due = |idle, lifetime, since| Limits { idle, lifetime }.due(opened, since);
        assert_eq!(due(idle, lifetime, at(5)), Some(at(15)));
        assert_eq!(due(idle, lifetime, at(25)), Some(at(30)));
        assert_eq!(due(idle, None, at(25)), Some(at(35)));
        assert_eq!(due(None, lifetime, at(5)), Some(at(30)));
        assert_eq!(due(None, None, at(5)), None);
        assert_eq!(due(Some(Duration::MAX), None, at(5)), None, "no panic where no clock reaches");
    }

    #[test]
    fn the_task_ends_with_its_lane() {
        let hour = Some(Duration::from_secs(3_600));
        let lane = Lane::new(1, Limits { idle: hour, lifetime: None });
        let wake = Arc::clone(&lane.watch.wake);
        assert_eq!(Arc::strong_count(&wake), 3, "the lane, the task and this test have it");
        drop(lane);
        let begun = Instant::now();
        while Arc::strong_count(&wake) > 1 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the task goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
