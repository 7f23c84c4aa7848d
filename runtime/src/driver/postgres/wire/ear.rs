//! Who hears of what arrives on a connection, and of what is sent on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The task, among those who drive; callers have numbers from 1.
pub(super) const TASK: u64 = 0;

/// Wakes whoever drives a connection.
#[derive(Default)]
pub(super) struct Ear(Mutex<Hearing>);

struct Hearing {
    driver: u64,
    /// Wakes the caller who drives, if he waits: one who is at work looks himself before he does.
    caller: Option<Waker>,
    waits: bool,
    /// Wakes the task.
    task: Waker,
    /// Whether something came since the connection was polled.
    missed: bool,
}

impl Default for Hearing {
    fn default() -> Self {
        Self { driver: TASK, caller: None, waits: false, task: Waker::noop().clone(), missed: false }
    }
}

impl Hearing {
    /// Lets another one drive; gives what wakes the caller who does so no more.
    fn change(&mut self, driver: u64) -> Option<Waker> {
        let waits = std::mem::take(&mut self.waits);
        if self.driver == driver {
            return None;
        }
        self.driver = driver;
        self.caller.take().filter(|_| waits)
    }
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut hearing = self.hearing();
        hearing.missed = true;
        let waker = match hearing.driver {
            TASK => Some(hearing.task.clone()),
            _ if hearing.waits => hearing.caller.clone(),
            _ => None,
        };
        drop(hearing);
        wake(waker);
    }
}

// Nobody is woken under the lock, as he might be polled at once.
impl Ear {
    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A caller drives, who is at work.
    pub(super) fn begin(&self, caller: u64) {
        let before = self.hearing().change(caller);
        wake(before);
    }

    /// A caller drives, and waits once he has polled the connection.
    pub(super) fn listen(&self, caller: u64, waker: &Waker) {
        let mut hearing = self.hearing();
        let before = hearing.change(caller);
        match &mut hearing.caller {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        (hearing.waits, hearing.missed) = (true, false);
        drop(hearing);
        wake(before);
    }

    /// The task drives, and polls the connection.
    pub(super) fn listen_by_task(&self) {
        let mut hearing = self.hearing();
        let before = hearing.change(TASK);
        hearing.missed = false;
        drop(hearing);
        wake(before);
    }

    /// Lets the task drive, if somebody else does; told by whom it is. The task is woken for what was missed, or as it has
    /// to poll the connection in any case.
    pub(super) fn hand_over(&self, own: u64, has_to_poll: bool) {
        let mut hearing = self.hearing();
        let driver = hearing.driver;
        let other = hearing.change(TASK).filter(|_| driver != own);
        let has_to_poll = has_to_poll || (hearing.missed && driver != TASK);
        let task = has_to_poll.then(|| hearing.task.clone());
        drop(hearing);
        wake(other);
        wake(task);
    }

    /// The same if it is this caller who drives; whether it is.
    pub(super) fn leave(&self, own: u64, has_to_poll: bool) -> bool {
        let mut hearing = self.hearing();
        if hearing.driver != own {
            return false;
        }
        hearing.change(TASK);
        let task = (has_to_poll || hearing.missed).then(|| hearing.task.clone());
        drop(hearing);
        wake(task);
        true
    }

    pub(super) fn is_with_task(&self) -> bool {
        self.hearing().driver == TASK
    }

    /// Notes what wakes the task.
    pub(super) fn note_task(&self, waker: &Waker) {
        self.hearing().task.clone_from(waker);
    }

    pub(super) fn wake_task(&self) {
        let task = self.hearing().task.clone();
        task.wake();
    }

    /// Wakes the caller who drives, as nobody will any more.
    pub(super) fn wake_caller(&self) {
        let caller = self.hearing().change(TASK);
        wake(caller);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Heard {
        ear: Arc<Ear>,
        bells: [Arc<Bell>; 3],
    }

    impl Heard {
        /// An ear that knows of a task, with bells for it and two callers.
        fn new() -> Self {
            let heard = Self { ear: Arc::default(), bells: Default::default() };
            heard.ear.note_task(&heard.waker(0));
            heard
        }

        fn waker(&self, of: usize) -> Waker {
            Waker::from(Arc::clone(&self.bells[of]))
        }

        fn arrives(&self) {
            Waker::from(Arc::clone(&self.ear)).wake();
        }

        /// How often the task and the callers were woken, since this was asked before.
        fn rings(&self) -> [usize; 3] {
            self.bells.each_ref().map(|bell| bell.0.swap(0, Ordering::Relaxed))
        }
    }

    #[test]
    fn whoever_drives_is_woken_while_he_waits() {
        let heard = Heard::new();
        heard.arrives();
        assert_eq!(heard.rings(), [1, 0, 0]);
        heard.ear.listen_by_task();
        heard.ear.begin(1);
        heard.arrives();
        assert_eq!(heard.rings(), [0, 0, 0], "he looks before he waits");
        heard.ear.listen(1, &heard.waker(1));
        heard.arrives();
        assert_eq!(heard.rings(), [0, 1, 0]);
        heard.ear.begin(1);
        heard.arrives();
        assert_eq!(heard.rings(), [0, 0, 0]);
    }

    #[test]
    fn the_task_is_woken_for_what_was_missed_and_only_then() {
        let heard = Heard::new();
        heard.ear.begin(1);
        heard.ear.listen(1, &heard.waker(1));
        assert!(!heard.ear.leave(2, true), "it is not he who drives");
        assert!(heard.ear.leave(1, false) && heard.ear.is_with_task());
        assert_eq!(heard.rings(), [0, 0, 0]);
        heard.ear.begin(1);
        heard.arrives();
        heard.ear.leave(1, false);
        assert_eq!(heard.rings(), [1, 0, 0]);
        heard.ear.listen_by_task();
        heard.ear.begin(1);
        heard.ear.leave(1, true);
        assert_eq!(heard.rings(), [1, 0, 0], "it has to poll");
    }

    #[test]
    fn whoever_waits_hears_that_another_one_drives() {
        let heard = Heard::new();
        heard.ear.listen(1, &heard.waker(1));
        heard.ear.hand_over(2, false);
        assert_eq!(heard.rings(), [0, 1, 0]);
        heard.ear.hand_over(2, false);
        assert_eq!(heard.rings(), [0, 0, 0], "the task does already");
        heard.ear.listen(1, &heard.waker(1));
        heard.ear.hand_over(1, false);
        assert_eq!(heard.rings(), [0, 0, 0], "it is himself");
        heard.ear.listen(1, &heard.waker(1));
        heard.ear.begin(2);
        assert_eq!(heard.rings(), [0, 1, 0]);
        heard.ear.listen(2, &heard.waker(2));
        heard.ear.listen_by_task();
        assert_eq!(heard.rings(), [0, 0, 1]);
        heard.ear.listen(2, &heard.waker(2));
        heard.ear.wake_caller();
        assert_eq!(heard.rings(), [0, 0, 1]);
    }
}
