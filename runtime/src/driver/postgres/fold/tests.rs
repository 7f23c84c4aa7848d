//! The stream, between somebody who sends and a server that follows a script.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Wake, Waker};

use super::buffer::KEPT;
use super::*;

/// A server that says what it is told to, part by part; `None` is a moment with nothing.
#[derive(Default)]
struct Script {
    replies: VecDeque<Option<Vec<u8>>>,
    got: Vec<u8>,
    /// How much it takes at a time; 0 is nothing, once.
    takes: VecDeque<usize>,
}

/// The way to it.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Script>>);

impl Server {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }
}

/// A stream to such a server.
struct Stream {
    fold: Fold,
    server: Server,
    crowd: Arc<Crowd>,
}

impl Stream {
    fn new() -> Self {
        let (server, crowd) = (Server::default(), Arc::default());
        Self { fold: Fold::new(server.clone(), Arc::clone(&crowd)), server, crowd }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.server.script()
    }

    fn says(&self, parts: impl IntoIterator<Item = Option<Vec<u8>>>) {
        self.script().replies.extend(parts);
    }
}

impl AsyncRead for Server {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.script().replies.pop_front() {
            Some(Some(part)) => into.put_slice(&part),
            Some(None) => {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let mut script = self.script();
        let some = script.takes.pop_front().unwrap_or(usize::MAX).min(from.len());
        if some == 0 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        script.got.extend_from_slice(&from[..some]);
        Poll::Ready(Ok(some))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const RUN: &[u8] = b"B\0\0\0\x0d\0s1\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
const REPLY: &[u8] = b"2\0\0\0\x04D\0\0\0\x0bgoodbyeC\0\0\0\x0dSELECT 1\0";
const READY: &[u8] = b"Z\0\0\0\x05I";
const NOTICE: &[u8] = b"N\0\0\0\x05\0";

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A stream on which reads go together, since they have been quick.
async fn stream() -> Stream {
    let mut stream = Stream::new();
    stream.crowd.open();
    stream.crowd.join();
    stream.crowd.seats.store(2, Ordering::Relaxed);
    // However busy the machine is.
    for _ in 0..1_000 {
        stream.script().got.clear();
        send(&mut stream, &bytes(&[RUN, RUN])).await;
        let is_joined = stream.script().got.len() < 2 * RUN.len();
        let between = if is_joined { &[][..] } else { READY };
        stream.says([Some(bytes(&[REPLY, between, REPLY, READY]))]);
        assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY, REPLY, READY]));
        if is_joined {
            break;
        }
    }
    stream.script().got.clear();
    stream
}

async fn send(stream: &mut Stream, from: &[u8]) {
    let mut rest = from;
    while !rest.is_empty() {
        let some = poll_fn(|context| Pin::new(&mut stream.fold).poll_write(context, rest)).await.unwrap();
        rest = &rest[some..];
    }
    poll_fn(|context| Pin::new(&mut stream.fold).poll_flush(context)).await.unwrap();
}

async fn receive(stream: &mut Stream) -> Vec<u8> {
    let mut space = [0; 4096];
    let mut into = ReadBuf::new(&mut space);
    poll_fn(|context| Pin::new(&mut stream.fold).poll_read(context, &mut into)).await.unwrap();
    into.filled().to_vec()
}

/// All that can be received until the server hangs up.
async fn receive_all(stream: &mut Stream) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let some = receive(stream).await;
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[tokio::test]
async fn what_is_sent_and_received_is_the_same_however_it_is_cut() {
    for at_a_time in [1, 2, 7, 30, 1000] {
        let mut stream = stream().await;
        stream.script().takes = (0..400).map(|at| if at % 3 == 0 { 0 } else { at_a_time }).collect();
        send(&mut stream, &bytes(&[RUN, RUN, RUN])).await;
        let short = &RUN[..RUN.len() - 5];
        assert_eq!(stream.script().got, bytes(&[short, short, RUN]), "{at_a_time}");
        assert!(stream.crowd.is_reply_held());
        let replies = bytes(&[NOTICE, REPLY, REPLY, NOTICE, REPLY, READY, NOTICE]);
        for part in replies.chunks(at_a_time) {
            stream.script().replies.extend([None, Some(part.to_vec())]);
        }
        let expected = bytes(&[NOTICE, REPLY, READY, REPLY, READY, NOTICE, REPLY, READY, NOTICE]);
        assert_eq!(receive_all(&mut stream).await, expected, "{at_a_time}");
        assert!(!stream.crowd.is_reply_held() && stream.fold.0.line().replies.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_handed_on_of_a_reply_that_may_never_end() {
    let mut stream = stream().await;
    send(&mut stream, &bytes(&[RUN, RUN, RUN])).await;
    let (begun, rest) = REPLY.split_at(12);
    stream.says([Some(bytes(&[REPLY, begun]))]);
    assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY]), "the first one's, which is whole");
    // The server has the rest, and works on the third.
    stream.script().replies.extend([None, None, None]);
    let nothing = poll_fn(|context| {
        let mut space = [0; 64];
        Poll::Ready(Pin::new(&mut stream.fold).poll_read(context, &mut ReadBuf::new(&mut space)).is_pending())
    });
    assert!(nothing.await);
    assert!(stream.crowd.is_reply_held());
    stream.script().replies = [Some(bytes(&[rest])), Some(begun.to_vec())].into();
    assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY]));
    // The last one's end comes by itself.
    assert!(!stream.crowd.is_reply_held());
    assert_eq!(receive(&mut stream).await, begun);
    stream.says([Some(bytes(&[rest, READY]))]);
    assert_eq!(receive(&mut stream).await, bytes(&[rest, READY]));
}

#[tokio::test]
async fn the_end_of_the_stream_is_told_whatever_is_missing() {
    let mut stream = stream().await;
    send(&mut stream, &bytes(&[RUN, RUN])).await;
    stream.says([Some(REPLY[..12].to_vec())]);
    assert!(receive(&mut stream).await.is_empty());
}

#[tokio::test]
async fn who_is_alone_or_writes_is_let_alone() {
    let apart: [fn(&Crowd); 3] = [
        |crowd| crowd.seats.store(1, Ordering::Relaxed),
        |crowd| crowd.writes.store(true, Ordering::Relaxed),
        |crowd| crowd.joins.store(false, Ordering::Relaxed),
    ];
    for apart in apart {
        let mut stream = stream().await;
        apart(&stream.crowd);
        send(&mut stream, &bytes(&[RUN, RUN])).await;
        assert_eq!(stream.script().got, bytes(&[RUN, RUN]));
        stream.says([Some(bytes(&[REPLY, READY, REPLY, READY]))]);
        assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY, REPLY, READY]));
    }
}

/// A server that does not encrypt says so in a byte, and goes on with messages.
#[tokio::test]
async fn the_answer_about_encryption_is_no_message() {
    let mut stream = Stream::new();
    send(&mut stream, &[0, 0, 0, 8, 4, 210, 22, 47]).await;
    stream.script().replies = [Some(b"N".to_vec()), Some(bytes(&[NOTICE, &READY[..3]]))].into();
    assert_eq!(receive(&mut stream).await, b"N");
    assert_eq!(receive(&mut stream).await, bytes(&[NOTICE, &READY[..3]]));
    let (mut frames, mut ended) = (std::mem::take(&mut stream.fold.0.line().frames), Vec::new());
    frames.pass(&READY[3..], &mut |tag| ended.push(tag));
    assert_eq!(ended, b"Z");
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream on which nothing is under way, for somebody who is alone.
fn idle() -> Stream {
    let stream = Stream::new();
    stream.crowd.open();
    stream
}

impl Stream {
    fn sends_directly(&self, request: &[u8]) -> bool {
        let mut line = self.fold.0.line();
        let can_send = line.can_send();
        if can_send {
            line.send(&mut Context::from_waker(Waker::noop()), |out| out.extend_from_slice(request));
        }
        can_send
    }

    /// Receives as whoever sent it does, up to a moment with nothing, or until the stream ends; whether there was something
    /// for the library.
    fn receives_directly(&self) -> bool {
        let mut others = false;
        let mut context = Context::from_waker(Waker::noop());
        while self.fold.0.line().ledger.is_next_direct() {
            match self.fold.0.line().receive_directly(&mut context) {
                Poll::Ready(Ok(Received::Reply)) => {}
                Poll::Ready(Ok(Received::Other)) => others = true,
                _ => break,
            }
        }
        others
    }

    /// Receives as the library does, and what of it; nothing where it has to wait.
    fn receives(&mut self, waker: &Waker) -> Vec<u8> {
        let mut space = [0; 4096];
        let mut into = ReadBuf::new(&mut space);
        let received = Pin::new(&mut self.fold).poll_read(&mut Context::from_waker(waker), &mut into);
        assert!(!matches!(received, Poll::Ready(Err(_))));
        into.filled().to_vec()
    }

    /// The messages that arrived of the reply.
    fn takes(&self, buffer: &mut Buffer, waker: &Waker) -> Vec<u8> {
        let mut tags = Vec::new();
        while let Poll::Ready((Taken::More, held)) =
            self.fold.0.line().take(&mut Context::from_waker(waker), buffer, &mut None)
        {
            while let Some(message) = buffer.next() {
                tags.push(message.tag);
            }
            if let Some(held) = held {
                held.wake();
            }
        }
        tags
    }
}

#[test]
fn a_reply_past_the_library_is_whole_however_it_is_cut() {
    let reply = bytes(&[REPLY, READY]);
    for at_a_time in [1, 2, 5, 7, 12, 1000] {
        let mut stream = idle();
        stream.script().takes = [3, 0, 4].into();
        assert!(stream.sends_directly(RUN));
        stream.says(reply.chunks(at_a_time).flat_map(|part| [None, Some(part.to_vec())]));
        let (mut buffer, mut tags) = (Buffer::default(), Vec::new());
        while stream.fold.0.line().ledger.is_next_direct() {
            assert!(!stream.receives_directly());
            tags.extend(stream.takes(&mut buffer, Waker::noop()));
        }
        assert_eq!((stream.script().got.as_slice(), tags.as_slice()), (RUN, &b"2DCZ"[..]), "{at_a_time}");
        assert!(!stream.sends_directly(RUN), "the reply is not left yet");
        assert!(!stream.fold.0.line().give_up(buffer).is_to_come);
        assert!(stream.sends_directly(RUN), "{at_a_time}");
        assert_eq!(stream.receives(Waker::noop()), b"");
    }
}

#[test]
fn what_is_under_way_by_the_library_is_not_mixed_up() {
    for at_a_time in [1, 6, 40, 1000] {
        let mut stream = idle();
        assert!(stream.sends_directly(RUN));
        // Others come, whose requests are sent behind it.
        let mut context = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut stream.fold).poll_write(&mut context, RUN);
        assert_eq!(stream.script().got, bytes(&[RUN, RUN]));
        let reply = bytes(&[NOTICE, REPLY, NOTICE, READY, REPLY, NOTICE, READY, NOTICE]);
        stream.says(reply.chunks(at_a_time).map(|part| Some(part.to_vec())));
        let (bell, mut of_library) = (Arc::new(Bell::default()), Vec::new());
        let (mut buffer, mut tags, waker) = (Buffer::default(), Vec::new(), Waker::from(Arc::clone(&bell)));
        for _ in 0..reply.len() {
            tags.extend(stream.takes(&mut buffer, &waker));
            of_library.extend(stream.receives(Waker::noop()));
        }
        assert_eq!(tags, b"2DCZ", "{at_a_time}");
        assert_eq!(of_library, bytes(&[NOTICE, NOTICE, REPLY, NOTICE, READY, NOTICE]), "{at_a_time}");
        assert!(bell.0.load(Ordering::Relaxed) > 0, "whoever waits is woken");
        stream.fold.0.line().give_up(buffer);
        assert!(stream.sends_directly(RUN));
    }
}

#[test]
fn nothing_goes_past_the_library_while_something_is_under_way() {
    let mut stream = idle();
    let mut context = Context::from_waker(Waker::noop());
    let _ = Pin::new(&mut stream.fold).poll_write(&mut context, RUN);
    assert!(!stream.sends_directly(RUN));
    stream.says([Some(bytes(&[REPLY, READY, &NOTICE[..2]])), Some(NOTICE[2..].to_vec())]);
    stream.receives(Waker::noop());
    assert!(!stream.sends_directly(RUN), "a notice is under way");
    stream.receives(Waker::noop());
    assert!(stream.sends_directly(RUN));
    assert!(!stream.sends_directly(RUN), "one at a time");
    assert!(!Stream::new().sends_directly(RUN), "nobody is logged in");
}

#[test]
fn the_rest_of_a_reply_that_nobody_wants_is_dropped() {
    let mut stream = idle();
    assert!(stream.sends_directly(RUN));
    stream.says([Some(REPLY[..12].to_vec())]);
    assert!(!stream.receives_directly());
    let mut buffer = Buffer::default();
    assert_eq!(stream.takes(&mut buffer, Waker::noop()), b"2");
    assert!(stream.fold.0.line().give_up(buffer).is_to_come, "some is to come");
    assert!(!stream.sends_directly(RUN), "its reply is to come");
    stream.says([Some(bytes(&[&REPLY[12..], NOTICE, READY, NOTICE]))]);
    assert_eq!(stream.receives(Waker::noop()), bytes(&[NOTICE, NOTICE]));
    assert!(stream.sends_directly(RUN));
}

/// Also where it comes at once with what others wait for.
#[test]
fn what_comes_behind_a_reply_that_nobody_wants_is_not_dropped() {
    for at_a_time in [1, 7, REPLY.len() + READY.len(), 1000] {
        let mut stream = idle();
        assert!(stream.sends_directly(RUN));
        stream.fold.0.line().give_up(Buffer::default());
        let mut context = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut stream.fold).poll_write(&mut context, RUN);
        let replies = bytes(&[REPLY, READY, REPLY, READY]);
        stream.says(replies.chunks(at_a_time).map(|part| Some(part.to_vec())));
        let mut received = Vec::new();
        for _ in 0..=replies.len() {
            received.extend(stream.receives(Waker::noop()));
        }
        assert_eq!(received, bytes(&[REPLY, READY]), "{at_a_time}");
        assert!(stream.sends_directly(RUN));
    }
}

/// However much more of it there is than is kept of a reply that somebody wants.
#[test]
fn all_of_a_reply_that_nobody_wants_is_dropped() {
    let mut stream = idle();
    assert!(stream.sends_directly(RUN));
    let rows = bytes(&[b"D\0\0\x04\x04", &[7; 1024]]).repeat(4 * KEPT / 1024);
    let (first, rest) = rows.split_at(KEPT);
    stream.says(first.chunks(4096).map(|part| Some(part.to_vec())));
    stream.says([None]);
    assert!(!stream.receives_directly());
    stream.fold.0.line().give_up(Buffer::default());
    stream.says(rest.chunks(4096).map(|part| Some(part.to_vec())));
    stream.says([Some(READY.to_vec())]);
    for _ in 0..rows.len() / 4096 + 2 {
        assert_eq!(stream.receives(Waker::noop()), b"");
    }
    assert!(stream.sends_directly(RUN));
}

#[test]
fn a_connection_is_not_ended_before_the_reply_is_in() {
    let mut stream = idle();
    assert!(stream.sends_directly(RUN));
    stream.fold.0.line().give_up(Buffer::default());
    stream.says([None, Some(REPLY.to_vec()), None, Some(READY.to_vec())]);
    let mut ends = || {
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut stream.fold).poll_shutdown(&mut context).is_ready()
    };
    assert_eq!([ends(), ends(), ends()], [false, false, true]);
    // One that waits for what is copied from here has none.
    let mut stream = idle();
    assert!(stream.sends_directly(RUN));
    stream.says([Some(b"2\0\0\0\x04G\0\0\0\x07\0\0\0".to_vec()), None]);
    assert!(!stream.receives_directly());
    stream.fold.0.line().give_up(Buffer::default());
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut stream.fold).poll_shutdown(&mut context).is_ready());
}

#[test]
fn whoever_waits_hears_of_the_end() {
    let stream = idle();
    assert!(stream.sends_directly(RUN));
    let (bell, mut buffer) = (Arc::new(Bell::default()), Buffer::default());
    assert_eq!(stream.takes(&mut buffer, &Waker::from(Arc::clone(&bell))), b"");
    let bypass = stream.fold.bypass();
    drop(stream.fold);
    assert_eq!(bell.0.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&stream.server.0), 1, "the socket is closed");
    let taken = bypass.line().take(&mut Context::from_waker(Waker::noop()), &mut buffer, &mut None);
    assert!(matches!(taken, Poll::Ready((Taken::Lost(None), _))));
    assert!(!bypass.line().can_send());
}

/// One that is longer than what is kept of replies that nobody takes.
#[test]
fn a_long_message_comes_as_a_whole() {
    let stream = idle();
    assert!(stream.sends_directly(RUN));
    let row = bytes(&[b"D\0\x08\0\x04", &vec![7; 1 << 19], READY]);
    assert!(row.len() > 3 * KEPT);
    stream.says(row.chunks(4000).flat_map(|part| [Some(part.to_vec()), None]));
    let (mut buffer, mut tags) = (Buffer::default(), Vec::new());
    for _ in 0..row.len() / 1000 {
        stream.receives_directly();
        tags.extend(stream.takes(&mut buffer, Waker::noop()));
    }
    assert_eq!(tags, b"DZ");
}

/// Where nobody takes a long reply, no more of it is read than has room.
#[test]
fn a_long_reply_waits_for_whoever_reads_it() {
    let mut stream = idle();
    assert!(stream.sends_directly(RUN));
    let row = bytes(&[b"D\0\0\x04\x04", &[7; 1024]]);
    let rows = 4 * KEPT / row.len();
    stream.says((0..rows).map(|_| Some(row.clone())));
    stream.says([Some(READY.to_vec())]);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let (mut buffer, mut tags) = (Buffer::default(), Vec::new());
    while stream.fold.0.line().ledger.is_next_direct() {
        assert_eq!(stream.receives(&waker), b"");
        let left = stream.script().replies.len();
        assert_eq!(stream.receives(&waker), b"");
        assert_eq!(stream.script().replies.len(), left);
        let before = bell.0.load(Ordering::Relaxed);
        tags.extend(stream.takes(&mut buffer, Waker::noop()));
        assert!(left == 0 || bell.0.load(Ordering::Relaxed) > before, "there is room now");
    }
    assert_eq!(tags, [vec![b'D'; rows], vec![b'Z']].concat());
}
