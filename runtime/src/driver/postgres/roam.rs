//! Sockets that are watched by the runtime of whoever waits for them.
//!
//! A socket is watched by one runtime: what arrives shows on a thread of it, which then wakes whoever waits. Where he runs on
//! another one, that takes longer than the server takes for a row; so the socket is taken along, which costs little, and
//! stays until somebody else waits for it.
//!
//! Nobody may look after a runtime of one thread at times: between two calls of `block_on`, or as its thread is blocked. So a
//! socket that is *away* from the runtime of the connection's task is taken home when nobody uses it any more, or when the
//! runtime that watches it does not do what it is asked to.

use std::cell::Cell;
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::{Handle, Id, is_rt_shutdown_err};

use crate::rt;

/// Where a socket is to be watched from its next poll on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Whereto {
    /// Where it is.
    Stay,
    /// Where the connection's task runs.
    Home,
    /// Where the poll takes place.
    Here,
    /// Where it is, and as before: this poll only looks what is there, as that runtime may stand still.
    Look,
}

/// What a connection's socket is told, and what is known of it.
#[derive(Debug)]
pub(super) struct Roaming {
    home: Handle,
    whereto: AtomicU8,
    is_away: AtomicBool,
    /// Whether the runtime that was asked stands still.
    stands_still: AtomicBool,
    place: Mutex<Place>,
}

#[derive(Debug, Default)]
struct Place {
    /// The runtime that watches it, if it is another one than that of the connection's task.
    away: Option<Handle>,
    /// The runtime that was asked to do something, and has not done it.
    asked: Option<Id>,
}

impl Roaming {
    /// Of a socket that is opened now, on this runtime.
    pub(super) fn new(home: Handle) -> Arc<Self> {
        Arc::new(Self {
            home,
            whereto: AtomicU8::new(Whereto::Stay as u8),
            is_away: AtomicBool::new(false),
            stands_still: AtomicBool::new(false),
            place: Mutex::default(),
        })
    }

    /// Tells the socket where to go when it is polled next.
    pub(super) fn send(&self, whereto: Whereto) {
        self.whereto.store(whereto as u8, Ordering::Relaxed);
    }

    fn is_sent(&self, whereto: Whereto) -> bool {
        self.whereto.load(Ordering::Relaxed) == whereto as u8
    }

    /// Whether another runtime watches it than that of the connection's task.
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Asks the runtime that watches it for a sign of life; whether it gave none since it was asked before. Nothing goes to
    /// it until it gives one.
    pub(super) fn ask(self: &Arc<Self>) -> bool {
        let mut place = self.place();
        let Some(at) = place.away.clone() else { return false };
        if place.asked == Some(at.id()) {
            self.stands_still.store(true, Ordering::Relaxed);
            return true;
        }
        place.asked = Some(at.id());
        // Of the one that was asked before nothing is known any more.
        self.stands_still.store(false, Ordering::Relaxed);
        drop(place);
        let (roaming, id) = (Arc::downgrade(self), at.id());
        drop(at.spawn(async move {
            if let Some(roaming) = roaming.upgrade() {
                let mut place = roaming.place();
                if place.asked == Some(id) {
                    place.asked = None;
                    roaming.stands_still.store(false, Ordering::Relaxed);
                }
            }
        }));
        false
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime that is to watch it, where it is another one.
    fn change(&self, at: Id) -> Option<Handle> {
        if self.is_sent(Whereto::Here)
            && let Some(here) = rt::here()
            && (here.id() == at || is_fit(&here))
            && !(self.stands_still.load(Ordering::Relaxed) && self.place().asked == Some(here.id()))
        {
            return (here.id() != at).then_some(here);
        }
        let goes_home = (self.is_sent(Whereto::Here) || self.is_sent(Whereto::Home)) && self.home.id() != at;
        // On a thread that is about to end nothing can be taken anywhere.
        (goes_home && rt::can_enter()).then(|| self.home.clone())
    }

    fn moved(&self, to: Handle) {
        let is_away = to.id() != self.home.id();
        self.place().away = is_away.then_some(to);
        self.is_away.store(is_away, Ordering::Relaxed);
    }
}

/// Whether a runtime can watch sockets. There is no way to ask but one, which panics where it cannot. That is caught, though the
/// program's hook for panics hears of it, once for each such runtime; where it would end the program, none is asked.
fn is_fit(runtime: &Handle) -> bool {
    thread_local! {
        /// The last one that was tried on this thread.
        static TRIED: Cell<Option<(Id, bool)>> = const { Cell::new(None) };
    }
    static UNFIT: Mutex<Vec<Id>> = Mutex::new(Vec::new());

    if let Some((_, is_fit)) = TRIED.get().filter(|(id, _)| *id == runtime.id()) {
        return is_fit;
    }
    let unfit = || UNFIT.lock().unwrap_or_else(PoisonError::into_inner);
    let is_fit = rt::is_own(runtime)
        || !cfg!(panic = "abort") && !unfit().contains(&runtime.id()) && {
            let probe = catch_unwind(AssertUnwindSafe(|| {
                let _entered = runtime.enter();
                Socket::probe()
            }));
            match probe {
                Ok(Ok(())) => true,
                // The system has no more to give at this moment.
                Ok(Err(_)) => return false,
                Err(_) => {
                    unfit().push(runtime.id());
                    false
                }
            }
        };
    TRIED.set(Some((runtime.id(), is_fit)));
    is_fit
}

/// A stream of bytes to a server and back.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// Makes something that the runtime watches.
    fn probe() -> io::Result<()> {
        #[cfg(unix)]
        let probe = tokio::net::UnixDatagram::unbound().map(drop);
        #[cfg(not(unix))]
        let probe = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| {
            socket.set_nonblocking(true)?;
            tokio::net::UdpSocket::from_std(socket).map(drop)
        });
        probe
    }

    /// Has this socket watched by the runtime that is entered.
    fn moved(self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => TcpStream::from_std(stream.into_std()?).map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => UnixStream::from_std(stream.into_std()?).map(Self::Unix),
        }
    }

    /// What has arrived, whether or not a runtime knows of it.
    fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*SockRef::from(stream)).read(into),
            #[cfg(unix)]
            Self::Unix(stream) => (&*SockRef::from(stream)).read(into),
        }
    }
}

/// A socket, and the runtime that watches it.
#[derive(Debug)]
pub(super) struct Roamer {
    /// `None` once it could not be taken along.
    socket: Option<Socket>,
    at: Id,
    roaming: Arc<Roaming>,
}

impl Roamer {
    /// Takes a socket that was opened on the runtime where it is at home.
    pub(super) fn new(socket: Socket, roaming: Arc<Roaming>) -> Self {
        Self { socket: Some(socket), at: roaming.home.id(), roaming }
    }

    /// The socket, watched where it is to be.
    fn settled(&mut self) -> io::Result<&mut Socket> {
        if let Some(to) = self.roaming.change(self.at) {
            self.go(to)?;
        }
        self.socket.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn go(&mut self, to: Handle) -> io::Result<()> {
        let _entered = to.enter();
        self.socket = self.socket.take().map(Socket::moved).transpose()?;
        self.at = to.id();
        self.roaming.moved(to.clone());
        Ok(())
    }

    /// Does something with the socket; once more at home, where the runtime that watched it has ended.
    fn poll_with<T>(&mut self, mut poll: impl FnMut(&mut Socket) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match poll(self.settled()?) {
            Poll::Ready(Err(error)) if is_rt_shutdown_err(&error) && self.roaming.is_away() && rt::can_enter() => {
                self.go(self.roaming.home.clone())?;
                poll(self.settled()?)
            }
            polled => polled,
        }
    }

    /// Looks what is there. Whoever is to be woken by more, is already.
    fn look(&mut self, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.settled()?.receive(into.initialize_unfilled()) {
            Ok(some) => {
                into.advance(some);
                Poll::Ready(Ok(()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

macro_rules! forward {
    ($roamer:expr, $name:ident($($arg:expr),*)) => {
        $roamer.poll_with(|socket| match socket {
            Socket::Tcp(stream) => Pin::new(stream).$name($($arg),*),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).$name($($arg),*),
        })
    };
}

impl AsyncRead for Roamer {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.roaming.is_sent(Whereto::Look) {
            return self.look(into);
        }
        forward!(self, poll_read(context, into))
    }
}

impl AsyncWrite for Roamer {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        forward!(self, poll_write(context, from))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream as Plain};
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn one_thread() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// A socket that is at home on a runtime, what it is told by, and its other end.
    fn pair(home: &Runtime) -> (Roamer, Arc<Roaming>, Plain) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = home.block_on(TcpStream::connect(listener.local_addr().unwrap())).unwrap();
        let roaming = Roaming::new(home.handle().clone());
        (Roamer::new(Socket::Tcp(stream), Arc::clone(&roaming)), roaming, listener.accept().unwrap().0)
    }

    async fn byte(roamer: &mut Roamer) -> Option<u8> {
        let read = rt::timeout(Duration::from_millis(200), roamer.read_u8());
        read.await.map(Result::unwrap)
    }

    #[test]
    fn a_socket_is_watched_where_it_is_sent_to() {
        let (home, other) = (one_thread(), one_thread());
        let (mut roamer, roaming, mut server) = pair(&home);
        server.write_all(b"abcde").unwrap();
        assert_eq!((home.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'a'), false));
        roaming.send(Whereto::Here);
        assert_eq!((other.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'b'), true));
        roaming.send(Whereto::Stay);
        assert_eq!((home.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'c'), true));
        roaming.send(Whereto::Home);
        assert_eq!((home.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'd'), false));
        // The other runtime ends with the socket in its care.
        roaming.send(Whereto::Here);
        assert_eq!((other.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'e'), true));
        drop(other);
        server.write_all(b"f").unwrap();
        roaming.send(Whereto::Stay);
        assert_eq!((home.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'f'), false));
    }

    #[test]
    fn a_runtime_that_stands_still_is_passed_by_until_it_moves() {
        let (home, still) = (one_thread(), one_thread());
        let (mut roamer, roaming, mut server) = pair(&home);
        server.write_all(b"abcd").unwrap();
        assert!(!roaming.ask(), "it is at home");
        roaming.send(Whereto::Here);
        assert_eq!((still.block_on(byte(&mut roamer)), roaming.is_away()), (Some(b'a'), true));
        assert!(!roaming.ask());
        assert!(roaming.ask() && roaming.ask());
        // As if it waited there by something else, which does not let the runtime move.
        let moves = |roamer: &mut Roamer| {
            let _entered = still.enter();
            let mut byte = [0];
            let mut into = ReadBuf::new(&mut byte);
            let _ = Pin::new(roamer).poll_read(&mut Context::from_waker(std::task::Waker::noop()), &mut into);
        };
        moves(&mut roamer);
        assert!(!roaming.is_away());
        assert_eq!(home.block_on(byte(&mut roamer)), Some(b'b'));
        still.block_on(tokio::task::yield_now());
        moves(&mut roamer);
        assert!(roaming.is_away() && !roaming.ask());
        assert_eq!(still.block_on(byte(&mut roamer)), Some(b'c'));
        assert!(!roaming.ask(), "it did what it was asked to");
    }

    #[test]
    fn what_no_runtime_tells_of_is_seen_by_looking() {
        let (home, still) = (one_thread(), one_thread());
        let (mut roamer, roaming, mut server) = pair(&home);
        roaming.send(Whereto::Here);
        assert_eq!(still.block_on(byte(&mut roamer)), None);
        roaming.send(Whereto::Stay);
        server.write_all(b"ab").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(home.block_on(byte(&mut roamer)), None, "it is not watched there");
        roaming.send(Whereto::Look);
        assert_eq!(home.block_on(byte(&mut roamer)), Some(b'a'));
        assert_eq!(home.block_on(byte(&mut roamer)), Some(b'b'));
        assert_eq!(home.block_on(byte(&mut roamer)), None);
        drop(server);
        let end = home.block_on(rt::timeout(Duration::from_secs(5), roamer.read_u8()));
        assert_eq!(end.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(roaming.is_away());
    }

    #[test]
    fn a_runtime_that_cannot_watch_is_passed_by() {
        let (home, bare) = (one_thread(), Builder::new_current_thread().build().unwrap());
        let (mut roamer, roaming, mut server) = pair(&home);
        roaming.send(Whereto::Here);
        assert_eq!(bare.block_on(byte(&mut roamer)), None);
        assert!(!roaming.is_away());
        server.write_all(b"a").unwrap();
        assert_eq!(home.block_on(byte(&mut roamer)), Some(b'a'));
    }
}
