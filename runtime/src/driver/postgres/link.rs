//! What several callers share of a connection: short statements outside of transactions.
//!
//! The server answers in the order of the requests, so a statement that is sent without waiting for the replies before it
//! saves what two processes that wait for each other cost. Whoever wants to share takes a [`Seat`]; the pool gives none on
//! a connection that somebody has for himself, and gives nobody one for himself while seats are taken.
//!
//! A slow reply holds up all behind it, and those that were sent together with it (see `fold.rs`). Whoever reads, and waits
//! for one that may be another's, leaves after a while and goes elsewhere; so nobody waits for a reply for good that another
//! caller does not come to read. What writes cannot leave once it was sent: it is never sent behind reads, and a slow write
//! that others wait behind is cancelled, which undoes it, and run again on a connection of its own. A caller that stops
//! waiting leaves its seat to a task that reads the reply, or cancels the statement when it takes long.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error as Fault, RowStream, Statement};

use super::bind::Bound;
use super::fold::Copying;
use super::sent::Sent;
use super::socket::Route;
use super::wire::{Waiting, Wire};
use super::{Prepared, bind_all, error, read_all};
use crate::driver::cache::Cache;
use crate::driver::{Each, Load};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Access;
use crate::rt;
use crate::value::Params;

/// How often a shared connection is looked at. One on which nothing comes to an end from one time to the next, though
/// something was under way, is stalled.
const TICK: Duration = Duration::from_millis(250);
/// So many times after the last seat was left.
const QUIET: u32 = 8;

/// What a statement may take at first, in nanoseconds.
const PACE: u64 = 20_000;

/// A client of the server, as far as it can be shared.
pub(crate) struct Link {
    pub(super) client: Client,
    /// What talks to the server.
    pub(super) wire: Arc<Wire>,
    /// The way to the server, for what has to be sent beside the connection.
    pub(super) route: Route,
    /// The runtime that drives the connection.
    pub(super) handle: Handle,
    cache: Option<Mutex<Cache<Arc<Prepared>>>>,
    /// How many statements were sent from seats, and how many of them are over.
    sent: AtomicU64,
    done: AtomicU64,
    opened: Instant,
    /// When the last of them was over, in nanoseconds since it was opened.
    heard: AtomicU64,
    /// How long the server takes for one of them, and how long the shortest reply of late took, in nanoseconds.
    pace: AtomicU64,
    shortest: AtomicU64,
    stalled: AtomicBool,
    /// A statement on it was cancelled from outside, which may have hit another one.
    broken: AtomicBool,
    watched: AtomicBool,
    /// Wakes those who wait for a reply, since none comes.
    alarm: Notify,
    /// Wakes who waits for the last seat to be left.
    empty: Notify,
}

impl Link {
    /// A client that keeps so many statements; with 0 it cannot be shared.
    pub(super) fn new(
        (client, wire): (Client, Arc<Wire>),
        route: Route,
        handle: Handle,
        statement_cache: usize,
    ) -> Self {
        Self {
            client,
            wire,
            route,
            handle,
            cache: (statement_cache > 0).then(|| Mutex::new(Cache::new(statement_cache))),
            sent: AtomicU64::new(0),
            done: AtomicU64::new(0),
            opened: Instant::now(),
            heard: AtomicU64::new(0),
            pace: AtomicU64::new(0),
            shortest: AtomicU64::new(u64::MAX),
            stalled: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            alarm: Notify::new(),
            empty: Notify::new(),
        }
    }

    /// Whether statements are kept, so that the connection to the server stays the same.
    pub(super) fn keeps_statements(&self) -> bool {
        self.cache.is_some()
    }

    /// A statement that is prepared.
    pub(super) fn prepared(&self, sql: &str) -> Option<Arc<Prepared>> {
        self.cache()?.get(sql).cloned()
    }

    /// Keeps a statement.
    pub(super) fn keep(&self, sql: &str, statement: Statement) -> Arc<Prepared> {
        let prepared = Arc::new(Prepared::new(statement));
        if let Some(mut cache) = self.cache() {
            let place = cache.reserve(sql);
            cache.put_back(place, Arc::clone(&prepared));
        }
        prepared
    }

    /// Forgets a statement.
    pub(super) fn evict(&self, sql: &str) {
        if let Some(mut cache) = self.cache() {
            cache.evict(sql);
        }
    }

    fn cache(&self) -> Option<MutexGuard<'_, Cache<Arc<Prepared>>>> {
        Some(self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is of use, as far as is known.
    pub(super) fn is_alive(&self) -> bool {
        self.wire.glance();
        !self.client.is_closed() && !self.broken.load(Ordering::Relaxed)
    }

    /// Has it closed once whoever uses it is done.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What to say of a fault, if it is that a COPY began whose rows come from here, or go to here. In the first case the
    /// connection ends, as nothing more is to be had of it.
    #[cold]
    pub(super) fn of_copy(&self, fault: &Fault) -> Option<Error> {
        let copying = error::is_unexpected(fault).then(|| self.wire.copying()).flatten()?;
        if copying == Copying::In {
            self.wire.end();
        }
        Some(error::of_copy(copying))
    }

    /// Has the client library send a statement; gives what its rows come from. In memory of its own, as it needs much room,
    /// which every future of a statement would have to have. It is not to be more than glibc keeps at hand for a thread
    /// (1,032 bytes: `tcache_max` of its manual).
    pub(super) fn query<'a>(
        &'a self,
        prepared: &'a Prepared,
        bound: &'a Bound,
    ) -> Pin<Box<impl Future<Output = Result<RowStream, Fault>> + Send + 'a>> {
        Box::pin(self.client.query_raw(&prepared.statement, bound))
    }

    /// What goes on in its seats; `None` where another one for this access cannot be had now.
    pub(crate) fn load(&self, access: Access) -> Option<Load> {
        let seats = self.seats();
        let fit = self.keeps_statements() && !self.stalled.load(Ordering::Relaxed);
        let wait = Duration::from_nanos(self.pace.load(Ordering::Relaxed).saturating_mul(seats as u64));
        (fit && (seats == 0 || self.access() == access)).then_some(Load { seats, wait })
    }

    /// What those who have seats do.
    fn access(&self) -> Access {
        if self.wire.crowd.writes.load(Ordering::Relaxed) { Access::Write } else { Access::Read }
    }

    /// How many seats are taken.
    pub(crate) fn seats(&self) -> usize {
        self.wire.crowd.seats.load(Ordering::Acquire)
    }

    /// Waits until all seats are left. Only one may wait at a time.
    pub(crate) async fn emptied(&self) {
        while self.seats() > 0 {
            self.empty.notified().await;
        }
    }

    /// Takes a seat, where there is [load](Self::load) for its access; nobody else may take one meanwhile.
    pub(crate) fn seat(self: &Arc<Self>, access: Access) -> Seat {
        self.wire.crowd.writes.store(access == Access::Write, Ordering::Relaxed);
        self.wire.crowd.seats.fetch_add(1, Ordering::AcqRel);
        self.watch();
        Seat { link: Arc::clone(self), ticket: None, sent_at: 0 }
    }

    fn now(&self) -> u64 {
        self.opened.elapsed().as_nanos() as u64
    }

    /// Notes that a statement is over.
    fn answered(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.stalled.store(false, Ordering::Relaxed);
    }

    /// Notes how long the server took for one that was sent at a time.
    fn timed(&self, sent_at: u64) {
        let now = self.now();
        let before = self.heard.swap(now, Ordering::Relaxed);
        let (pace, shortest) = (self.pace.load(Ordering::Relaxed), self.shortest.load(Ordering::Relaxed));
        let reply = now.saturating_sub(sent_at);
        let gap = (sent_at < before).then(|| now.saturating_sub(before));
        self.pace.store(paced(pace, reply, gap, shortest), Ordering::Relaxed);
        self.shortest.store(reply.min(shortest.saturating_add(shortest / 1024)), Ordering::Relaxed);
    }

    fn leave(&self) {
        if self.wire.crowd.seats.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_one();
        }
    }

    /// Whether all statements before one are over, so that it is the one that the server works on, or one of those that
    /// went together with it.
    fn is_next(&self, ticket: u64) -> bool {
        self.done.load(Ordering::Relaxed) + 1 >= ticket
    }

    /// Whether a statement waits for no other. That cannot be known of one that others were sent together with, as the
    /// server keeps its reply until the last of them is over.
    fn waits_for_itself(&self, ticket: u64) -> bool {
        self.is_next(ticket) && !self.wire.crowd.is_reply_held()
    }

    /// Looks from time to time whether replies come, as long as seats are taken.
    fn watch(self: &Arc<Self>) {
        if self.watched.load(Ordering::Relaxed) || self.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        let link = Arc::downgrade(self);
        drop(self.handle.spawn(async move {
            let (mut seen, mut quiet) = (Progress::default(), 0);
            loop {
                rt::sleep(TICK).await;
                let Some(link) = link.upgrade() else { return };
                quiet = if link.seats() == 0 { quiet + 1 } else { 0 };
                if quiet > QUIET {
                    link.watched.store(false, Ordering::Release);
                    // Whoever came meanwhile saw it watched.
                    if link.seats() == 0 || link.watched.swap(true, Ordering::AcqRel) {
                        return;
                    }
                }
                seen = link.look(seen);
                if link.holds_up_writes() {
                    link.cancel().await;
                }
            }
        }));
    }

    /// Notes whether a reply came since the last look; gives what is seen now.
    fn look(&self, seen: Progress) -> Progress {
        let now = Progress { done: self.done.load(Ordering::Relaxed), sent: self.sent.load(Ordering::Relaxed) };
        let stalled = now.is_stalled_since(seen);
        self.stalled.store(stalled, Ordering::Relaxed);
        if stalled {
            self.alarm.notify_waiters();
        }
        now
    }

    /// Whether the server takes long for a statement that others wait behind which cannot leave.
    fn holds_up_writes(&self) -> bool {
        let waiting = self.sent.load(Ordering::Relaxed).saturating_sub(self.done.load(Ordering::Relaxed));
        self.stalled.load(Ordering::Relaxed) && waiting > 1 && self.access() == Access::Write
    }

    /// Cancels the statement that the server works on. It may be over by the time that the request arrives, and the next
    /// one cancelled: nothing is shared here from now on, and whoever is cancelled runs his statement elsewhere.
    async fn cancel(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.alarm.notify_waiters();
        rt::timeout(super::CANCELLING, self.route.cancel(&self.client.cancel_token())).await;
    }

    /// Waits for the reply of a statement that nobody wants any more, and cancels the statement if it takes long.
    async fn clear(&self, ticket: u64) {
        // Answered behind all that was sent before.
        let mut over = pin!(self.client.check_connection());
        while rt::timeout(TICK, over.as_mut()).await.is_none() {
            if self.is_next(ticket) {
                self.cancel().await;
            }
        }
    }
}

/// How many statements were sent on a connection, and how many of them are over.
#[derive(Clone, Copy, Default)]
struct Progress {
    done: u64,
    sent: u64,
}

impl Progress {
    /// Whether some were under way, and none is over since. What was sent since may have been sent just now.
    fn is_stalled_since(self, before: Self) -> bool {
        before.sent > before.done && self.done == before.done
    }
}

/// How long the server takes for a statement, in nanoseconds: what was known, how long the last reply took, how long after the
/// one before it came where it was sent before that, and the shortest reply, which is the way there and back. What takes
/// far longer than those before counts for less: it may have waited for something else.
fn paced(known: u64, reply: u64, gap: Option<u64>, shortest: u64) -> u64 {
    let Some(gap) = gap else { return known.min(reply) };
    let took = gap.min(reply.saturating_sub(shortest));
    known - known / 8 + took.min(known.saturating_mul(4).saturating_add(PACE)) / 8
}

/// A place for one statement among those of others.
pub(crate) struct Seat {
    link: Arc<Link>,
    /// The number of the statement that was sent, until it is over.
    ticket: Option<u64>,
    /// When it was sent, in nanoseconds since the connection was opened.
    sent_at: u64,
}

impl Seat {
    /// Runs a statement and says how many rows it gave or changed. `None` when it has to be run on a connection of its own:
    /// it cannot be prepared, it only reads and its reply does not come, or it was cancelled for the sake of others.
    /// Nothing was given to `each` then, and nothing was changed.
    pub(crate) async fn run(mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Option<Result<u64>> {
        let link = Arc::clone(&self.link);
        let prepared = match link.prepared(sql) {
            Some(prepared) => prepared,
            // Kept apart, as it is rare and needs much room.
            None => Box::pin(self.prepare(sql)).await?,
        };
        let mut bound = Bound::default();
        if let Err(error) = bind_all(&mut bound, &prepared, &mut |put| params.bind(put)) {
            return Some(Err(error));
        }
        let mut rows = 0_u64;
        let mut counted = |row: &crate::row::Row<'_>| {
            rows += 1;
            each(row)
        };
        let mut waiting = Waiting::seated(&link);
        let read = if let Some(sent) = Sent::new(&mut waiting, &prepared, &bound) {
            // It waits for no other.
            self.note_sent();
            sent.read(&prepared, &mut counted, true, None).await
        } else {
            let reply = link.query(&prepared, &bound);
            match self.answer(&mut waiting, pin!(reply), link.access() == Access::Read).await? {
                Ok(stream) => read_all(&mut waiting, stream, &prepared, &mut counted, true, None).await,
                Err(fault) => Err(fault),
            }
        };
        match read {
            Ok((outcome, _)) => {
                self.over();
                Some(outcome)
            }
            Err(fault) if rows == 0 => self.refused(fault, sql),
            Err(fault) => {
                self.over();
                Some(Err(error::of_statement(fault, sql)))
            }
        }
    }

    /// Prepares a statement here. What is wrong with it is told where it is run instead.
    async fn prepare(&mut self, sql: &str) -> Option<Arc<Prepared>> {
        if error::of_too_many(sql).is_some() {
            return None;
        }
        let link = Arc::clone(&self.link);
        let reply = pin!(link.client.prepare(sql));
        let outcome = self.answer(&mut Waiting::seated(&link), reply, true).await?;
        self.over();
        Some(link.keep(sql, outcome.ok()?))
    }

    /// Sends a request and waits for its reply, or the beginning of it; `None` when that does not come, since others are
    /// before it, and it may leave.
    async fn answer<T>(
        &mut self,
        waiting: &mut Waiting<'_>,
        mut reply: Pin<&mut (impl Future<Output = Result<T, Fault>> + Send)>,
        may_leave: bool,
    ) -> Option<Result<T, Fault>> {
        // Sent by the first poll.
        let ticket = self.note_sent();
        let link = &*self.link;
        let mut alarm = pin!(link.alarm.notified());
        poll_fn(|context| {
            if let Poll::Ready(answer) = waiting.poll(context, |context| reply.as_mut().poll(context)) {
                return Poll::Ready(Some(answer));
            }
            while alarm.as_mut().poll(context).is_ready() {
                if may_leave && (link.broken.load(Ordering::Relaxed) || !link.waits_for_itself(ticket)) {
                    return Poll::Ready(None);
                }
                alarm.set(link.alarm.notified());
            }
            Poll::Pending
        })
        .await
    }

    /// Notes that a statement is sent; gives its number.
    fn note_sent(&mut self) -> u64 {
        let ticket = self.link.sent.fetch_add(1, Ordering::Relaxed) + 1;
        self.ticket = Some(ticket);
        self.sent_at = self.link.now();
        ticket
    }

    /// Notes that the reply was read.
    fn over(&mut self) {
        if self.ticket.take().is_some() {
            self.link.answered();
            self.link.timed(self.sent_at);
        }
    }

    /// What the server's error means: the caller's, or that the statement has to be run elsewhere.
    #[cold]
    fn refused(&mut self, fault: Fault, sql: &str) -> Option<Result<u64>> {
        self.over();
        if error::is_fatal(&fault) {
            self.link.give_up();
        }
        if error::is_stale_statement(&fault) {
            self.link.evict(sql);
            return None;
        }
        if fault.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) && self.link.access() == Access::Read {
            // It was sent together with one that failed.
            return None;
        }
        let cancelled = fault.code() == Some(&SqlState::QUERY_CANCELED) && self.link.broken.load(Ordering::Relaxed);
        let error = error::of_statement(fault, sql);
        // A write whose reply was lost may have been done.
        let lost = matches!(error.kind(), ErrorKind::Connection) && self.link.access() == Access::Read;
        if cancelled || lost { None } else { Some(Err(error)) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match self.ticket {
            Some(ticket) if self.link.is_alive() => {
                let link = Arc::clone(&self.link);
                drop(self.link.handle.spawn(async move {
                    link.clear(ticket).await;
                    link.answered();
                    link.leave();
                }));
            }
            ticket => {
                if ticket.is_some() {
                    self.link.answered();
                }
                self.link.leave();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, paced};

    const WAY: u64 = 100_000;

    /// After so many replies of statements that wait for each other at the server and take so long.
    fn after(known: u64, each: u64, replies: usize) -> u64 {
        (0..replies).fold(known, |known, _| paced(known, WAY + 3 * each, Some(each), WAY + each))
    }

    #[test]
    fn a_connection_is_stalled_by_what_was_sent_before_the_last_look() {
        let seen = |done, sent| Progress { done, sent };
        assert!(seen(4, 6).is_stalled_since(seen(4, 5)));
        assert!(!seen(4, 6).is_stalled_since(seen(4, 4)), "sent since, maybe just now");
        assert!(!seen(5, 6).is_stalled_since(seen(4, 6)), "one is over");
        assert!(!seen(4, 4).is_stalled_since(seen(4, 4)), "nothing was sent");
    }

    #[test]
    fn the_pace_follows_statements_that_all_take_long() {
        let slow = after(40_000, 5_000_000, 30);
        assert!((2_000_000..=5_000_000).contains(&slow), "{slow}");
        let fast = after(slow, 20_000, 60);
        assert!(fast < 30_000, "{fast}");
    }

    #[test]
    fn one_that_waited_for_something_else_counts_for_little() {
        let once = paced(40_000, 200_000_000, Some(100_000_000), WAY);
        assert!(once < 60_000, "{once}");
    }

    #[test]
    fn the_way_to_the_server_counts_for_nothing() {
        let far = (0..100).fold(0, |known, _| paced(known, 10_050_000, Some(5_000_000), 10_000_000));
        assert!(far <= 50_000, "{far}");
    }

    #[test]
    fn who_was_alone_shows_the_most_that_it_takes() {
        assert_eq!((paced(900_000, 50_000, None, WAY), paced(20_000, 50_000, None, WAY)), (50_000, 20_000));
    }
}
