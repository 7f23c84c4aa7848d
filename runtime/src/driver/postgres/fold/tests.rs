//! The stream, between somebody who sends and a server that follows a script.

use std::collections::VecDeque;
use std::future::poll_fn;

use super::*;

/// A server that says what it is told to, part by part; `None` is a moment with nothing.
#[derive(Default)]
struct Script {
    replies: VecDeque<Option<Vec<u8>>>,
    got: Vec<u8>,
    /// How much it takes at a time; 0 is nothing, once.
    takes: VecDeque<usize>,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.replies.pop_front() {
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

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let some = self.takes.pop_front().unwrap_or(usize::MAX).min(from.len());
        if some == 0 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.got.extend_from_slice(&from[..some]);
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
async fn stream() -> Fold<Script> {
    let mut stream = Fold::new(Script::default(), Arc::default());
    stream.crowd.open();
    stream.crowd.join();
    stream.crowd.seats.store(2, Ordering::Relaxed);
    // However busy the machine is.
    for _ in 0..1_000 {
        stream.stream.got.clear();
        send(&mut stream, &bytes(&[RUN, RUN])).await;
        let is_joined = stream.stream.got.len() < 2 * RUN.len();
        let between = if is_joined { &[][..] } else { READY };
        stream.stream.replies.push_back(Some(bytes(&[REPLY, between, REPLY, READY])));
        assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY, REPLY, READY]));
        if is_joined {
            break;
        }
    }
    stream.stream.got.clear();
    stream
}

async fn send(stream: &mut Fold<Script>, from: &[u8]) {
    let mut rest = from;
    while !rest.is_empty() {
        let some = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, rest)).await.unwrap();
        rest = &rest[some..];
    }
    poll_fn(|context| Pin::new(&mut *stream).poll_flush(context)).await.unwrap();
}

async fn receive(stream: &mut Fold<Script>) -> Vec<u8> {
    let mut space = [0; 4096];
    let mut into = ReadBuf::new(&mut space);
    poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut into)).await.unwrap();
    into.filled().to_vec()
}

/// All that can be received until the server hangs up.
async fn receive_all(stream: &mut Fold<Script>) -> Vec<u8> {
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
        stream.stream.takes = (0..400).map(|at| if at % 3 == 0 { 0 } else { at_a_time }).collect();
        send(&mut stream, &bytes(&[RUN, RUN, RUN])).await;
        let short = &RUN[..RUN.len() - 5];
        assert_eq!(stream.stream.got, bytes(&[short, short, RUN]), "{at_a_time}");
        assert!(stream.crowd.is_reply_held());
        let replies = bytes(&[NOTICE, REPLY, REPLY, NOTICE, REPLY, READY, NOTICE]);
        for part in replies.chunks(at_a_time) {
            stream.stream.replies.extend([None, Some(part.to_vec())]);
        }
        let expected = bytes(&[NOTICE, REPLY, READY, REPLY, READY, NOTICE, REPLY, READY, NOTICE]);
        assert_eq!(receive_all(&mut stream).await, expected, "{at_a_time}");
        assert!(!stream.crowd.is_reply_held() && stream.replies.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_handed_on_of_a_reply_that_may_never_end() {
    let mut stream = stream().await;
    send(&mut stream, &bytes(&[RUN, RUN, RUN])).await;
    let (begun, rest) = REPLY.split_at(12);
    stream.stream.replies.push_back(Some(bytes(&[REPLY, begun])));
    assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY]), "the first one's, which is whole");
    // The server has the rest, and works on the third.
    stream.stream.replies.extend([None, None, None]);
    let nothing = poll_fn(|context| {
        let mut space = [0; 64];
        Poll::Ready(Pin::new(&mut stream).poll_read(context, &mut ReadBuf::new(&mut space)).is_pending())
    });
    assert!(nothing.await);
    assert!(stream.crowd.is_reply_held());
    stream.stream.replies = [Some(bytes(&[rest])), Some(begun.to_vec())].into();
    assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY]));
    // The last one's end comes by itself.
    assert!(!stream.crowd.is_reply_held());
    assert_eq!(receive(&mut stream).await, begun);
    stream.stream.replies.push_back(Some(bytes(&[rest, READY])));
    assert_eq!(receive(&mut stream).await, bytes(&[rest, READY]));
}

#[tokio::test]
async fn the_end_of_the_stream_is_told_whatever_is_missing() {
    let mut stream = stream().await;
    send(&mut stream, &bytes(&[RUN, RUN])).await;
    stream.stream.replies.push_back(Some(REPLY[..12].to_vec()));
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
        assert_eq!(stream.stream.got, bytes(&[RUN, RUN]));
        stream.stream.replies.push_back(Some(bytes(&[REPLY, READY, REPLY, READY])));
        assert_eq!(receive(&mut stream).await, bytes(&[REPLY, READY, REPLY, READY]));
    }
}

/// A server that does not encrypt says so in a byte, and goes on with messages.
#[tokio::test]
async fn the_answer_about_encryption_is_no_message() {
    let mut stream = Fold::new(Script::default(), Arc::default());
    send(&mut stream, &[0, 0, 0, 8, 4, 210, 22, 47]).await;
    stream.stream.replies = [Some(b"N".to_vec()), Some(bytes(&[NOTICE, &READY[..3]]))].into();
    assert_eq!(receive(&mut stream).await, b"N");
    assert_eq!(receive(&mut stream).await, bytes(&[NOTICE, &READY[..3]]));
    let (mut frames, mut ended) = (std::mem::take(&mut stream.frames), Vec::new());
    frames.pass(&READY[3..], &mut |tag| ended.push(tag));
    assert_eq!(ended, b"Z");
}
