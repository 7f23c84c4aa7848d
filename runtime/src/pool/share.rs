//! Sharing connections: seats for statements, and connections that nobody shares any more.
//!
//! A short statement, once it may be sent (see `flow`), takes a seat on the idle connection with the fewest of them, among
//! those whose seats are taken by statements of the same access; where there is none, another connection is opened (see
//! `widen`). A connection stays in its lane meanwhile; whoever wants one for himself takes one without seats, opens another,
//! or takes the one with the fewest seats out of the lane and waits until they are left, or another comes free before.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::flow::{Flow, Halt};
use super::{Idle, Lane, Pool, Pooled, closed, lock};
use crate::driver::{Each, Load, Seat};
use crate::error::Result;
use crate::executor::Access;
use crate::rt;
use crate::sql::Dialect;
use crate::value::Params;

/// How many seats a connection has for an access at most, on the average of all that the pool may open.
pub(super) const SEATS: usize = 64;
/// So many reads more than there are connections wait in the server's queues, and as many writes as there are connections, but
/// at least so many: with 64 tasks on 8 connections hardly anybody waits longer then than if each had one for himself.
pub(super) const READS: usize = 12;
pub(super) const WRITES: usize = 4;
/// So many seats are taken by readers on each connection before another one is used.
const CROWDED: usize = 16;
/// Fewer are, where their statements take longer than this together.
const LONG: Duration = Duration::from_millis(4);

/// How often those who wait for seats, or for them to be left, look for another connection.
pub(super) const GLANCE: Duration = Duration::from_millis(20);

impl Lane {
    /// Whether another connection may be opened by somebody who has a permit for one.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.idle).len() <= self.permits.available_permits()
    }

    fn flow(&self, access: Access) -> &Flow {
        match access {
            Access::Read => &self.reads,
            Access::Write => &self.writes,
        }
    }
}

impl Pool {
    /// Whether short statements of an access share connections.
    pub(crate) fn shares(&self, access: Access) -> bool {
        let settings = &self.settings;
        settings.share_connections
            && settings.statement_cache > 0
            && settings.dialect == Dialect::Postgres
            && (access == Access::Read || !self.writes_apart.load(Ordering::Relaxed))
    }

    /// Runs a short statement beside others, and says how many rows it gave or changed. `None` when it has to be run on a
    /// connection of its own; nothing was given to `each` then, and nothing changed.
    pub(crate) async fn run_shared(
        self: &Arc<Self>,
        access: Access,
        sql: &str,
        params: &dyn Params,
        each: Each<'_>,
    ) -> Option<Result<u64>> {
        let lane = &self.main;
        let mut pass = match lane.flow(access).enter(self.patience()).await {
            Ok(pass) => pass,
            Err(Halt::Closed) => return Some(Err(closed())),
            Err(Halt::Late) => return Some(Err(self.exhausted(access))),
        };
        let seat = match self.place(lane, access) {
            Place::Seat(seat) => seat,
            Place::None => return None,
            // Kept apart, as it is rare and needs much room.
            place => match Box::pin(self.seat(access, place)).await {
                Ok(seat) => seat?,
                Err(error) => return Some(Err(error)),
            },
        };
        let begun = Instant::now();
        let outcome = seat.run(sql, params, each).await;
        // What was refused here was not sent.
        if let Some(Ok(_)) = outcome {
            pass.replied(begun.elapsed());
        }
        outcome
    }

    /// A seat on a connection, if there is one.
    pub(super) fn place(&self, lane: &Lane, access: Access) -> Place {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Place::None;
            }
            let stale = {
                let mut idle = lock(&lane.idle);
                let at = match choose(loads(&idle, access), access, lane.size as usize) {
                    Choice::Take(at) => at,
                    Choice::Open => {
                        let has_room = idle.len() < lane.permits.available_permits();
                        match least(&idle, access) {
                            Some((_, at)) if !has_room || lane.openings.are_refused() => at,
                            None if !has_room && lane.openings.are_any() => return Place::Wait,
                            None if !has_room => return Place::None,
                            _ => return Place::Open,
                        }
                    }
                };
                let Some(chosen) = idle.get_mut(at) else { return Place::None };
                let now = Instant::now();
                if lane.limits.keep(&chosen.connection, Some(chosen.since), now) {
                    chosen.since = now;
                    return chosen.connection.connection.seat(access).map_or(Place::None, Place::Seat);
                }
                idle.remove(at)
            };
            // Given up here, outside of the lock; it closes once its seats are left.
            drop(stale);
        }
    }

    /// Takes the connection with the fewest seats, and waits until they are left, or until there is another one to be had
    /// before, but no longer than a time.
    pub(super) async fn emptied(&self, lane: &Lane, patience: Duration) -> Emptied {
        let idle = {
            let mut idle = lock(&lane.idle);
            let fewest = [Access::Read, Access::Write].into_iter().filter_map(|access| least(&idle, access)).min();
            let Some(at) = fewest.map(|(_, at)| at).or(idle.len().checked_sub(1)) else { return Emptied::Again };
            idle.remove(at)
        };
        let emptied = idle.connection.connection.emptied();
        let mut taken = Taken { lane, idle: Some(idle) };
        let (mut emptied, begun) = (pin!(emptied), Instant::now());
        loop {
            let Some(left) = patience.checked_sub(begun.elapsed()) else { return Emptied::Late };
            let mut returned = pin!(lane.returned.notified());
            let either = poll_fn(|context| match emptied.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending => returned.as_mut().poll(context).map(|()| false),
            });
            // Seats are left without a word to those who wait for others.
            let is_emptied = rt::timeout(left.min(GLANCE), either).await;
            if is_emptied == Some(true) {
                return taken.idle.take().map_or(Emptied::Again, |idle| Emptied::Connection(idle.connection));
            }
            if let Some(other) = taken.change() {
                return other;
            }
        }
    }
}

/// What there is for somebody who waited.
pub(super) enum Emptied {
    Connection(Pooled),
    /// Another one may be opened.
    Again,
    /// Nothing in time.
    Late,
}

/// Where a statement goes.
pub(super) enum Place {
    Seat(Seat),
    /// To another connection, which can be opened.
    Open,
    /// To another connection, which is being opened.
    Wait,
    /// To a connection of its own.
    None,
}

/// What a statement that wants a seat does.
#[derive(Debug, PartialEq)]
enum Choice {
    Take(usize),
    Open,
}

/// Chooses the connection with the fewest seats of those that are shared for this access, and another one when all of them
/// are crowded: at once for those who write, as a commit waits for the disk, and the server waits once for the commits of
/// many; for those who read when there are many of them, or their statements take long. Either leaves some of the lane to
/// the others, as far as it is there and moves.
fn choose(loads: impl Iterator<Item = (Load, usize)> + Clone, access: Access, size: usize) -> Choice {
    let crowded = |load: Load| match access {
        Access::Read => load.seats >= CROWDED || load.wait >= LONG,
        Access::Write => true,
    };
    let most = (size * 3 / 4).max(1);
    let shared = loads.clone().filter(|(load, _)| load.seats > 0);
    let (count, fewest) = shared.fold((0, None), |(count, fewest): (usize, Option<(Load, usize)>), next| {
        (count + 1, Some(fewest.map_or(next, |fewest| fewest.min(next))))
    });
    if let Some((load, at)) = fewest
        && (!crowded(load) || count >= most)
    {
        return Choice::Take(at);
    }
    let mut loads = loads;
    loads.find(|(load, _)| load.seats == 0).map_or(Choice::Open, |(_, at)| Choice::Take(at))
}

/// Whether another connection is needed for this access.
pub(super) fn are_all_crowded(idle: &[Idle], access: Access, size: u32) -> bool {
    choose(loads(idle, access), access, size as usize) == Choice::Open
}

/// The connection with the fewest seats, with their number.
fn least(idle: &[Idle], access: Access) -> Option<(Load, usize)> {
    loads(idle, access).min()
}

/// The connections on which a seat for this access can be had: how many are taken, and the place.
fn loads(idle: &[Idle], access: Access) -> impl Iterator<Item = (Load, usize)> + Clone {
    let load = move |idle: &Idle| idle.connection.connection.load(access);
    idle.iter().enumerate().filter_map(move |(at, idle)| Some((load(idle)?, at)))
}

/// A connection that was taken out of its lane, and goes back unless somebody gets it.
struct Taken<'l> {
    lane: &'l Lane,
    idle: Option<Idle>,
}

impl Taken<'_> {
    /// Gives it back for another one that can be had, or for room for one: at once, so that nobody takes its absence for room.
    fn change(&mut self) -> Option<Emptied> {
        let mut idle = lock(&self.lane.idle);
        let free = idle.iter().rposition(|idle| !idle.connection.connection.is_shared());
        if free.is_none() && idle.len() >= self.lane.permits.available_permits() {
            return None;
        }
        let other = free.map(|at| idle.remove(at));
        if let Some(taken) = self.idle.take() {
            self.lane.put(&mut idle, taken);
        }
        Some(other.map_or(Emptied::Again, |idle| Emptied::Connection(idle.connection)))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take() {
            self.lane.put(&mut lock(&self.lane.idle), idle);
            self.lane.returned.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a lane of 8 connections with so many seats taken, by statements that take so long.
    fn choice_of(access: Access, loads: &[usize], each: Duration) -> Choice {
        choose(loads.iter().map(|&seats| Load { seats, wait: each * seats as u32 }).zip(0..), access, 8)
    }

    fn choice(access: Access, loads: &[usize]) -> Choice {
        choice_of(access, loads, Duration::from_micros(20))
    }

    #[test]
    fn readers_crowd_together_and_writers_spread() {
        assert_eq!(choice(Access::Read, &[0, 1, 3]), Choice::Take(1));
        assert_eq!(choice(Access::Write, &[0, 1, 3]), Choice::Take(0));
        assert_eq!(choice(Access::Read, &[CROWDED, CROWDED + 2, 0]), Choice::Take(2));
        assert_eq!(choice(Access::Write, &[]), Choice::Open);
    }

    #[test]
    fn readers_spread_when_their_statements_take_long() {
        let slow = |loads: &[usize]| choice_of(Access::Read, loads, Duration::from_millis(5));
        assert_eq!(slow(&[1, 0, 0]), Choice::Take(1));
        assert_eq!(slow(&[1, 1]), Choice::Open);
        assert_eq!(slow(&[2, 2, 1, 2, 2, 2, 0]), Choice::Take(2), "as far as there is room");
    }

    #[test]
    fn another_connection_is_opened_when_all_are_crowded() {
        assert_eq!(choice(Access::Read, &[CROWDED, CROWDED]), Choice::Open);
        assert_eq!(choice(Access::Write, &[1, 2]), Choice::Open);
    }

    #[test]
    fn some_of_the_lane_are_left_to_the_others() {
        assert_eq!(choice(Access::Read, &[9, 9, 8, 7, 9, 9, 0]), Choice::Take(3), "three quarters of them");
        assert_eq!(choice(Access::Read, &[9, 9, 8, 8, 9, 9, 0]), Choice::Take(2));
        assert_eq!(choice(Access::Write, &[2, 2, 2, 2, 2, 0]), Choice::Take(5));
        assert_eq!(choice(Access::Write, &[3, 2, 2, 2, 2, 2, 0]), Choice::Take(1));
        let lonely = |access| choose([(Load { seats: 5, wait: LONG }, 0)].into_iter(), access, 1);
        assert_eq!((lonely(Access::Read), lonely(Access::Write)), (Choice::Take(0), Choice::Take(0)));
    }
}
