//! A server that is gone without a word is noticed by the system, which asks for it where a connection is silent.

use std::time::Duration;

use crate::Database;

/// How `/proc/net/tcp` begins a timer (proc_pid_net(5)): of the questions whether the other side is still there.
const KEEPALIVE: &str = "02:";
/// The same, of what is sent again unless the other side confirms it.
const RETRANSMIT: &str = "01:";
/// The state of a connection that both sides hold.
const ESTABLISHED: &str = "01";

/// The timer of the connection between these ports, its own and the server's; `None` where this machine has none.
///
/// Its own port is not enough: connections to other servers may have it, too, and those that ended stay listed a while.
/// While the server has not confirmed what it was sent, the system shows the timer of that instead.
async fn timer_of_connection(own: u16, server: u16) -> Option<String> {
    for _ in 0..100 {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let timer = sockets.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, from, to, state, _, timer, ..] = fields.as_slice() else { return None };
            let is_it = from.ends_with(&format!(":{own:04X}")) && to.ends_with(&format!(":{server:04X}"));
            (is_it && *state == ESTABLISHED).then(|| (*timer).to_owned())
        })?;
        if !timer.starts_with(RETRANSMIT) {
            return Some(timer);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not confirm what it was sent")
}

#[tokio::test]
async fn silent_connections_are_asked_for_by_the_system() {
    let Some(database) = Database::new() else { return };
    for (parameter, kept) in [("", true), ("tcp_keepalive=20s", true), ("tcp_keepalive=never", false)] {
        let db = database.connect(parameter).await;
        let own = "SELECT host FROM information_schema.processlist WHERE id = connection_id()";
        let own = db.sql(own).one::<String>().await.unwrap();
        let port: u16 = own.rsplit_once(':').expect("a connection over TCP").1.parse().unwrap();
        let server = db.sql("SELECT @@port").one::<u16>().await.unwrap();
        // A server elsewhere may see another port.
        let Some(timer) = timer_of_connection(port, server).await else {
            return eprintln!("skipped: no own socket of port {port}");
        };
        assert_eq!(timer.starts_with(KEEPALIVE), kept, "{parameter}: {timer}");
    }
}
