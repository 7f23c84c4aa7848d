//! Who drives, over a stream of which the other end is at hand.
#![allow(clippy::unwrap_used)]

use tokio::io::{AsyncRead, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio::runtime::Handle;

use super::super::fold::Fold;
use super::*;

/// A connection on which nothing is under way, and the server's end of it.
fn connection() -> (Arc<Wire>, DuplexStream) {
    let (stream, server) = tokio::io::duplex(1 << 16);
    let (crowd, roaming) = (Arc::<Crowd>::default(), Roaming::new(Handle::current()));
    let mut fold = Fold::new(stream, Arc::clone(&crowd));
    crowd.open();
    let bypass = fold.bypass();
    // As the client library, which reads until nothing is there, or the end.
    let half = poll_fn(move |context| {
        let mut space = [0; 64];
        loop {
            let mut into = ReadBuf::new(&mut space);
            match Pin::new(&mut fold).poll_read(context, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    (Wire::new(half, crowd, roaming, bypass), server)
}

const REPLY: &[u8] = b"2\0\0\0\x04C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";

/// What arrives of the reply for a caller who does not drive.
async fn reply(wire: &Wire) -> Vec<u8> {
    let (mut buffer, mut tags) = (Buffer::default(), Vec::new());
    while tags.last() != Some(&b'Z') {
        poll_fn(|context| wire.bypass.line().take(context, &mut buffer, &mut None).map(drop)).await;
        while let Some(message) = buffer.next() {
            tags.push(message.tag);
        }
    }
    wire.bypass.line().give_up(buffer);
    tags
}

#[tokio::test]
async fn the_task_goes_on_where_whoever_sent_hands_over_before_he_listened() {
    let (wire, mut server) = connection();
    let task = rt::AbortOnDrop(tokio::spawn(Arc::clone(&wire).drive()));
    tokio::task::yield_now().await;
    for listened in [true, false] {
        drop(wire.ear.begin(1));
        // One that he receives alone, so that nobody hears of what comes next.
        assert!(wire.send(1, |out| out.extend_from_slice(b"S\0\0\0\x04")));
        assert_eq!(wire.receive(1, Waker::noop()), Some(false));
        server.write_all(REPLY).await.unwrap();
        assert_eq!(wire.receive(1, Waker::noop()), Some(false));
        assert_eq!(reply(&wire).await, b"2CZ");
        assert!(wire.send(1, |out| out.extend_from_slice(b"S\0\0\0\x04")));
        let rest = if listened {
            // Nor of the rest, after a part of it.
            assert_eq!(wire.receive(1, Waker::noop()), Some(false));
            server.write_all(&REPLY[..7]).await.unwrap();
            assert_eq!(wire.receive(1, Waker::noop()), Some(false));
            &REPLY[7..]
        } else {
            REPLY
        };
        wire.hand_over(1);
        server.write_all(rest).await.unwrap();
        let tags = rt::timeout(Duration::from_secs(60), reply(&wire)).await;
        assert_eq!(tags.as_deref(), Some(&b"2CZ"[..]), "{listened}");
    }
    drop(task);
}

#[tokio::test]
async fn nobody_goes_past_what_came_for_the_library() {
    let (wire, _server) = connection();
    drop(wire.ear.begin(1));
    wire.waker.wake_by_ref();
    assert!(!wire.send(1, |_| {}), "it is polled before");
    assert_eq!(wire.poll(Whereto::Home, |ear| ear.listen(1, Waker::noop())), Some(false));
    assert!(wire.send(1, |_| {}));
    assert!(!wire.send(1, |_| {}), "one at a time");
}

#[tokio::test]
async fn the_end_of_a_connection_that_nobody_listens_to_is_seen_by_looking() {
    let (wire, mut server) = connection();
    drop(wire.ear.begin(1));
    assert!(wire.send(1, |_| {}));
    server.write_all(REPLY).await.unwrap();
    assert_eq!(wire.receive(1, Waker::noop()), Some(false));
    assert_eq!(reply(&wire).await, b"2CZ");
    wire.leave(1);
    assert!(wire.may_end_unheard());
    rt::sleep(2 * Duration::from_nanos(SURE)).await;
    wire.glance();
    assert!(wire.may_end_unheard(), "who looks does not listen");
    drop(server);
    rt::sleep(2 * Duration::from_nanos(SURE)).await;
    wire.glance();
    assert!(lock(&wire.half).is_none(), "it is over");
}
