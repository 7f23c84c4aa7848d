//! What a fault of the network means, and what can be done about it.

use std::io::{Error, ErrorKind};

/// Where a server is: an address that has colons itself stands in brackets, as in a URL.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Why a server could not be reached.
pub(super) fn unreachable(io: &Error) -> String {
    let help = match io.kind() {
        ErrorKind::ConnectionRefused => "nobody listens there: does the server run, and are host and port right?",
        ErrorKind::NotFound => "there is no such socket: does the server run, and does it make its socket there?",
        // The client library's own, of a server of the wrong kind, has no number.
        ErrorKind::PermissionDenied if io.raw_os_error().is_none() => {
            "target_session_attrs in the URL asks for another kind of server"
        }
        ErrorKind::PermissionDenied => "this user may not open the socket",
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => {
            "the server hung up: is it one of this kind, and does its log say why?"
        }
        // The standard library gives it no kind of its own.
        _ if io.to_string().contains("lookup address") => {
            return "nobody knows a host of this name (is it right in the URL?)".to_owned();
        }
        _ => return io.to_string(),
    };
    format!("{} ({help})", plain(io))
}

/// What became of a connection.
pub(super) fn lost(io: &Error) -> String {
    plain(io)
}

/// The error without the advice to developers that libraries put into it.
fn plain(io: &Error) -> String {
    match io.kind() {
        ErrorKind::UnexpectedEof => "the server closed it".to_owned(),
        _ => io.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_many_colons_stand_in_brackets() {
        let shown = ["::1", "127.0.0.1", "db"].map(|host| place(host, 5432));
        assert_eq!(shown, ["[::1]:5432", "127.0.0.1:5432", "db:5432"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_that_may_not_be_opened_is_no_server_of_another_kind() {
        let of_the_system = unreachable(&Error::from_raw_os_error(13));
        assert!(of_the_system.contains("may not open the socket"), "{of_the_system}");
        let of_the_library = unreachable(&Error::new(ErrorKind::PermissionDenied, "session is read only"));
        assert!(of_the_library.contains("target_session_attrs"), "{of_the_library}");
    }
}
