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
    /// Wakes the caller who drives, if he waits: one who is at work looks whether something was missed before he does.
    caller: Option<Waker>,
    waits: bool,
    /// Wakes the task.
    task: Waker,
    /// Whether something came since the connection was polled: for the client library, or on the socket alone.
    missed: bool,
    missed_bytes: bool,
}

impl Default for Hearing {
    fn default() -> Self {
        Self {
            driver: TASK,
            caller: None,
            waits: false,
            task: Waker::noop().clone(),
            missed: false,
            missed_bytes: false,
        }
    }
}

/// The caller who drives no more: woken when this is dropped, so that he notices. One who is at work does anyway.
#[must_use = "he is to be woken once nothing is locked, as he might be polled at once"]
#[derive(Default)]
pub(super) struct Former {
    waker: Option<Waker>,
    waits: bool,
}

impl Former {
    pub(super) fn replace(&mut self, other: Self) {
        *self = other;
    }

    /// Lets him be.
    fn forget(mut self) {
        self.waits = false;
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        if let Some(waker) = self.waker.take().filter(|_| self.waits) {
            waker.wake();
        }
    }
}

impl Hearing {
    /// Lets another one drive.
    fn change(&mut self, driver: u64) -> Former {
        let waits = std::mem::take(&mut self.waits);
        if self.driver == driver {
            return Former::default();
        }
        self.driver = driver;
        Former { waker: self.caller.take(), waits }
    }

    /// Whom to wake.
    fn called(&self) -> Option<Waker> {
        match self.driver {
            TASK => Some(self.task.clone()),
            _ if self.waits => self.caller.clone(),
            _ => None,
        }
    }
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.tell(|hearing| hearing.missed = true);
    }
}

/// What is told of the socket alone, by whoever goes past the client library.
pub(super) struct OfBytes(pub(super) Arc<Ear>);

impl Wake for OfBytes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.tell(|hearing| hearing.missed_bytes = true);
    }
}

// Wakers are woken and dropped outside of the lock, as either may run anything.
impl Ear {
    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, note: impl FnOnce(&mut Hearing)) {
        let mut hearing = self.hearing();
        note(&mut hearing);
        let waker = hearing.called();
        drop(hearing);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A caller drives, who is at work.
    pub(super) fn begin(&self, caller: u64) -> Former {
        self.hearing().change(caller)
    }

    /// Whether this caller drives, and nothing came for the client library. If so, something is sent past it, and nobody hears
    /// of the reply before the socket was [listened to](Self::listen_to_bytes).
    pub(super) fn speak(&self, caller: u64) -> bool {
        let mut hearing = self.hearing();
        let speaks = hearing.driver == caller && !hearing.missed;
        hearing.missed_bytes |= speaks;
        speaks
    }

    /// The socket was read, and more is to come, of which nobody hears yet.
    pub(super) fn look_again(&self) {
        self.hearing().missed_bytes = true;
    }

    /// A caller drives and polls the connection now, and may wait then.
    pub(super) fn listen(&self, caller: u64, waker: &Waker) -> Former {
        let mut hearing = self.hearing();
        hearing.missed = false;
        Self::settle(hearing, caller, waker)
    }

    /// A caller drives and looks at the socket now, and may wait then; `None` where something came for the client library,
    /// so that all of the connection has to be polled.
    pub(super) fn listen_to_bytes(&self, caller: u64, waker: &Waker) -> Option<Former> {
        let hearing = self.hearing();
        if hearing.missed { None } else { Some(Self::settle(hearing, caller, waker)) }
    }

    fn settle(mut hearing: MutexGuard<'_, Hearing>, caller: u64, waker: &Waker) -> Former {
        let former = hearing.change(caller);
        hearing.missed_bytes = false;
        let is_known = hearing.caller.as_ref().is_some_and(|known| known.will_wake(waker));
        let before = if is_known { None } else { hearing.caller.replace(waker.clone()) };
        drop(hearing);
        drop(before);
        former
    }

    /// A caller who drives waits from now on; `false` where something was missed, or he drives no more.
    pub(super) fn wait(&self, caller: u64) -> bool {
        let mut hearing = self.hearing();
        hearing.waits = hearing.driver == caller && !hearing.missed && !hearing.missed_bytes;
        hearing.waits
    }

    /// The task drives, and the connection is polled now.
    pub(super) fn listen_by_task(&self) -> Former {
        let mut hearing = self.hearing();
        (hearing.missed, hearing.missed_bytes) = (false, false);
        hearing.change(TASK)
    }

    /// Lets the task drive, if somebody else does; told by whom it is. Whether something was missed, of which the task does
    /// not know, as it did not drive then.
    pub(super) fn hand_over(&self, own: u64) -> bool {
        let mut hearing = self.hearing();
        let driver = hearing.driver;
        let former = hearing.change(TASK);
        let missed = (hearing.missed || hearing.missed_bytes) && driver != TASK;
        drop(hearing);
        if driver == own {
            former.forget();
        }
        missed
    }

    /// The same if it is this caller who drives; `None` if it is not.
    pub(super) fn leave(&self, own: u64) -> Option<bool> {
        let mut hearing = self.hearing();
        if hearing.driver != own {
            return None;
        }
        let former = hearing.change(TASK);
        let missed = hearing.missed || hearing.missed_bytes;
        drop(hearing);
        former.forget();
        Some(missed)
    }

    pub(super) fn is_with_task(&self) -> bool {
        self.hearing().driver == TASK
    }

    /// Notes what wakes the task.
    pub(super) fn note_task(&self, waker: &Waker) {
        let mut hearing = self.hearing();
        let before = (!hearing.task.will_wake(waker)).then(|| std::mem::replace(&mut hearing.task, waker.clone()));
        drop(hearing);
        drop(before);
    }

    pub(super) fn wake_task(&self) {
        let task = self.hearing().task.clone();
        task.wake();
    }

    /// Wakes the caller who drives, as nobody will any more.
    pub(super) fn wake_caller(&self) {
        let caller = self.hearing().change(TASK);
        drop(caller);
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

        fn listens(&self, caller: u64) {
            drop(self.ear.listen(caller, &self.waker(caller as usize)));
        }

        fn arrives(&self) {
            Waker::from(Arc::clone(&self.ear)).wake();
        }

        /// The same of the socket alone.
        fn bytes_arrive(&self) {
            Waker::from(Arc::new(OfBytes(Arc::clone(&self.ear)))).wake();
        }

        fn listens_to_bytes(&self, caller: u64) -> bool {
            self.ear.listen_to_bytes(caller, &self.waker(caller as usize)).is_some()
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
        drop(heard.ear.listen_by_task());
        drop(heard.ear.begin(1));
        heard.arrives();
        assert_eq!(heard.rings(), [0, 0, 0], "he looks before he waits");
        heard.listens(1);
        heard.arrives();
        assert!(!heard.ear.wait(1), "he looks again");
        heard.listens(1);
        assert!(heard.ear.wait(1));
        heard.arrives();
        assert_eq!(heard.rings(), [0, 1, 0]);
        drop(heard.ear.begin(1));
        heard.arrives();
        assert_eq!(heard.rings(), [0, 0, 0]);
    }

    #[test]
    fn what_was_missed_is_told_to_whoever_drives_next() {
        let heard = Heard::new();
        heard.listens(1);
        assert!(heard.ear.wait(1));
        assert_eq!(heard.ear.leave(2), None, "it is not he who drives");
        assert_eq!(heard.ear.leave(1), Some(false));
        assert!(heard.ear.is_with_task());
        drop(heard.ear.begin(1));
        heard.arrives();
        assert_eq!(heard.ear.leave(1), Some(true));
        drop(heard.ear.begin(1));
        assert!(heard.ear.hand_over(2), "nobody has polled it since");
        assert!(!heard.ear.hand_over(2), "the task knows");
        drop(heard.ear.listen_by_task());
        drop(heard.ear.begin(1));
        assert_eq!(heard.ear.leave(1), Some(false));
        assert_eq!(heard.rings(), [0, 0, 0]);
    }

    #[test]
    fn whoever_goes_past_the_library_hears_of_the_socket_and_is_told_of_the_rest() {
        let heard = Heard::new();
        assert!(!heard.ear.speak(1), "he does not drive");
        drop(heard.ear.begin(1));
        assert!(heard.ear.speak(1));
        assert!(!heard.ear.wait(1), "nobody hears of the reply");
        assert!(heard.listens_to_bytes(1) && heard.ear.wait(1));
        heard.bytes_arrive();
        assert_eq!(heard.rings(), [0, 1, 0]);
        assert!(heard.listens_to_bytes(1) && heard.ear.wait(1));
        heard.ear.look_again();
        assert!(!heard.ear.wait(1), "there may be more");
        assert!(heard.listens_to_bytes(1) && heard.ear.wait(1));
        heard.arrives();
        assert_eq!(heard.rings(), [0, 1, 0]);
        assert!(!heard.listens_to_bytes(1) && !heard.ear.speak(1), "all has to be polled");
        heard.listens(1);
        assert!(heard.ear.speak(1) && heard.listens_to_bytes(1));
        assert_eq!(heard.ear.leave(1), Some(false));
    }

    #[test]
    fn what_was_sent_past_the_library_is_heard_by_the_task() {
        for hands_over in [1, 2] {
            let heard = Heard::new();
            drop(heard.ear.begin(1));
            assert!(heard.ear.speak(1));
            assert!(heard.ear.hand_over(hands_over), "the socket was not listened to");
            drop(heard.ear.begin(1));
            drop(heard.ear.listen_by_task());
            drop(heard.ear.begin(1));
            assert!(heard.ear.speak(1) && heard.listens_to_bytes(1));
            assert!(!heard.ear.hand_over(hands_over), "whoever listens is woken, and that is the task now");
            heard.bytes_arrive();
            assert_eq!(heard.rings()[0], 1);
        }
    }

    #[test]
    fn whoever_waits_hears_that_another_one_drives() {
        let heard = Heard::new();
        let waits = |caller| {
            heard.listens(caller);
            assert!(heard.ear.wait(caller));
        };
        waits(1);
        heard.ear.hand_over(2);
        assert_eq!(heard.rings(), [0, 1, 0]);
        heard.ear.hand_over(2);
        assert_eq!(heard.rings(), [0, 0, 0], "the task does already");
        waits(1);
        heard.ear.hand_over(1);
        assert_eq!(heard.rings(), [0, 0, 0], "it is himself");
        assert!(!heard.ear.wait(1));
        waits(1);
        drop(heard.ear.begin(2));
        assert_eq!(heard.rings(), [0, 1, 0]);
        waits(2);
        drop(heard.ear.listen_by_task());
        assert_eq!(heard.rings(), [0, 0, 1]);
        waits(2);
        heard.ear.wake_caller();
        assert_eq!(heard.rings(), [0, 0, 1]);
        heard.listens(1);
        heard.ear.hand_over(2);
        assert_eq!(heard.rings(), [0, 0, 0], "he is at work, and looks");
        assert!(!heard.ear.wait(1));
    }
}
