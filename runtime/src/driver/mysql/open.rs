//! Opening a connection, and ending one that was left in the middle of a statement, on the server that it belongs to.

use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Fault, Row};

use super::error::from_mysql;
use super::options::Options;
use crate::error::{Error, ErrorKind, Result};
use crate::rt;

/// What tells a server from others that answer at the same address, behind a balancer say. MySQL has a UUID; MariaDB
/// passes the comment by.
const WHICH: &str = "SELECT concat_ws(' ', @@hostname, @@port, @@server_id /*!50708 , @@server_uuid */)";

/// How much a statement, or one of its values, may have. The server hangs up on whoever sends more.
const PACKET: &str = "SELECT @@max_allowed_packet";

/// A session that is set up.
pub(super) struct Opened {
    pub client: Conn,
    /// The server's version.
    pub version: String,
    /// How many bytes the server takes at once.
    pub packet: usize,
    /// Which server it is.
    pub which: Arc<str>,
}

/// Connects and sets the session up, in the time that there is for it.
pub(super) async fn open(options: &Options) -> Result<Opened> {
    let Some(runtime) = rt::beside() else {
        return Err(Error::new(ErrorKind::Connection, "the system has no thread left to give"));
    };
    // The socket is watched by the runtime that it is opened on, and can be used from anywhere.
    let opening = rt::AbortOnDrop(runtime.spawn(connect(options.clone())));
    match rt::timeout(options.connect_timeout, opening).await {
        Some(Ok(opened)) => opened.map_err(|fault| from_mysql(fault, None)),
        Some(Err(stopped)) => {
            let message = "the runtime that it was opened on has ended";
            Err(Error::new(ErrorKind::Connection, message).with_source(stopped))
        }
        None => {
            let message = format!("no answer within {:?}", options.connect_timeout);
            Err(Error::new(ErrorKind::Connection, message))
        }
    }
}

async fn connect(options: Options) -> Result<Opened, Fault> {
    let mut client = options.tls.connect(options.client()).await?;
    let texts = texts(&mut client, format!("{}; {PACKET}; {WHICH}", options.session())).await?;
    let version = texts.first().cloned().unwrap_or_default();
    let packet = texts.get(1).and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let which = texts.last().map(String::as_str).unwrap_or_default().into();
    Ok(Opened { client, version, packet, which })
}

/// The first column of all rows that some statements give.
async fn texts(client: &mut Conn, sql: String) -> Result<Vec<String>, Fault> {
    let mut answer = client.query_iter(sql).await?;
    let mut texts = Vec::new();
    while !answer.is_empty() {
        while let Some(mut row) = answer.next().await? {
            texts.extend(Row::take_opt(&mut row, 0).and_then(Result::ok));
        }
    }
    answer.drop_result().await?;
    Ok(texts)
}

/// Ends the statement that a connection was left in: the server would go on with it until it has rows to send. On
/// another server the number may be that of somebody else's connection.
pub(super) fn stop(client: &Conn, which: &Arc<str>, limit: Duration) {
    let (options, id, which) = (client.opts().clone(), client.id(), Arc::clone(which));
    if let Some(runtime) = rt::beside() {
        runtime.spawn(rt::timeout(limit, async move {
            let mut other = Conn::new(options).await?;
            if texts(&mut other, WHICH.to_owned()).await?.first().is_some_and(|found| **found == *which) {
                // A connection that is gone already is no fault.
                let _ = other.query_drop(format!("KILL CONNECTION {id}")).await;
            }
            other.disconnect().await
        }));
    }
}
