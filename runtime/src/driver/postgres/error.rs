//! PostgreSQL's faults as kinds of [`Error`], by SQLSTATE.

use std::error::Error as _;
use std::io;

use tokio_postgres::error::{DbError, ErrorPosition, Severity};

use super::super::network;
use super::fold::Copying;
use super::options::Wanted;
use super::places;
use crate::driver::{is_reading, not_waited_for, out_of_range};
use crate::error::{Cell, Error, ErrorKind, Violation};
use crate::value::shorten;

/// Where a table needs what is no part of a schema.
const MISSING: &str = "\n  help: make it in the database first: what an extension has by CREATE EXTENSION, else by CREATE FUNCTION, \
    CREATE TABLE, CREATE TYPE and the like; with migrations that is an `execute` before the table";

/// How much of a statement is shown in a message.
const SHOWN: usize = 600;

/// How this server's settings of TLS are called.
#[cfg(feature = "tls")]
const WORDS: crate::driver::tls::Words =
    crate::driver::tls::Words { roots: "sslrootcert", certificate: "sslcert", any_name: "sslmode=verify-ca" };

/// Why a connection could not be opened.
#[derive(Debug)]
pub(super) enum OpeningFault {
    /// There is no socket to the server, or none to one of the right kind.
    Socket(io::Error),
    /// What the server or the client library says.
    Library(tokio_postgres::Error),
}

impl OpeningFault {
    /// Whether the server said so.
    pub(super) fn is_of_server(&self) -> bool {
        matches!(self, Self::Library(error) if error.as_db_error().is_some())
    }
}

impl From<io::Error> for OpeningFault {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl From<tokio_postgres::Error> for OpeningFault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Library(error)
    }
}

/// The error of a statement, which is named where it can be at fault.
#[cold]
pub(super) fn of_statement(error: tokio_postgres::Error, sql: &str) -> Error {
    let Some(db) = error.as_db_error() else { return of_connection(error) };
    let kind = match db.code().code() {
        "22003" if is_reading(sql) => out_of_range("PostgreSQL", db.message()),
        _ => kind(db),
    };
    let mut message = match &kind {
        ErrorKind::Encode(_) | ErrorKind::Decode(_) => String::new(),
        ErrorKind::Transaction => {
            format!(
                "{}: an earlier statement of this transaction failed; roll back, or nest what may fail",
                db.message()
            )
        }
        _ => explain(db, sql),
    };
    if kind == ErrorKind::Query {
        // The server's own one is to cast, which queries without SQL in them cannot.
        if let Some(hint) = uncomparable(db).or(db.hint()) {
            message.push_str(&format!(" ({hint})"));
        }
        if let Some(ErrorPosition::Original(at)) = db.position() {
            message.push_str(&format!(", at character {at}"));
        }
        message.push_str(" in: ");
        message.push_str(&shorten(sql, SHOWN));
        message.push_str(missing(db, sql));
    }
    let (parameter, ended) = (parameter(db), is_end(db));
    let error = Error::new(kind, message).with_source(error).of_parameter(parameter);
    if ended { error.with_unknown_outcome() } else { error }
}

/// Whether the server ends the connection with an error, which the end of the stream may not have shown yet.
pub(super) fn is_fatal(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| match db.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // A pooler may leave out the one that is the same in all languages.
        None => matches!(db.severity(), "FATAL" | "PANIC"),
    })
}

/// Whether the server goes down, somebody ended the connection or dropped the database, or a pooler lost its server.
fn is_end(db: &DbError) -> bool {
    let code = db.code().code();
    // One that is not fatal is of a connection that the server itself has to another one.
    let is_lost = code.starts_with("08") && db.parsed_severity() != Some(Severity::Error);
    is_lost || matches!(code, "57P01" | "57P02" | "57P04")
}

/// The error of a statement with more values than the protocol can count: the server's reply to it cannot be read, and the
/// connection would be lost.
pub(super) fn of_too_many(sql: &str) -> Option<Error> {
    (places::highest(sql) > 65_535).then(|| {
        Error::query("a statement takes 65535 values: send it in parts, or give a list as one array, as `in_` does")
    })
}

/// Whether the client library was told what it does not understand, as far as it tells.
pub(super) fn is_unexpected(error: &tokio_postgres::Error) -> bool {
    error.source().is_none() && !error.is_closed()
}

/// The error of a COPY whose rows come from here, or go to here. In one to here there may be something that wrote; of one from
/// here nothing stays, as the connection ends with it.
pub(super) fn of_copy(copying: Copying) -> Error {
    let kind = ErrorKind::Unsupported { feature: "COPY from or to the client", dialect: "PostgreSQL" };
    let why =
        "COPY from or to the client is not supported: `insert_many` sends many rows at once, and a stream reads them";
    let error = Error::new(kind, why);
    match copying {
        Copying::In => error,
        Copying::Out => error.with_unknown_outcome(),
    }
}

/// A fault that is not the statement's own, and what to do about it.
fn explain(db: &DbError, sql: &str) -> String {
    let help = match db.code().code() {
        "55P03" if db.message().contains("lock timeout") => {
            "another transaction holds the lock; lock_timeout says how long to wait"
        }
        "55P03" => match not_waited_for(sql) {
            Some(why) => why,
            None => return db.message().to_owned(),
        },
        "42501" => "GRANT gives the role of the URL the right",
        "57014" if db.message().contains("statement timeout") => {
            "statement_timeout in the URL says how long it may take"
        }
        _ => return db.message().to_owned(),
    };
    format!("{} ({help})", db.message())
}

/// What to do about a type whose values the server finds neither equal nor in an order. The names of types are the same in
/// all languages that it speaks, where they stand apart, and are without parentheses where it looks for an operator.
fn uncomparable(db: &DbError) -> Option<&'static str> {
    match db.code().code() {
        "42883" if !names_function(db) => uncomparable_in(db.message()),
        _ => None,
    }
}

fn uncomparable_in(message: &str) -> Option<&'static str> {
    // What belongs to a longer name is a type of the user's.
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '"');
    let named = |name| message.split(|c| !is_of_name(c)).any(|word| word == name);
    if named("json") {
        return Some(
            "PostgreSQL does not compare values of json: ALTER TABLE … ALTER COLUMN … TYPE jsonb makes them such that it does",
        );
    }
    ["xml", "point", "polygon", "box", "circle", "line", "lseg", "path"].into_iter().any(named).then_some(
        "PostgreSQL does not compare values of this type by themselves: cast them to text in hand-written SQL",
    )
}

/// Whether a function is missing, and no operator, by the parentheses of its arguments.
fn names_function(db: &DbError) -> bool {
    db.message().contains('(')
}

/// What to do where a statement of DDL names what is not there: a type, function, operator class, sequence or schema.
fn missing(db: &DbError, sql: &str) -> &'static str {
    let word = sql.split_whitespace().next().unwrap_or_default();
    let makes = ["CREATE", "ALTER"].iter().any(|known| word.eq_ignore_ascii_case(known));
    let is_missing = match db.code().code() {
        // The same codes are those of what an ALTER is to remove, and of types without an order.
        "42704" => {
            db.hint().is_none() && matches!(db.routine(), Some("typenameType" | "ResolveOpClass" | "get_collation_oid"))
        }
        "42883" => names_function(db) || (uncomparable(db).is_none() && names_rare_operator(db.message())),
        // The table that an ALTER is about, and the one that an index is for, are what is to be there.
        "42P01" => {
            db.routine() != Some("errorMissingRTE") && is_second(sql, "TABLE") && !is_of_altered(db.message(), sql)
        }
        "3F000" => true,
        _ => false,
    };
    if makes && is_missing { MISSING } else { "" }
}

fn is_second(sql: &str, word: &str) -> bool {
    sql.split_whitespace().nth(1).is_some_and(|second| second.eq_ignore_ascii_case(word))
}

/// Whether a message names the table that an ALTER TABLE is about; its quotes are those of the server's language.
fn is_of_altered(message: &str, sql: &str) -> bool {
    let mut words = sql.split_whitespace();
    let altered = words.next().filter(|word| word.eq_ignore_ascii_case("ALTER"));
    let grammar = ["TABLE", "IF", "EXISTS", "ONLY"];
    let name = words.find(|word| !grammar.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let is_around = |c: char| c.is_whitespace() || "\"'«»„“”‚‘’".contains(c);
    altered.zip(name).is_some_and(|(_, name)| {
        let name = name.replace('"', "");
        message.split(is_around).any(|word| word.eq_ignore_ascii_case(&name))
    })
}

/// Whether a message is about an operator other than the common ones, which a type lacks and no extension brings.
fn names_rare_operator(message: &str) -> bool {
    const COMMON: &str = "= <> < > <= >= + - * / || ~ ~* !~ !~* ~~ ~~* !~~ !~~*";
    let is_operator = |word: &&str| word.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c));
    let mut operators = message.split_whitespace().filter(is_operator);
    operators.next().is_some_and(|word| COMMON.split(' ').all(|common| common != word))
}

/// Whether a statement of DDL failed since what it makes is there; see
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(crate) fn is_there(error: &Error) -> bool {
    has_code(error, &["42710", "42P07", "42701"])
}

/// Whether a statement of DDL failed since what it makes is there, or what it removes is not.
pub(crate) fn is_so_already(error: &Error) -> bool {
    is_there(error) || has_code(error, &["42704", "42703", "42P01"])
}

fn has_code(error: &Error, codes: &[&str]) -> bool {
    let fault = error.source().and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
    fault.and_then(tokio_postgres::Error::code).is_some_and(|state| codes.contains(&state.code()))
}

/// The error of a connection that was lost.
#[cold]
fn of_connection(error: tokio_postgres::Error) -> Error {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let message = match io {
        Some(io) => format!("the connection to PostgreSQL was lost: {}", network::lost(io)),
        None if error.is_closed() => "the connection to PostgreSQL was lost: the server closed it".to_owned(),
        None => return Error::new(ErrorKind::Query, error.to_string()).with_source(error),
    };
    Error::new(ErrorKind::Connection, message).with_unknown_outcome().with_source(error)
}

/// The error of a connection that could not be opened, with what can be done about it.
#[cold]
pub(super) fn of_opening(fault: OpeningFault, place: &str, wanted: &[Wanted]) -> Error {
    let of = |kind, why: &str| Error::new(kind, format!("cannot connect to PostgreSQL at {place}: {why}"));
    let error = match fault {
        OpeningFault::Socket(io) => return of(ErrorKind::Connection, &network::unreachable(&io)).with_source(io),
        OpeningFault::Library(error) => error,
    };
    let (kind, why) = match error.as_db_error() {
        // As pgbouncer puts it.
        Some(db) if db.message().contains("unsupported startup parameter") && !wanted.is_empty() => {
            (ErrorKind::Config, format!("{} ({})", db.message(), of_pooler(wanted.iter())))
        }
        Some(db) => (refusal(db.code().code()), format!("{}{}", db.message(), advice(db))),
        None => innermost(&error),
    };
    of(kind, &why).with_source(error)
}

/// A pooler that passes over what the URL asks for.
#[cold]
pub(super) fn not_set<'a>(missed: impl Iterator<Item = &'a Wanted> + Clone, place: &str) -> Error {
    let words: Vec<&str> = missed.clone().map(|wanted| wanted.word).collect();
    let words = words.join(", ");
    let message = format!("cannot connect to PostgreSQL at {place}: {words} of the URL did not reach the server");
    Error::new(ErrorKind::Config, format!("{message} ({})", of_pooler(missed)))
}

/// What to do where a pooler keeps settings of the URL from the server.
fn of_pooler<'a>(wanted: impl Iterator<Item = &'a Wanted> + Clone) -> String {
    let words: Vec<&str> = wanted.clone().map(|wanted| wanted.word).collect();
    let names: Vec<&str> = wanted.filter_map(|wanted| wanted.name).collect();
    let own = if names.is_empty() { "what it says".to_owned() } else { names.join(", ") };
    format!(
        "a pooler such as pgbouncer does not pass them on: take {} out of the settings, and set {own} on the server with \
        ALTER ROLE … SET or ALTER DATABASE … SET, or connect to the server itself",
        words.join(", ")
    )
}

/// Whether a connection may be had with encryption where it was without, or the other way round.
pub(super) fn wants_other_encryption(fault: &OpeningFault) -> bool {
    let OpeningFault::Library(error) = fault else { return false };
    match error.code() {
        Some(code) => code.code() == "28000",
        // The client library does not tell the kind of its errors but by their text.
        None => error.to_string().starts_with("error performing TLS handshake"),
    }
}

/// The kind of a connection's refusal.
fn refusal(code: &str) -> ErrorKind {
    match code {
        "28P01" | "28000" | "42501" => ErrorKind::Permission,
        // What the URL sets for the session: there is no such parameter, or it takes no such value.
        "42704" | "22023" => ErrorKind::Config,
        _ => ErrorKind::Connection,
    }
}

/// What to do about a refusal.
fn advice(db: &DbError) -> &'static str {
    let code = db.code().code();
    let plain = db.message().contains("no encryption") || db.message().contains("SSL off");
    match code {
        "28000" if plain && cfg!(feature = "tls") => " (pg_hba.conf may ask for TLS here: sslmode=require in the URL)",
        "28000" if plain => " (pg_hba.conf may ask for TLS here: build with pilaster's feature `tls`)",
        "28000" if db.message().contains("client certificate") => " (sslcert and sslkey in the URL name it)",
        "28P01" => " (is the password in the URL right, and are its special characters escaped as in %40 for @?)",
        "28000" => " (does the role exist, and does pg_hba.conf let it in from here?)",
        "3D000" => " (create it with `createdb` or `pilaster db create`)",
        "53300" => " (lower max_connections of this pool or of others, or raise the server's)",
        "57P03" => " (try again in a moment)",
        "42501" => " (GRANT CONNECT ON DATABASE … lets the role in)",
        "42704" | "22023" => " (correct the setting behind the ? of the URL)",
        _ => "",
    }
}

/// The last cause, which says what happened.
fn innermost(error: &tokio_postgres::Error) -> (ErrorKind, String) {
    #[cfg(feature = "tls")]
    if let Some(text) = crate::driver::tls::explain(error, &WORDS) {
        return (ErrorKind::Connection, text);
    }
    if let Some(io) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        return (ErrorKind::Connection, network::unreachable(io));
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let why = match cause.to_string().as_str() {
        "password missing" => {
            let why = "the server asks for a password and the URL has none (write it as user:password@host)";
            return (ErrorKind::Permission, why.to_owned());
        }
        "server does not support TLS" => {
            "the server has TLS switched off, and sslmode asks for it (`ssl = on` in postgresql.conf switches it on)"
                .to_owned()
        }
        text => text.to_owned(),
    };
    (ErrorKind::Connection, why)
}

/// Whether trying again a little later can help: the server is starting, or nobody listens there at the moment.
pub(super) fn may_pass(error: &Error) -> bool {
    use std::io::ErrorKind as Io;
    let passes = |io: &io::Error| {
        matches!(io.kind(), Io::ConnectionRefused | Io::ConnectionReset | Io::NotFound | Io::BrokenPipe)
    };
    let Some(source) = error.source() else { return false };
    if let Some(io) = source.downcast_ref() {
        // A file that the URL names and that is missing is none of the network's.
        return matches!(error.kind(), ErrorKind::Connection) && passes(io);
    }
    let Some(cause) = source.downcast_ref::<tokio_postgres::Error>() else { return false };
    match cause.code() {
        Some(code) => matches!(code.code(), "57P01" | "57P02" | "57P03" | "53300"),
        None => cause.is_closed() || cause.source().and_then(|source| source.downcast_ref()).is_some_and(passes),
    }
}

/// Whether a prepared statement is of no use any more: its result has other columns now, a type that it names was made
/// anew, or a pooler took it away.
pub(super) fn is_stale_statement(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| match db.code().code() {
        "0A000" => db.routine() == Some("RevalidateCachedQuery"),
        "26000" => true,
        // The server does not translate what it thinks of as its own faults.
        "XX000" => db.message().starts_with("cache lookup failed for type"),
        _ => false,
    })
}

/// Whether the server's connection knows another statement by the name of the one that was to be prepared.
pub(super) fn is_taken_name(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| db.code().code() == "42P05")
}

/// Whether that name is one of those that the client library gives.
pub(super) fn is_left_name(error: &tokio_postgres::Error) -> bool {
    let is_given = |word: &str| word.strip_prefix('s').is_some_and(|number| number.parse::<u64>().is_ok());
    let message = error.as_db_error().map_or("", DbError::message);
    is_taken_name(error) && message.split(|c: char| !c.is_ascii_alphanumeric()).any(is_given)
}

/// The error of a statement that is of no use any more, in a transaction: it is prepared anew when that is run again.
#[cold]
pub(super) fn of_stale_transaction(error: tokio_postgres::Error) -> Error {
    let said = error.as_db_error().map_or("", DbError::message);
    let why = match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("26000") => "the pooler changed the server's connection, or a type was made meanwhile",
        Some("42P05") => "another program left it behind on the server's connection",
        _ => "a table was changed since the statement was prepared",
    };
    let message = format!("{said}: {why}; run the transaction again");
    Error::new(ErrorKind::Serialization, message).with_source(error)
}

fn kind(db: &DbError) -> ErrorKind {
    let code = db.code().code();
    match code {
        "23505" | "23P01" => ErrorKind::UniqueViolation(violation(db)),
        // ON DELETE and ON UPDATE RESTRICT have a state of their own from PostgreSQL 18 on.
        "23503" | "23001" => ErrorKind::ForeignKeyViolation(violation(db)),
        "23514" => ErrorKind::CheckViolation(violation(db)),
        "23502" => ErrorKind::NotNullViolation(violation(db)),
        "40001" => ErrorKind::Serialization,
        "40P01" => ErrorKind::Deadlock,
        "55P03" => ErrorKind::Locked,
        "57014" | "25P03" | "25P04" => ErrorKind::Timeout,
        "42501" => ErrorKind::Permission,
        "25006" => ErrorKind::ReadOnly,
        "22001" | "22003" | "22007" | "22008" | "22021" | "22P02" | "22P03" | "22P05" => encode(db),
        "3D000" | "53300" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => ErrorKind::Connection,
        _ => match code.get(..2) {
            Some("08" | "28") => ErrorKind::Connection,
            Some("25") => ErrorKind::Transaction,
            // Types of extensions, and some of the server's own, call it an error of syntax.
            Some("22" | "42" | "XX") if parameter(db).is_some() => encode(db),
            _ => ErrorKind::Query,
        },
    }
}

/// Which parameter, from 0, had a value that its type could not read: `unnamed portal parameter $2 = '…'`. Servers tell since
/// version 13, in English as a rule; see `bind_param_error_callback` in their source.
fn parameter(db: &DbError) -> Option<usize> {
    let (portal, rest) = db.where_()?.split_once(" parameter $")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    if portal.contains("portal") { digits.parse::<usize>().ok()?.checked_sub(1) } else { None }
}

fn encode(db: &DbError) -> ErrorKind {
    let (expected, found) = match db.message().split_once("value too long for type ") {
        Some((_, ty)) => (format!("a text that fits {ty}"), "a longer one".to_owned()),
        None => {
            ("a value that the column can hold".to_owned(), format!("one of which PostgreSQL says: {}", db.message()))
        }
    };
    ErrorKind::Encode(Cell {
        table: db.table().map(str::to_owned),
        column: db.column().map(str::to_owned),
        expected,
        found,
    })
}

fn violation(db: &DbError) -> Violation {
    let columns = match db.column() {
        Some(column) => vec![column.to_owned()],
        None => violated(db.code().code(), db.detail().unwrap_or_default()),
    };
    Violation { constraint: db.constraint().map(str::to_owned), table: db.table().map(str::to_owned), columns }
}

/// The columns of a violation out of its detail.
fn violated(code: &str, detail: &str) -> Vec<String> {
    match code {
        // A row that others refer to: the detail names the columns of its table, and the error the other one.
        "23001" => Vec::new(),
        "23503" if detail.contains("is still referenced") => Vec::new(),
        "23505" | "23503" | "23P01" => key_columns(detail),
        _ => Vec::new(),
    }
}

/// The columns in `Key (a, "b c", lower(d))=(…) already exists.`
fn key_columns(detail: &str) -> Vec<String> {
    let Some((_, rest)) = detail.split_once('(') else { return Vec::new() };
    let (mut columns, mut column) = (Vec::new(), String::new());
    let (mut depth, mut quoted) = (0_u32, false);
    let mut rest = rest.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // A quote within quotes is doubled.
            '"' if quoted && rest.peek() == Some(&'"') => column.extend(rest.next()),
            '"' if depth == 0 => quoted = !quoted,
            ',' if !quoted && depth == 0 => {
                columns.push(std::mem::take(&mut column));
                let _ = rest.next_if_eq(&' ');
            }
            ')' if !quoted && depth == 0 => {
                columns.push(column);
                return columns;
            }
            _ => {
                if !quoted {
                    depth = match c {
                        '(' => depth + 1,
                        ')' => depth - 1,
                        _ => depth,
                    };
                }
                column.push(c);
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_out_of_the_detail() {
        assert_eq!(key_columns("Key (email)=(a@b) already exists."), ["email"]);
        assert_eq!(key_columns("Key (a, \"b, \"\"c\")=(1, 2) already exists."), ["a", "b, \"c"]);
        assert_eq!(key_columns("Key (lower(email::text), b)=(x, 1) already exists."), ["lower(email::text)", "b"]);
        for none in ["", "Schlüssel", "Key (a", "Key (a, \"b)=(1)"] {
            assert!(key_columns(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn who_does_not_listen_yet_may_later_and_a_missing_file_is_no_socket() {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let error = of_opening(missing().into(), "/run/pg", &[]);
        assert!(may_pass(&error) && error.to_string().contains("no such socket"), "{error}");
        assert!(error.source().is_some_and(|source| source.is::<io::Error>()));
        assert!(!may_pass(&Error::config("cannot read the file a.crt").with_source(missing())));
        let late = io::Error::new(io::ErrorKind::TimedOut, "connection timed out");
        assert!(!wants_other_encryption(&missing().into()) && !may_pass(&of_opening(late.into(), "h:1", &[])));
    }

    #[test]
    fn types_that_are_not_compared_are_known_by_their_whole_names() {
        let helps = |message: &str| uncomparable_in(message).map(|help| help.contains("jsonb"));
        assert_eq!(helps("operator does not exist: json = unknown"), Some(true));
        assert_eq!(helps("Operator existiert nicht: json = json"), Some(true));
        assert_eq!(helps("could not identify an ordering operator for type point"), Some(false));
        for others in ["line_status = text", "audit.path = text", "path.kind = text", "json$ = text", "\"line\" = text"]
        {
            assert_eq!(helps(&format!("operator does not exist: {others}")), None, "{others}");
        }
    }

    #[test]
    fn what_an_alter_is_about_is_known() {
        let about = |sql| is_of_altered("relation \"a.b\" does not exist", sql);
        assert!(about("ALTER TABLE a.b ADD c int") && about("alter table if exists only \"a\".\"b\" ADD c int"));
        assert!(!about("ALTER TABLE a.c ADD d int REFERENCES a.b") && !about("CREATE TABLE a.b (c int)"));
        assert!(names_rare_operator("operator does not exist: text % unknown"));
        for others in ["operator does not exist: integer ~~ unknown", "no ordering operator for type point"] {
            assert!(!names_rare_operator(others), "{others}");
        }
    }

    #[test]
    fn the_columns_of_a_row_that_others_refer_to_are_not_those_of_the_table_at_fault() {
        assert_eq!(violated("23503", "Key (a)=(9) is not present in table \"b\"."), ["a"]);
        assert!(violated("23503", "Key (id)=(1) is still referenced from table \"child\".").is_empty());
        assert!(violated("23001", "Key (id)=(1) is referenced from table \"child\".").is_empty());
    }
}
