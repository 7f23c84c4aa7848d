//! How many short statements are under way at a time.
//!
//! What is sent waits in the queues of the server's processes, some of which move faster than others; what is not yet sent
//! waits in one queue that is fair to all. So no more are sent than keep the server busy and the way to it full: about as
//! many as could wait for nothing, by the shortest reply of late and the usual one, and some more. Where a reply takes as
//! long under load as alone, since the server is far away or its disk is slow, that is all of them. (The idea is that of TCP
//! Vegas: Brakmo and Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global Internet", 1995.)
//!
//! Nobody waits for those who do not move: futures that were begun and are not polled, or statements that wait for a lock.
//! After a while more are sent, up to a bound that holds whatever happens.

use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::lock;
use super::queue::Queue;
use crate::rt;

/// After so many usual replies those under way are looked at by who waits, but neither sooner nor later than this.
const GLANCES: u32 = 16;
const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(250);
/// The shortest reply of late is taken to be longer by this part with every lot of replies, unless one shows that it is not.
const FORGETTING: f64 = 1.0 / 1024.0;

/// How many statements of an access are under way at a time.
pub(super) struct Flow {
    places: Semaphore,
    /// How many may wait in the server's queues for the sake of keeping it busy.
    spare: usize,
    most: usize,
    queue: Queue,
    pace: Mutex<Pace>,
}

/// What is known of the replies.
struct Pace {
    /// How many may be under way, and how many places there are; those above the limit go as they are left.
    limit: f64,
    places: usize,
    /// When places were added last for those who wait in vain.
    nudged: Option<Instant>,
    /// How many were under way and are not any more.
    over: u64,
    /// The replies since the limit was set.
    replies: u32,
    time: Duration,
    least: Duration,
    /// The shortest reply of late, in seconds, and the usual one.
    alone: f64,
    usual: Duration,
}

/// Why nobody goes on.
pub(super) enum Halt {
    /// Nothing is sent any more.
    Closed,
    /// It took too long.
    Late,
}

impl Flow {
    /// So many that wait at the server, and a bound.
    pub(super) fn new(spare: usize, most: usize) -> Self {
        let pace = Pace {
            limit: spare as f64,
            places: spare,
            nudged: None,
            over: 0,
            replies: 0,
            time: Duration::ZERO,
            least: Duration::MAX,
            alone: f64::INFINITY,
            usual: Duration::ZERO,
        };
        Self { places: Semaphore::new(spare), spare, most, queue: Queue::default(), pace: Mutex::new(pace) }
    }

    /// Lets nobody on any more, and those who wait know.
    pub(super) fn close(&self) {
        self.places.close();
    }

    /// Those who wait.
    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Waits until another statement may be sent.
    pub(super) async fn enter(&self, patience: Duration) -> Result<Pass<'_>, Halt> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.wait(patience).await?,
        };
        Ok(Pass { flow: self, permit: Some(permit), reply: None })
    }

    #[cold]
    async fn wait(&self, patience: Duration) -> Result<SemaphorePermit<'_>, Halt> {
        let standing = self.queue.stand();
        let begun = standing.since;
        let mut turn = pin!(self.places.acquire());
        loop {
            let (over, pause) = self.glance(patience.saturating_sub(begun.elapsed()));
            match rt::timeout(pause, turn.as_mut()).await {
                Some(permit) => return permit.map_err(|_| Halt::Closed),
                None if begun.elapsed() >= patience => return Err(Halt::Late),
                None => self.nudge(over, pause),
            }
        }
    }

    /// How many are over, and when to look again.
    fn glance(&self, patience: Duration) -> (u64, Duration) {
        let pace = lock(&self.pace);
        (pace.over, pace.usual.saturating_mul(GLANCES).clamp(SOON, LATE).min(patience))
    }

    /// Makes place for half as many again where less than half of those under way moved as they use to. Who waits may not
    /// be the next: those before him may be futures that nobody polls.
    fn nudge(&self, over: u64, pause: Duration) {
        let mut pace = lock(&self.pace);
        let each = if pace.usual.is_zero() { 1.0 } else { pause.as_secs_f64() / pace.usual.as_secs_f64() };
        let moved = (pace.over - over) as f64;
        if moved * 2.0 >= pace.places as f64 * each || pace.nudged.is_some_and(|nudged| nudged.elapsed() < SOON) {
            return;
        }
        let more = (pace.places / 2).max(1).min(self.most.saturating_sub(pace.places));
        pace.nudged = Some(Instant::now());
        pace.places += more;
        pace.limit = pace.limit.max(pace.places as f64);
        self.places.add_permits(more);
    }

    /// Notes that a statement is over, with the time of its reply if there was one. Says whether its place stays.
    fn left(&self, reply: Option<Duration>) -> bool {
        let mut pace = lock(&self.pace);
        pace.over += 1;
        if let Some(reply) = reply {
            pace.replies += 1;
            pace.time += reply;
            pace.least = pace.least.min(reply);
            if pace.replies as usize >= pace.places {
                let more = pace.set(self.spare, self.most, self.queue.waiting() > 0);
                self.places.add_permits(more);
            }
        }
        let stays = pace.places as f64 <= pace.limit.max(1.0);
        pace.places -= usize::from(!stays);
        stays
    }
}

impl Pace {
    /// Sets the limit by the replies since it was set before, and whether somebody waits; gives how many places are added.
    fn set(&mut self, spare: usize, most: usize, waited_for: bool) -> usize {
        self.usual = self.time / self.replies.max(1);
        self.alone = (self.alone * (1.0 + FORGETTING)).min(self.least.as_secs_f64());
        let waits_for_nothing = (self.alone / self.usual.as_secs_f64()).min(1.0);
        let fit = self.limit * waits_for_nothing + spare as f64;
        // Some slow replies show little, and where nobody waits, it says nothing that replies are fast.
        let step = match fit < self.limit {
            true => (fit - self.limit) / 4.0,
            false if waited_for => fit - self.limit,
            false => 0.0,
        };
        self.limit = (self.limit + step).clamp(spare as f64, most as f64);
        (self.replies, self.time, self.least) = (0, Duration::ZERO, Duration::MAX);
        let more = (self.limit as usize).saturating_sub(self.places);
        self.places += more;
        more
    }
}

/// A place among the statements under way.
pub(super) struct Pass<'f> {
    flow: &'f Flow,
    permit: Option<SemaphorePermit<'f>>,
    reply: Option<Duration>,
}

impl Pass<'_> {
    /// Notes that the server replied, and after how long.
    pub(super) fn replied(&mut self, after: Duration) {
        self.reply = Some(after);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let stays = self.flow.left(self.reply);
        if let Some(permit) = self.permit.take()
            && !stays
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::Future;
    use std::task::Poll;

    use super::*;

    const SPARE: usize = 16;
    const MOST: usize = 512;
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Lots of replies of so long under so many statements, while others wait; gives how many may be under way then.
    fn limit_after(lots: usize, reply: impl Fn(usize) -> Duration) -> usize {
        let flow = Flow::new(SPARE, MOST);
        let _standing = flow.queue.stand();
        reply_in(&flow, lots, reply)
    }

    fn reply_in(flow: &Flow, lots: usize, reply: impl Fn(usize) -> Duration) -> usize {
        for _ in 0..lots {
            let places = lock(&flow.pace).places;
            // One of them found nobody before it.
            flow.left(Some(reply(1)));
            (1..places).for_each(|_| _ = flow.left(Some(reply(places))));
        }
        lock(&flow.pace).places
    }

    #[test]
    fn few_are_sent_to_a_server_that_is_near_and_busy() {
        let near = limit_after(200, |under_way| Duration::from_micros(20 + 15 * under_way as u64));
        assert!((SPARE..SPARE + 8).contains(&near), "{near}");
    }

    #[test]
    fn as_many_as_like_to_are_sent_to_one_that_is_far_away() {
        let far = limit_after(200, |under_way| Duration::from_micros(2000 + 15 * under_way as u64));
        assert!(far > 3 * SPARE, "{far}");
        let endless = limit_after(400, |_| Duration::from_millis(4));
        assert_eq!(endless, MOST, "a bound holds whatever happens");
    }

    #[test]
    fn fewer_are_sent_again_when_a_server_that_was_idle_gets_busy() {
        let changed = std::cell::Cell::new(0);
        let near = limit_after(400, |under_way| {
            changed.set(changed.get() + 1);
            let each = if changed.get() < 5000 { 1 } else { 200 };
            Duration::from_micros(2000 + each * under_way as u64)
        });
        assert!(near < 2 * SPARE, "{near}");
    }

    #[test]
    fn fast_replies_that_nobody_waits_for_change_nothing() {
        let flow = Flow::new(SPARE, MOST);
        assert_eq!(reply_in(&flow, 50, |_| Duration::from_millis(1)), SPARE);
    }

    #[test]
    fn what_was_added_in_a_lock_goes_again_when_nobody_waits() {
        let flow = Flow::new(SPARE, MOST);
        (0..20).for_each(|_| {
            lock(&flow.pace).nudged = None;
            flow.nudge(0, SOON);
        });
        assert_eq!(lock(&flow.pace).places, MOST);
        let near = reply_in(&flow, 60, |under_way| Duration::from_micros(20 + 15 * under_way as u64));
        assert!(near < 2 * SPARE, "{near}");
    }

    #[tokio::test]
    async fn who_waits_behind_many_who_do_not_move_waits_little_longer() {
        let flow = Flow::new(SPARE, MOST);
        let held: Vec<_> = (0..SPARE).map(|_| flow.places.try_acquire().unwrap()).collect();
        // Futures that wait for a place and are not polled any more.
        let mut waiting: Vec<_> = (0..4 * SPARE).map(|_| Box::pin(flow.enter(PATIENCE))).collect();
        for future in &mut waiting {
            assert!(std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await);
        }
        let begun = Instant::now();
        assert!(flow.enter(PATIENCE).await.is_ok());
        assert!(begun.elapsed() < PATIENCE / 2);
        drop((held, waiting));
    }

    #[tokio::test]
    async fn nobody_waits_for_those_who_do_not_move() {
        let flow = Flow::new(1, 3);
        let first = flow.enter(PATIENCE).await.ok().unwrap();
        let begun = Instant::now();
        let second = flow.enter(PATIENCE).await.ok().unwrap();
        let third = flow.enter(PATIENCE).await.ok().unwrap();
        assert!(begun.elapsed() >= SOON && begun.elapsed() < PATIENCE / 2);
        assert!(matches!(flow.enter(SOON * 3).await, Err(Halt::Late)), "no more than three");
        drop((first, second));
        assert!(flow.enter(PATIENCE).await.is_ok());
        drop(third);
        flow.close();
        assert!(matches!(flow.enter(PATIENCE).await, Err(Halt::Closed)));
    }

    #[tokio::test]
    async fn places_and_what_is_known_of_them_agree() {
        let flow = std::sync::Arc::new(Flow::new(2, 8));
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let flow = std::sync::Arc::clone(&flow);
                tokio::spawn(async move {
                    for _ in 0..200 {
                        let mut pass = flow.enter(PATIENCE).await.ok().unwrap();
                        tokio::task::yield_now().await;
                        pass.replied(SOON);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(flow.places.available_permits(), lock(&flow.pace).places);
    }
}
