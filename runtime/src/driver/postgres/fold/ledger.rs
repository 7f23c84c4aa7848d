//! What was sent and is not answered, which reads go together, and whether a COPY goes on.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

/// So many reads go together at most: the first waits for the last.
const MOST: usize = 8;
/// What takes longer goes alone.
const QUICK: Duration = Duration::from_millis(1);
/// What took longer than this once goes alone so many times, as it may do so again.
const SLOW: Duration = Duration::from_millis(20);
const APART: u64 = 32;

/// The length of a Sync, as of every message without a body.
const SYNC: usize = 5;

/// That the server can be asked again, which follows every reply to a Sync: outside of a transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// What is told to a read that the server passed over, as one before it failed: what the server itself says to those that
/// come after a failure in a transaction.
const PASSED_OVER: &[u8] = b"E\0\0\0\x27SERROR\0VERROR\0C25P02\0Mpassed over\0\0";

/// What is to come for something that was sent.
#[derive(Debug)]
enum End {
    /// The reply to a Sync of its own, or of what has none.
    Other,
    /// That of a request past the client library.
    Direct,
    /// That of a read.
    Read {
        pace: Arc<Pace>,
        since: Instant,
        /// Whether it went without a Sync.
        joins: bool,
    },
}

/// Which way the rows of a COPY go that goes on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::driver::postgres) enum Copying {
    /// The server waits for them, or for word that there are none.
    In,
    Out,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    ends: VecDeque<End>,
    joined: usize,
    /// The statements that read, by name.
    paces: FxHashMap<Box<[u8]>, Arc<Pace>>,
    /// Those whose replies came together, and when the first of them was sent.
    together: Vec<Arc<Pace>>,
    first: Option<Instant>,
    /// When the last replies came.
    last: Option<Instant>,
    heard: bool,
    /// Whether what comes next is the end of a read that was passed over.
    passed_over: bool,
    /// What came is not what was expected, so that nothing can be put in any more.
    lost: bool,
    /// The COPY that began last, since something was sent.
    copying: Option<Copying>,
}

impl Ledger {
    /// Whether any reads went without a Sync, and are not answered.
    pub(super) fn is_joined(&self) -> bool {
        self.joined > 0
    }

    /// Whether what is answered next went without a Sync, so that the server may keep its reply, or the end of it.
    pub(super) fn is_next_joined(&self) -> bool {
        matches!(self.ends.front(), Some(End::Read { joins: true, .. }))
    }

    /// Whether nothing is under way, and all of it is known.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty() && !self.lost
    }

    /// Notes a request past the client library.
    pub(super) fn sent_directly(&mut self) {
        self.forget_copy();
        self.ends.push_back(End::Direct);
    }

    /// Whether nobody knows any more what comes.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// The COPY that began since something was sent. One whose rows come from here never ends.
    pub(super) fn copying(&self) -> Option<Copying> {
        self.copying
    }

    fn forget_copy(&mut self) {
        self.copying = self.copying.filter(|copying| *copying == Copying::In);
    }

    /// Whether what is answered next is such a request.
    pub(super) fn is_next_direct(&self) -> bool {
        matches!(self.ends.front(), Some(End::Direct))
    }

    /// Notes what is sent, whole messages. Of short reads, if they may go together, the Syncs are told that can be cut out;
    /// the bytes stand at a place among what is sent.
    pub(super) fn sent(&mut self, bytes: &[u8], place: usize, reads: bool, cuts: &mut Vec<Range<usize>>) {
        self.forget_copy();
        let (mut at, mut run) = (0, 0);
        let reads = reads && !self.lost;
        let mut next = read_at(bytes).filter(|_| reads);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(read) = next.take() else {
                let Some((tag, body)) = message_at(rest) else {
                    self.lost = true;
                    return;
                };
                self.sent_other(tag, body);
                at += 1 + 4 + body.len();
                next = bytes.get(at..).filter(|_| reads).and_then(read_at);
                continue;
            };
            at += read.length;
            next = bytes.get(at..).and_then(read_at);
            let goes_on = next.as_ref().is_some_and(|next| self.is_quick(next.statement));
            let joins = goes_on && run + 1 < MOST && self.is_quick(read.statement);
            run = if joins { run + 1 } else { 0 };
            if joins {
                cuts.push(place + at - SYNC..place + at);
                self.joined += 1;
            }
            let pace = self.pace(read.statement);
            self.ends.push_back(End::Read { pace, since: Instant::now(), joins });
        }
    }

    fn sent_other(&mut self, tag: u8, body: &[u8]) {
        match tag {
            // Sync, Query, FunctionCall.
            b'S' | b'Q' | b'F' => self.ends.push_back(End::Other),
            // Close, of a statement.
            b'C' => {
                let name = body.strip_prefix(b"S").and_then(|name| name.strip_suffix(b"\0"));
                name.map(|name| self.paces.remove(name));
            }
            _ => {}
        }
    }

    /// Notes that a message of the server's is complete, and puts behind it what the server leaves out.
    pub(super) fn received(&mut self, tag: u8, behind: Option<&mut Vec<u8>>) {
        match tag {
            // CommandComplete, EmptyQueryResponse, PortalSuspended.
            b'C' | b'I' | b's' => {
                if let (Some(pace), Some(behind)) = (self.pop_joined(), behind) {
                    self.together.push(pace);
                    behind.extend_from_slice(READY);
                }
            }
            b'E' => self.failed(behind),
            b'Z' => self.answered(),
            // CopyInResponse, CopyBothResponse: a Sync that comes meanwhile is passed over.
            b'G' | b'W' => (self.lost, self.copying) = (true, Some(Copying::In)),
            // CopyOutResponse.
            b'H' => self.copying = Some(Copying::Out),
            _ => {}
        }
    }

    /// Takes what is answered next, if its Sync was cut out.
    fn pop_joined(&mut self) -> Option<Arc<Pace>> {
        if !self.is_next_joined() {
            return None;
        }
        self.joined -= 1;
        match self.ends.pop_front() {
            Some(End::Read { pace, since, .. }) => {
                self.first.get_or_insert(since);
                Some(pace)
            }
            _ => None,
        }
    }

    /// The server passes over all up to the next Sync.
    fn failed(&mut self, behind: Option<&mut Vec<u8>>) {
        if let Some(End::Read { pace, .. }) = self.ends.front() {
            // One that fails often is not to take others along.
            pace.set_apart();
        }
        let (Some(_), Some(behind)) = (self.pop_joined(), behind) else { return };
        behind.extend_from_slice(READY);
        while self.pop_joined().is_some() {
            behind.extend_from_slice(PASSED_OVER);
            behind.extend_from_slice(READY);
        }
        // That Sync is answered.
        behind.extend_from_slice(PASSED_OVER);
        self.passed_over = true;
    }

    /// The reply to a Sync is there.
    fn answered(&mut self) {
        let passed_over = std::mem::take(&mut self.passed_over);
        let end = self.ends.pop_front();
        // Who is alone needs no time to be taken, unless somebody waited for it.
        self.heard |= !matches!(end, Some(End::Direct)) || !self.ends.is_empty();
        match end {
            Some(End::Read { .. }) if passed_over => {}
            Some(End::Read { pace, since, .. }) => {
                self.first.get_or_insert(since);
                self.together.push(pace);
            }
            Some(End::Other | End::Direct) => {}
            None => self.lost = true,
        }
    }

    /// Notes how long the server took for what was received at once. Nobody knows which of these took how much: they may have
    /// waited here, too.
    pub(super) fn settle(&mut self) {
        if !std::mem::take(&mut self.heard) && self.together.is_empty() {
            return;
        }
        let now = Instant::now();
        let from = self.first.take().max(self.last).unwrap_or(now);
        let took = now.saturating_duration_since(from);
        let each = took / self.together.len().max(1) as u32;
        // One that takes long is not to hide among those that do not.
        let is_sure = self.together.len() == 1 || took < QUICK;
        for pace in self.together.drain(..) {
            if is_sure || each >= QUICK || pace.is_below(QUICK) {
                pace.note(each, took >= SLOW);
            }
        }
        self.last = Some(now);
    }

    fn pace(&mut self, statement: &[u8]) -> Arc<Pace> {
        if let Some(pace) = self.paces.get(statement) {
            return Arc::clone(pace);
        }
        Arc::clone(self.paces.entry(statement.into()).or_default())
    }

    fn is_quick(&self, statement: &[u8]) -> bool {
        self.paces.get(statement).is_some_and(|pace| pace.is_quick())
    }
}

/// How long a statement takes when nothing is in its way.
#[derive(Debug, Default)]
struct Pace {
    /// In nanoseconds; 0 as long as nobody knows.
    usual: AtomicU64,
    /// So many times it goes alone whatever that is.
    alone: AtomicU64,
}

impl Pace {
    fn is_quick(&self) -> bool {
        self.is_below(QUICK) && self.alone.load(Ordering::Relaxed) == 0
    }

    fn is_below(&self, limit: Duration) -> bool {
        let usual = Duration::from_nanos(self.usual.load(Ordering::Relaxed));
        !usual.is_zero() && usual < limit
    }

    /// Has it go alone for a while.
    fn set_apart(&self) {
        self.alone.store(APART, Ordering::Relaxed);
    }

    /// Notes how long it took now, or may have taken. Less counts for more: either side has other things to do.
    fn note(&self, took: Duration, may_be_slow: bool) {
        if may_be_slow {
            self.set_apart();
        } else {
            self.alone.store(self.alone.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
        }
        let (known, took) = (self.usual.load(Ordering::Relaxed), (took.as_nanos() as u64).max(1));
        let usual = match known {
            0 => took,
            _ if took < known => known.midpoint(took),
            _ => known + (took - known).min(known) / 16,
        };
        self.usual.store(usual.max(1), Ordering::Relaxed);
    }
}

/// A statement that is run: Bind, Execute and Sync.
struct Read<'b> {
    statement: &'b [u8],
    length: usize,
}

fn read_at(bytes: &[u8]) -> Option<Read<'_>> {
    let (b'B', bind) = message_at(bytes)? else { return None };
    let mut names = bind.split(|byte| *byte == 0);
    let (_portal, statement) = (names.next()?, names.next()?);
    let mut length = 1 + 4 + bind.len();
    for wanted in *b"ES" {
        let (tag, body) = message_at(bytes.get(length..)?)?;
        if tag != wanted {
            return None;
        }
        length += 1 + 4 + body.len();
    }
    Some(Read { statement, length })
}

/// The message at the beginning: its kind and body.
fn message_at(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = (u32::from_be_bytes(*length) as usize).checked_sub(4)?;
    Some((*tag, rest.get(..length)?))
}

#[cfg(test)]
mod tests;
