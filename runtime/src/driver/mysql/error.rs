//! MySQL's faults as kinds of [`Error`], by errno. Names of constraints, tables and columns stand in the messages only.

use std::io;

use mysql_async::{DriverError, Error as Fault, IoError, ServerError};

use super::super::network;
use crate::driver::{is_reading, not_waited_for, out_of_range};
use crate::error::{Cell, Error, ErrorKind, Violation};
use crate::value::shorten;

/// How much of a statement is shown in a message.
const SHOWN: usize = 600;

/// How this server's settings of TLS are called.
#[cfg(feature = "tls")]
const WORDS: crate::driver::tls::Words =
    crate::driver::tls::Words { roots: "ssl-ca", certificate: "ssl-cert", any_name: "ssl-mode=VERIFY_CA" };

/// The error of a call, with the client library's own as its source. The statement is named where it can be at fault.
pub(super) fn from_mysql(fault: Fault, sql: Option<&str>) -> Error {
    let fault = match fault {
        // An error of our own that went through the client library.
        Fault::Other(other) => match other.downcast::<Error>() {
            Ok(own) => return *own,
            Err(other) => Fault::Other(other),
        },
        fault => fault,
    };
    #[cfg(feature = "tls")]
    if let Some(why) = crate::driver::tls::explain(&fault, &WORDS) {
        let error = Error::new(ErrorKind::Connection, why).with_source(fault);
        return if sql.is_some() { error.with_unknown_outcome() } else { error };
    }
    let (kind, mut message) = match &fault {
        Fault::Server(ServerError { code: 1690, message, .. }) if sql.is_some_and(is_reading) => {
            (out_of_range("the server", message), String::new())
        }
        Fault::Server(server) => (kind(server, sql), explain(server, sql)),
        Fault::Io(fault) => (ErrorKind::Connection, of_network(fault, sql)),
        Fault::Driver(DriverError::ConnectionClosed) => {
            (ErrorKind::Connection, of_network(&io::Error::from(io::ErrorKind::UnexpectedEof).into(), sql))
        }
        Fault::Driver(driver) => driver_fault(driver),
        Fault::Url(_) => (ErrorKind::Config, "the URL is wrong".to_owned()),
        Fault::Other(other) => (ErrorKind::Connection, other.to_string()),
    };
    match (&kind, sql) {
        (ErrorKind::Encode(_), _) => message.clear(),
        (ErrorKind::Query, Some(sql)) => message = format!("{message} in: {}", shorten(sql, SHOWN)),
        _ => {}
    }
    // The connection went away, the server goes down, or somebody ended the connection.
    let lost = sql.is_some() && kind == ErrorKind::Connection && !is_unsent(&fault);
    let error = Error::new(kind, message).with_source(fault);
    if lost { error.with_unknown_outcome() } else { error }
}

/// Whether the server refused a connection or a statement before anything ran.
fn is_unsent(fault: &Fault) -> bool {
    let refused = |code| matches!(code, 1040 | 1042 | 1043 | 1153 | 1184 | 1203 | 1226 | 1251 | 4031);
    matches!(fault, Fault::Server(error) if refused(error.code))
}

/// A connection that failed: while it was opened, or under a statement.
fn of_network(fault: &IoError, sql: Option<&str>) -> String {
    match (fault, sql) {
        // A row that comes back is refused by the client library, which tells so by the text alone.
        (IoError::Io(io), Some(_)) if io.to_string() == "Packet is larger than max_allowed_packet" => {
            "the connection was lost by a row of more than 1 GiB (select fewer columns)".to_owned()
        }
        (IoError::Io(io), Some(_)) => format!("the connection to the server was lost: {}", network::lost(io)),
        (IoError::Io(io), None) => network::unreachable(io),
        #[allow(unreachable_patterns)]
        (other, _) => other.to_string(),
    }
}

fn driver_fault(fault: &DriverError) -> (ErrorKind, String) {
    match fault {
        DriverError::PacketTooLarge => {
            let found = "more than the server's max_allowed_packet";
            (encode(None, "values that fit one packet", found), String::new())
        }
        DriverError::MixedParams | DriverError::Params(_) => {
            let help = "parameters are written as ?; a name behind a colon is none here";
            (ErrorKind::Query, format!("{fault} ({help})"))
        }
        DriverError::StmtParamsNumberExceedsLimit { .. } => (ErrorKind::Query, fault.to_string()),
        DriverError::LocalInfile(_) => {
            (ErrorKind::Unsupported { feature: "LOAD DATA LOCAL", dialect: "MySQL" }, fault.to_string())
        }
        DriverError::NoClientSslFlagFromServer => {
            let message = "the server has TLS switched off, and ssl-mode asks for it (ssl_cert and ssl_key in the \
                server's configuration switch it on)";
            (ErrorKind::Connection, message.to_owned())
        }
        DriverError::UnknownAuthPlugin { name } => {
            let message = format!(
                "the server asks for the password by `{name}`, which is not spoken here (check the user in the URL, as \
                MySQL may ask so for one that is not there; else let the user be IDENTIFIED WITH caching_sha2_password)"
            );
            (ErrorKind::Permission, message)
        }
        _ => (ErrorKind::Connection, fault.to_string()),
    }
}

/// Whether a statement of DDL failed since what it makes is there: errors of
/// <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>, and 121 of InnoDB's (a duplicate name of a
/// foreign key) behind 1005.
pub(crate) fn is_there(error: &Error) -> bool {
    let Some(server) = of_server(error) else { return false };
    let there = matches!(server.code, 1007 | 1050 | 1060 | 1061 | 1068 | 1304 | 1359 | 1826 | 3822);
    there || (server.code == 1005 && server.message.contains("errno: 121"))
}

/// Whether a statement of DDL failed since what it makes is there, or what it removes or renames is not.
pub(crate) fn is_so_already(error: &Error) -> bool {
    let gone = |code| matches!(code, 1008 | 1051 | 1054 | 1091 | 1146 | 1176 | 1305 | 1360 | 3821);
    is_there(error) || of_server(error).is_some_and(|server| gone(server.code))
}

/// Whether a subquery of one value gave several.
pub(crate) fn is_several(error: &Error) -> bool {
    of_server(error).is_some_and(|server| server.code == 1242)
}

/// Whether it was the server that said so.
pub(super) fn is_of_server(error: &Error) -> bool {
    of_server(error).is_some()
}

fn of_server(error: &Error) -> Option<&ServerError> {
    use std::error::Error as _;
    match error.source().and_then(|source| source.downcast_ref::<Fault>()) {
        Some(Fault::Server(server)) => Some(server),
        _ => None,
    }
}

/// Whether the server may have ended the transaction with this error.
pub(super) fn may_end_transaction(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::UniqueViolation(_)
            | ErrorKind::ForeignKeyViolation(_)
            | ErrorKind::CheckViolation(_)
            | ErrorKind::NotNullViolation(_)
            | ErrorKind::Encode(_)
            | ErrorKind::Decode(_)
    )
}

/// The server's message, and what can be done.
fn explain(error: &ServerError, sql: Option<&str>) -> String {
    // MariaDB's own words are those of a wait that was too long.
    if let (1205 | 3572, Some(why)) = (error.code, sql.and_then(not_waited_for)) {
        return format!("could not obtain lock on a row ({why})");
    }
    let help = match error.code {
        1045 | 1698 if cfg!(feature = "tls") => {
            "check user and password in the URL; a user who REQUIREs TLS needs ssl-mode=REQUIRED, or ssl-cert and ssl-key"
        }
        1045 | 1698 => "check user and password in the URL; a user who REQUIREs TLS needs pilaster's feature `tls`",
        3159 => "the server asks for TLS: ssl-mode=REQUIRED in the URL",
        1044 | 1142 | 1143 | 1227 | 1370 => "the user needs a GRANT for this",
        1049 if sql.is_some() => "create the database first, or correct its name",
        1049 => "create the database first, or correct its name in the URL",
        1040 | 1203 | 1226 => "lower max_connections in the URL, or raise the server's limit",
        1130 => "the server refuses this host: the user must be allowed to connect from it",
        1153 => "raise the server's max_allowed_packet",
        1205 => "another transaction holds the lock; innodb_lock_wait_timeout says how long to wait",
        1390 => "a statement takes 65535 values: send a long list in parts, or join a table that holds it",
        1461 => "raise the server's max_prepared_stmt_count, or use fewer connections",
        1969 | 3024 => "statement_timeout in the URL says how long it may take",
        1067 | 1978 => "a date with zeros in it needs zero_dates=true in the URL",
        1093 => "MySQL cannot read the table that it changes here; select the keys first",
        _ => return error.message.clone(),
    };
    format!("{} ({help})", error.message)
}

fn kind(error: &ServerError, sql: Option<&str>) -> ErrorKind {
    let message = error.message.as_str();
    match error.code {
        1022 | 1062 | 1169 | 1586 | 1859 => ErrorKind::UniqueViolation(duplicate(message, sql)),
        1216 | 1217 | 1451 | 1452 => ErrorKind::ForeignKeyViolation(foreign_key(message)),
        3819 | 4025 => ErrorKind::CheckViolation(check(message, sql)),
        1048 | 1364 => ErrorKind::NotNullViolation(not_null(message, sql)),
        1213 => ErrorKind::Deadlock,
        // Another server of the group changed the same rows, which shows at the commit.
        1020 | 3101 => ErrorKind::Serialization,
        1205 | 1206 | 3572 => ErrorKind::Locked,
        1317 | 1907 | 1969 | 3024 => ErrorKind::Timeout,
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1410 | 1698 | 1820 | 3118 | 3159 | 4151 => {
            ErrorKind::Permission
        }
        // A name in a statement; the connection is as good as before.
        1049 if sql.is_some() => ErrorKind::Query,
        1290 | 1792 | 1207 | 1836 | 3906 => ErrorKind::ReadOnly,
        1040
        | 1042
        | 1043
        | 1049
        | 1053
        | 1077
        | 1078
        | 1079
        | 1080
        | 1081
        | 1152
        | 1153
        | 1158..=1161
        | 1184
        | 1203
        | 1226
        | 1251
        | 1927
        | 2002
        | 2003
        | 2006
        | 2013
        | 4031 => ErrorKind::Connection,
        1264 | 1265 | 1292 | 1366 | 1367 | 1406 | 1411 | 1416 | 1690 | 3037 => value(error.code, message),
        // A trigger that raises an error is a check written by hand.
        1644 if error.state == "45000" => ErrorKind::CheckViolation(Violation::default()),
        _ => ErrorKind::Query,
    }
}

/// `Duplicate entry 'x' for key 'name'`, on MySQL `'table.name'`; the entry can hold anything.
fn duplicate(message: &str, sql: Option<&str>) -> Violation {
    let key = message.rsplit_once(" for key '").map(|(_, key)| key.strip_suffix('\'').unwrap_or(key));
    let target = sql.and_then(target);
    match (key, target) {
        (Some(key), Some(table)) => {
            let key = key.strip_prefix(&format!("{table}.")).unwrap_or(key);
            Violation { constraint: Some(key.to_owned()), table: Some(table), columns: Vec::new() }
        }
        (key, table) => Violation { constraint: key.map(str::to_owned), table, columns: Vec::new() },
    }
}

/// ``… fails (`db`.`post`, CONSTRAINT `name` FOREIGN KEY (`user_id`) REFERENCES …``.
fn foreign_key(message: &str) -> Violation {
    let table = message.split_once('(').map_or(Vec::new(), |(_, rest)| quoted(rest, ','));
    let constraint = message.split_once("CONSTRAINT ").map_or(Vec::new(), |(_, rest)| quoted(rest, ' '));
    let columns = message.split_once("FOREIGN KEY (").map_or(Vec::new(), |(_, rest)| quoted(rest, ')'));
    Violation { constraint: constraint.into_iter().next(), table: table.into_iter().last(), columns }
}

/// ``CONSTRAINT `name` failed for `db`.`post` `` on MariaDB, `Check constraint 'name' is violated.` on MySQL.
fn check(message: &str, sql: Option<&str>) -> Violation {
    if let Some((_, rest)) = message.split_once("CONSTRAINT ") {
        let constraint = quoted(rest, ' ').into_iter().next();
        let table = rest.split_once(" failed for ").and_then(|(_, table)| quoted(table, '\0').into_iter().last());
        // A check written beside its column is named `table.column`.
        return match constraint.as_deref().and_then(|name| name.split_once('.')) {
            Some((of, column)) if Some(of) == table.as_deref() => {
                Violation { columns: vec![column.to_owned()], constraint, table }
            }
            _ => Violation { constraint, table, columns: Vec::new() },
        };
    }
    let name = message.split('\'').nth(1).map(str::to_owned);
    Violation { constraint: name, table: sql.and_then(target), columns: Vec::new() }
}

/// `Column 'x' cannot be null`, `Field 'x' doesn't have a default value`.
fn not_null(message: &str, sql: Option<&str>) -> Violation {
    let columns = between(message).map(str::to_owned).into_iter().collect();
    Violation { constraint: None, table: sql.and_then(target), columns }
}

/// The name in single quotes, up to the words behind it.
fn between(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('\'')?;
    ["' cannot be null", "' doesn't have a default value"].iter().find_map(|words| rest.strip_suffix(words))
}

/// A value that does not fit: `Data too long for column 'x' at row 1`,
/// ``Incorrect integer value: 'abc' for column `db`.`t`.`x` at row 1``.
fn value(code: u16, message: &str) -> ErrorKind {
    let (before, place) = match message.rsplit_once(" for column ") {
        Some((before, place)) => (before, Some(place.rsplit_once(" at row ").map_or(place, |(place, _)| place))),
        None => (message, None),
    };
    let names =
        place.map_or(Vec::new(), |place| match place.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
            Some(name) => vec![name.to_owned()],
            None => quoted(place, '\0'),
        });
    let (table, column) = match names.as_slice() {
        [.., table, column] => (Some(table.clone()), Some(column.clone())),
        [column] => (None, Some(column.clone())),
        [] => (None, None),
    };
    let expected = match code {
        1406 => "a value that is not longer than the column",
        1264 | 1690 => "a number in the column's range",
        _ => "a value of the column's type",
    };
    ErrorKind::Encode(Cell { table, column, expected: expected.to_owned(), found: before.to_owned() })
}

fn encode(column: Option<String>, expected: &str, found: &str) -> ErrorKind {
    ErrorKind::Encode(Cell { table: None, column, expected: expected.to_owned(), found: found.to_owned() })
}

/// The identifiers in backticks up to a character outside of them.
fn quoted(text: &str, until: char) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['`', until]) {
        let Some((name, behind)) = rest.get(start..).and_then(identifier) else { break };
        names.push(name);
        rest = behind;
    }
    names
}

/// An identifier in backticks at the beginning of a text, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text.strip_prefix('`')?;
    loop {
        let (part, behind) = rest.split_once('`')?;
        name.push_str(part);
        match behind.strip_prefix('`') {
            Some(behind) => {
                name.push('`');
                rest = behind;
            }
            None => return Some((name, behind)),
        }
    }
}

/// The table that an INSERT or UPDATE as the writer makes it changes.
pub(super) fn target(sql: &str) -> Option<String> {
    let rest = ["INSERT INTO ", "UPDATE "].iter().find_map(|head| sql.strip_prefix(head))?;
    let (first, behind) = identifier(rest)?;
    match behind.strip_prefix('.').and_then(identifier) {
        Some((table, _)) => Some(table),
        None => Some(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, message: &str, sql: &str) -> ErrorKind {
        kind(&ServerError { code, message: message.to_owned(), state: "HY000".to_owned() }, Some(sql))
    }

    fn violation(constraint: Option<&str>, table: Option<&str>, columns: &[&str]) -> Violation {
        Violation {
            constraint: constraint.map(str::to_owned),
            table: table.map(str::to_owned),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        }
    }

    /// A server of today asks so for users that it does not know, by chance.
    #[test]
    fn a_password_that_is_asked_for_by_an_unknown_plugin_points_at_the_user() {
        let fault = DriverError::UnknownAuthPlugin { name: "sha256_password".to_owned() };
        let error = from_mysql(Fault::Driver(fault), None);
        assert_eq!(*error.kind(), ErrorKind::Permission);
        assert!(
            error.to_string().contains("`sha256_password`") && error.to_string().contains("check the user"),
            "{error}"
        );
    }

    #[test]
    fn what_was_not_to_be_waited_for_is_no_wait_that_was_too_long() {
        let said = |code, message: &str, sql| {
            let server = ServerError { code, message: message.to_owned(), state: "HY000".to_owned() };
            let error = from_mysql(Fault::Server(server), Some(sql));
            assert_eq!(*error.kind(), ErrorKind::Locked);
            error.to_string()
        };
        let never = "could not obtain lock on a row (another transaction has locked it, and the statement was told not to wait)";
        let timeout = "Lock wait timeout exceeded; try restarting transaction";
        assert_eq!(said(1205, timeout, "SELECT 1 FROM t FOR UPDATE NOWAIT"), never);
        assert_eq!(
            said(3572, "Statement aborted because lock(s) could not be acquired", "SELECT 1 FOR UPDATE NOWAIT"),
            never
        );
        let waited = said(1205, timeout, "SELECT 1 FROM t FOR UPDATE");
        assert!(waited.starts_with(timeout) && waited.contains("innodb_lock_wait_timeout"), "{waited}");
    }

    #[test]
    fn what_is_computed_out_of_range_is_read_or_written() {
        let of = |sql| {
            let message = "BIGINT value is out of range in '`a`.`b` * 2'".to_owned();
            from_mysql(Fault::Server(ServerError { code: 1690, message, state: "22003".to_owned() }), Some(sql))
        };
        let read = of("SELECT b * 2 FROM a");
        assert!(matches!(read.kind(), ErrorKind::Decode(_)) && read.message().is_empty(), "{read:?}");
        assert!(matches!(of("UPDATE a SET b = b * 2").kind(), ErrorKind::Encode(_)));
    }

    #[test]
    fn duplicates_name_key_and_table() {
        let sql = "INSERT INTO `us``er` (`name`) VALUES (?)";
        let found = of(1062, "Duplicate entry 'a' for key 'b' for key 'us`er_name'", sql);
        assert_eq!(found, ErrorKind::UniqueViolation(violation(Some("us`er_name"), Some("us`er"), &[])));
        let found = of(1062, "Duplicate entry '1' for key 'user.PRIMARY'", "UPDATE `blog`.`user` SET `id` = ?");
        assert_eq!(found, ErrorKind::UniqueViolation(violation(Some("PRIMARY"), Some("user"), &[])));
        assert_eq!(of(1062, "something new", ""), ErrorKind::UniqueViolation(Violation::default()));
    }

    #[test]
    fn foreign_keys_name_constraint_table_and_columns() {
        let message = "Cannot add or update a child row: a foreign key constraint fails (`db`.`po``st`, CONSTRAINT \
                       `post_ibfk_1` FOREIGN KEY (`a`, `b`) REFERENCES `user` (`c`, `d`) ON DELETE CASCADE)";
        let expected = violation(Some("post_ibfk_1"), Some("po`st"), &["a", "b"]);
        assert_eq!(of(1452, message, ""), ErrorKind::ForeignKeyViolation(expected));
        assert_eq!(of(1451, "something new", ""), ErrorKind::ForeignKeyViolation(Violation::default()));
    }

    #[test]
    fn a_database_that_is_not_there_is_a_fault_of_the_connection_or_of_the_statement() {
        let server =
            || ServerError { code: 1049, message: "Unknown database 'a'".to_owned(), state: "42000".to_owned() };
        assert_eq!(*from_mysql(Fault::Server(server()), None).kind(), ErrorKind::Connection);
        let error = from_mysql(Fault::Server(server()), Some("SELECT * FROM a.b"));
        assert_eq!(*error.kind(), ErrorKind::Query);
        assert!(error.to_string().contains("SELECT * FROM a.b"), "{error}");
    }

    #[test]
    fn what_a_group_of_servers_rolls_back_can_be_run_again() {
        let message = "Plugin instructed the server to rollback the current transaction.";
        assert_eq!(of(3101, message, "COMMIT"), ErrorKind::Serialization);
    }

    #[test]
    fn checks_of_both_servers() {
        let found = of(4025, "CONSTRAINT `title_not_empty` failed for `db`.`post`", "");
        assert_eq!(found, ErrorKind::CheckViolation(violation(Some("title_not_empty"), Some("post"), &[])));
        let found = of(4025, "CONSTRAINT `post.title` failed for `db`.`post`", "");
        assert_eq!(found, ErrorKind::CheckViolation(violation(Some("post.title"), Some("post"), &["title"])));
        let message = "Check constraint 'title_not_empty' is violated.";
        let found = of(3819, message, "");
        assert_eq!(found, ErrorKind::CheckViolation(violation(Some("title_not_empty"), None, &[])));
        let found = of(3819, message, "UPDATE `blog`.`post` SET `title` = ?");
        assert_eq!(found, ErrorKind::CheckViolation(violation(Some("title_not_empty"), Some("post"), &[])));
    }

    #[test]
    fn values_that_do_not_fit_name_their_column() {
        let ErrorKind::Encode(cell) = of(1406, "Data too long for column 'name' at row 1", "") else { panic!() };
        assert_eq!((cell.table, cell.column.as_deref()), (None, Some("name")));
        let message = "Incorrect integer value: 'for column ' for column `db`.`user`.`age` at row 1";
        let ErrorKind::Encode(cell) = of(1366, message, "") else { panic!() };
        assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("user"), Some("age")));
        assert_eq!(cell.found, "Incorrect integer value: 'for column '");
    }

    #[test]
    fn missing_values_name_their_column() {
        let sql = "INSERT INTO `user` (`bio`) VALUES (?)";
        let found = of(1364, "Field 'it's' doesn't have a default value", sql);
        let ErrorKind::NotNullViolation(found) = found else { panic!("{found:?}") };
        assert_eq!(found, violation(None, Some("user"), &["it's"]));
        let found = of(1048, "Column 'name' cannot be null", sql);
        assert_eq!(found, ErrorKind::NotNullViolation(violation(None, Some("user"), &["name"])));
    }
}
