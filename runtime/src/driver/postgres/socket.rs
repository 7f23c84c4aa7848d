//! Sockets to servers: where these are, in which order they are tried, and what a connection asks of its socket.
//!
//! The client library would open sockets itself, but of a type of its own, which nothing can be put around. Sources: the
//! manual, "Database Connection Control Functions" in the chapter on libpq (several hosts, `load_balance_hosts`,
//! `target_session_attrs`, keepalives, and the names of sockets).

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio_postgres::config::{Host, LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage};

use super::error::OpeningFault;
use super::fold::{Bypass, Crowd, Fold};
use super::roam::{Roamer, Roaming, Socket};
use super::tls::Connector;
use crate::rt;

/// Asks what kind of server it is.
const KIND: &str = "SHOW transaction_read_only";

/// The half of a connection that talks to the server.
type Half = tokio_postgres::Connection<Fold, <Connector as MakeTlsConnect<Fold>>::Stream>;

/// A connection that is open, and the way to its server.
pub(super) struct Opened {
    pub client: Client,
    pub connection: Half,
    pub crowd: Arc<Crowd>,
    pub roaming: Arc<Roaming>,
    pub bypass: Bypass,
    pub route: Route,
}

/// Connects to the first server that can be reached and is of the right kind. The fault is that of the last one.
pub(super) async fn connect(config: &Config, connector: &Connector) -> Result<Opened, OpeningFault> {
    let mut last = None;
    for (host, port) in hosts(config) {
        let places = match places(host, port, is_random(config)).await {
            Ok(places) => places,
            Err(fault) => {
                last = Some(fault.into());
                continue;
            }
        };
        for place in places {
            match Route::new(place, host, config, connector).connect(config).await {
                Ok(opened) => return Ok(opened),
                Err(fault) => last = Some(fault),
            }
        }
    }
    Err(last.unwrap_or_else(|| nowhere().into()))
}

/// The hosts with their ports, in the order in which they are tried.
fn hosts(config: &Config) -> Vec<(&Host, u16)> {
    let ports = config.get_ports();
    let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    let mut hosts: Vec<_> = config.get_hosts().iter().enumerate().map(|(place, host)| (host, port(place))).collect();
    if is_random(config) {
        shuffle(&mut hosts);
    }
    hosts
}

fn is_random(config: &Config) -> bool {
    config.get_load_balance_hosts() == LoadBalanceHosts::Random
}

/// Where a host may be reached: at any of the addresses of its name.
async fn places(host: &Host, port: u16, random: bool) -> io::Result<Vec<Place>> {
    let name = match host {
        Host::Tcp(name) => name,
        #[cfg(unix)]
        Host::Unix(folder) => return Ok(vec![Place::Unix(folder.join(format!(".s.PGSQL.{port}")))]),
    };
    let mut places: Vec<_> = tokio::net::lookup_host((name.as_str(), port)).await?.map(Place::Tcp).collect();
    if random {
        shuffle(&mut places);
    }
    if places.is_empty() { Err(nowhere()) } else { Ok(places) }
}

/// The keys of the standard library's hashes are the only random numbers at hand, and good enough to spread load.
fn shuffle<T>(items: &mut [T]) {
    items.sort_by_cached_key(|_| RandomState::new().hash_one(()));
}

#[cold]
fn nowhere() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "could not resolve any addresses")
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// The way to one server, by which it is reached again.
#[derive(Clone)]
pub(super) struct Route {
    place: Place,
    /// What the server's certificate has to be for. Nothing is encrypted on a socket of the file system, which has none.
    name: Option<String>,
    connector: Connector,
    /// How long to wait for a socket.
    timeout: Option<Duration>,
    keepalive: Option<TcpKeepalive>,
    /// How long what was sent may stay without a confirmation.
    #[cfg(target_os = "linux")]
    unconfirmed: Option<Duration>,
}

impl Route {
    fn new(place: Place, host: &Host, config: &Config, connector: &Connector) -> Self {
        let name = match host {
            Host::Tcp(name) => Some(name.clone()),
            #[cfg(unix)]
            Host::Unix(_) => None,
        };
        Self {
            place,
            name,
            connector: connector.clone(),
            timeout: config.get_connect_timeout().copied(),
            keepalive: config.get_keepalives().then(|| keepalive(config)),
            #[cfg(target_os = "linux")]
            unconfirmed: config.get_tcp_user_timeout().copied(),
        }
    }

    /// Opens a socket.
    async fn open(&self) -> io::Result<Socket> {
        match &self.place {
            Place::Tcp(address) => {
                let stream = self.in_time(TcpStream::connect(address)).await?;
                stream.set_nodelay(true)?;
                let socket = SockRef::from(&stream);
                #[cfg(target_os = "linux")]
                if self.unconfirmed.is_some() {
                    socket.set_tcp_user_timeout(self.unconfirmed)?;
                }
                if let Some(keepalive) = &self.keepalive {
                    socket.set_tcp_keepalive(keepalive)?;
                }
                Ok(Socket::Tcp(stream))
            }
            #[cfg(unix)]
            Place::Unix(path) => self.in_time(UnixStream::connect(path)).await.map(Socket::Unix),
        }
    }

    async fn in_time<T>(&self, opening: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let Some(limit) = self.timeout else { return opening.await };
        let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "connection timed out"));
        rt::timeout(limit, opening).await.unwrap_or_else(late)
    }

    /// What encrypts a socket of this way, where that is wanted.
    fn encryption(&self) -> io::Result<<Connector as MakeTlsConnect<Fold>>::TlsConnect> {
        let name = self.name.as_deref().unwrap_or_default();
        // Which never fails; the library's own, in builds without TLS, is of a type that could.
        MakeTlsConnect::<Fold>::make_tls_connect(&mut self.connector.clone(), name).map_err(io::Error::other)
    }

    /// Connects to the server, if it is of the kind that is asked for. The socket is at home on this runtime.
    async fn connect(self, config: &Config) -> Result<Opened, OpeningFault> {
        let (crowd, roaming) = (Arc::default(), Roaming::new(Handle::current()));
        let socket = Fold::new(Roamer::new(self.open().await?, Arc::clone(&roaming)), Arc::clone(&crowd));
        let bypass = socket.bypass();
        let (client, mut connection) = config.connect_raw(socket, self.encryption()?).await?;
        let wanted = config.get_target_session_attrs();
        if wanted != TargetSessionAttrs::Any {
            let read_only = read_only(&client, &mut connection).await?;
            check_kind(wanted, read_only.as_deref())?;
        }
        crowd.open();
        Ok(Opened { client, connection, crowd, roaming, bypass, route: self })
    }

    /// Asks the server to stop what it does for a connection. It does not say whether it did.
    pub(super) async fn cancel(&self, token: &CancelToken) {
        if let (Ok(encryption), Ok(socket)) = (self.encryption(), self.open().await) {
            let socket = Roamer::new(socket, Roaming::new(Handle::current()));
            let _ = token.cancel_query_raw(Fold::new(socket, Arc::default()), encryption).await;
        }
    }
}

/// How a connection is kept open on which nothing is sent.
fn keepalive(config: &Config) -> TcpKeepalive {
    let keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
    #[cfg(not(any(target_os = "aix", target_os = "openbsd", target_os = "redox", target_os = "solaris")))]
    let keepalive = match config.get_keepalives_interval() {
        Some(interval) => keepalive.with_interval(interval),
        None => keepalive,
    };
    // Some versions of Windows take no number.
    #[cfg(not(any(
        target_os = "aix",
        target_os = "openbsd",
        target_os = "redox",
        target_os = "solaris",
        target_os = "windows"
    )))]
    let keepalive = match config.get_keepalives_retries() {
        Some(retries) => keepalive.with_retries(retries),
        None => keepalive,
    };
    keepalive
}

/// Asks a server whether transactions only read. Nobody drives the connection yet.
async fn read_only(client: &Client, connection: &mut Half) -> Result<Option<String>, OpeningFault> {
    let mut reply = pin!(client.simple_query(KIND));
    let messages = poll_fn(|context| {
        if let Poll::Ready(ended) = Pin::new(&mut *connection).poll(context) {
            let closed = || io::Error::from(io::ErrorKind::ConnectionReset).into();
            return Poll::Ready(Err(ended.err().map_or_else(closed, OpeningFault::from)));
        }
        reply.as_mut().poll(context).map_err(OpeningFault::from)
    });
    let row = messages.await?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "unexpected message from server"))?;
    Ok(row.try_get(0)?.map(str::to_owned))
}

/// Refuses a server of the wrong kind. One that says neither may be of any.
fn check_kind(wanted: TargetSessionAttrs, read_only: Option<&str>) -> io::Result<()> {
    let why = match (wanted, read_only) {
        (TargetSessionAttrs::ReadWrite, Some("on")) => "database does not allow writes",
        (TargetSessionAttrs::ReadOnly, Some("off")) => "database is not read only",
        _ => return Ok(()),
    };
    // By this kind the message is chosen.
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::driver::postgres::options::Options;

    fn config(url: &str) -> (Config, Connector) {
        let options = Options::new(&Settings::parse(url).unwrap()).unwrap();
        (options.config, options.connector)
    }

    fn route(place: Place, url: &str) -> Route {
        let (config, connector) = config(url);
        Route::new(place, &config.get_hosts()[0], &config, &connector)
    }

    #[test]
    fn hosts_are_tried_in_order_or_in_any() {
        let names = |url: &str| -> Vec<String> {
            let (config, _) = config(url);
            hosts(&config).into_iter().map(|(host, port)| format!("{host:?}:{port}")).collect()
        };
        let fixed = names("postgres://a:1,b:2,c,d/x");
        assert_eq!(fixed, [r#"Tcp("a"):1"#, r#"Tcp("b"):2"#, r#"Tcp("c"):5432"#, r#"Tcp("d"):5432"#]);
        let mixed: Vec<_> = (0..64).map(|_| names("postgres://a:1,b:2,c,d/x?load_balance_hosts=random")).collect();
        for first in &fixed {
            assert!(mixed.iter().any(|names| names.first() == Some(first)), "{first}");
        }
        for mut names in mixed {
            names.sort();
            assert_eq!(names, fixed, "each once, with its own port");
        }
    }

    #[test]
    fn all_orders_come_about() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..400 {
            let mut items = [0, 1, 2];
            shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 6);
    }

    #[tokio::test]
    async fn addresses_stand_for_themselves_and_folders_for_a_socket_in_them() {
        let found = places(&Host::Tcp("::1".to_owned()), 7, false).await.unwrap();
        assert_eq!(found, [Place::Tcp("[::1]:7".parse().unwrap())]);
        #[cfg(unix)]
        {
            let found = places(&Host::Unix("/run/pg".into()), 7, true).await.unwrap();
            assert_eq!(found, [Place::Unix("/run/pg/.s.PGSQL.7".into())]);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_socket_has_what_the_url_asks_for() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place::Tcp(server.local_addr().unwrap());
        let url = "postgres://h/x?sslmode=disable&keepalives_idle=77&keepalives_interval=7&keepalives_count=5";
        let Ok(Socket::Tcp(stream)) = route(place.clone(), url).open().await else { panic!("no socket") };
        assert!(stream.nodelay().unwrap());
        assert!(SockRef::from(&stream).keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            let socket = SockRef::from(&stream);
            assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(7));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
            assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        }
        let url = "postgres://h/x?sslmode=disable&keepalives=0&tcp_user_timeout=1234";
        let Ok(Socket::Tcp(stream)) = route(place, url).open().await else { panic!("no socket") };
        assert!(!SockRef::from(&stream).keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(Duration::from_millis(1234)));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_told_as_such() {
        let mut route = route(Place::Tcp("127.0.0.1:1".parse().unwrap()), "postgres://h/x?sslmode=disable");
        route.timeout = Some(Duration::from_millis(5));
        let error = route.in_time(std::future::pending::<io::Result<()>>()).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::TimedOut, "connection timed out"));
        assert_eq!(route.in_time(std::future::ready(Ok(1))).await.unwrap(), 1);
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_fault_is_that_of_the_last_server() {
        let (config, connector) = config("postgres://127.0.0.1:1,%2Fno%2Fsuch%2Ffolder:2/x?sslmode=disable");
        match connect(&config, &connector).await.err() {
            Some(OpeningFault::Socket(io)) => assert_eq!(io.kind(), io::ErrorKind::NotFound, "{io}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_of_the_wrong_kind_is_refused() {
        use TargetSessionAttrs::{Any, ReadOnly, ReadWrite};
        for (wanted, wrong, right) in [(ReadWrite, "on", "off"), (ReadOnly, "off", "on")] {
            let error = check_kind(wanted, Some(wrong)).unwrap_err();
            assert!(error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none(), "{error}");
            assert!(check_kind(wanted, Some(right)).is_ok() && check_kind(wanted, None).is_ok());
        }
        assert!(check_kind(Any, Some("on")).is_ok());
    }
}
