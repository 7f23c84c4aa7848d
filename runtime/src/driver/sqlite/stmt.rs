//! Prepared statements straight on SQLite's C interface: the only file of this crate that is not safe Rust.
//!
//! rusqlite opens and closes the database; on the way of every row and parameter its checks and copies cost more than
//! SQLite itself needs, so that way is written out here.
//!
//! # Safety
//! What makes the calls below sound, and what a change must keep:
//!
//! 1. **One thread at a time.** A [`Session`] owns its `rusqlite::Connection` and every statement of it. All calls go
//!    through `&mut Session`, or through a [`Cursor`] that cannot leave the thread but inside its [`Running`], between steps. SQLite is compiled thread safe
//!    (rusqlite checks it when opening), so a connection may move between threads when no call is running.
//! 2. **Statements end before their connection.** They never leave this module by value. `Session` declares the cache
//!    before the connection, and fields are dropped in that order. A leaked [`Running`] leaks its statement, which
//!    keeps SQLite from closing the connection, and touches nothing freed.
//! 3. **Bound memory lives long enough.** Short texts and blobs are copied to `Scratch`, whose memory never moves and is
//!    freed after the last statement, and are bound from there with `SQLITE_STATIC`. So a binding that stays behind in
//!    the cache points to live memory. Its content is another run's by then, hence `step` is refused until every
//!    parameter is bound anew; only [`Running::bind`] writes to the memory, after a reset, when no row is in use. Long
//!    texts and blobs are copied by SQLite, and cleared after the run.
//! 4. **Column memory is read while it stands.** A pointer from `sqlite3_value_text` or `_blob` is valid until the next
//!    step, reset or finalize, all of which need `&mut Running` and so no [`Cursor`] in use, or until the value is
//!    converted. A value is only ever read in its own type: the first read may move it (to end a text with a zero, to
//!    turn UTF-16 to UTF-8, to fill a zero blob), any further one gives the same pointer.
//! 5. **`sqlite3_column_value` is unprotected**, which the manual explains as "not thread safe"; see 1.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};

use rusqlite::ffi;

use super::error::Fault;
use crate::driver::cache::Cache;
use crate::error::{Error, Result};

/// Memory for the texts and blobs of a run; what does not fit any more is copied by SQLite.
const SCRATCH: usize = 16 * 1024;
/// A run of at most so many steps of SQLite's machine is over within some 50 µs.
const CALM_STEPS: c_int = 2_000;

/// A connection with its prepared statements.
pub(super) struct Session {
    cache: Cache<Stmt>,
    scratch: Scratch,
    // Last: statements must be finalized before the connection closes, and before the memory they are bound to goes.
    connection: rusqlite::Connection,
}

/// A prepared statement that nobody runs.
struct Stmt {
    raw: NonNull<ffi::sqlite3_stmt>,
    parameters: c_int,
    read_only: bool,
    counts_changes: bool,
    /// How many runs on end took few steps.
    calm: u8,
}

// SAFETY: see 1: the statement is used by whoever has `&mut Session`, and its connection moves along.
unsafe impl Send for Stmt {}

impl Drop for Stmt {
    fn drop(&mut self) {
        // SAFETY: `raw` is a live statement (2), finalized here only. The result repeats an error already reported.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// Memory that short parameters are bound from. Held by a raw pointer, since SQLite has pointers into it while more
/// is written behind them.
struct Scratch {
    memory: NonNull<[u8; SCRATCH]>,
    used: usize,
}

// SAFETY: the memory is owned, and plain bytes.
unsafe impl Send for Scratch {}

impl Scratch {
    fn new() -> Self {
        Self { memory: NonNull::from(Box::leak(Box::new([0; SCRATCH]))), used: 0 }
    }

    /// Copies bytes to memory that stays where it is; `None` when there is no room left.
    #[inline]
    fn keep(&mut self, bytes: &[u8]) -> Option<*const u8> {
        if bytes.len() > SCRATCH - self.used {
            return None;
        }
        // SAFETY: `used` is at most `SCRATCH`, and so many bytes are free behind it; `bytes` lies elsewhere, because
        // nobody is given a reference into this memory.
        let start = unsafe {
            let start = self.memory.as_ptr().cast::<u8>().add(self.used);
            ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
            start
        };
        self.used += bytes.len();
        Some(start)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: leaked from a box of this type in `new`. Statements are gone by now (2).
        drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
    }
}

/// Where in the cache a statement is; good for the next call of [`Session::run`] with the same text.
pub(super) struct Found(usize);

/// A statement being run. Reset, and back in the cache, when dropped.
pub(super) struct Running<'c> {
    session: &'c mut Session,
    cursor: Cursor,
    slot: usize,
    // `None` only while it is dropped.
    stmt: Option<Stmt>,
    /// Every parameter of this run is bound.
    bound: bool,
    /// SQLite holds copies of parameters.
    copied: bool,
    /// It was stepped since the last reset.
    stepped: bool,
}

/// A statement standing on a row, or behind the last one, where every column is NULL.
pub(crate) struct Cursor {
    raw: NonNull<ffi::sqlite3_stmt>,
    columns: usize,
}

/// The value of a column in its own type.
pub(super) enum Cell<'r> {
    Null,
    Int(i64),
    Real(f64),
    /// Text, not yet known to be UTF-8.
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

impl Session {
    pub(super) fn new(connection: rusqlite::Connection, capacity: usize) -> Self {
        Self { cache: Cache::new(capacity), scratch: Scratch::new(), connection }
    }

    /// The connection, for settings.
    pub(super) fn connection(&self) -> &rusqlite::Connection {
        &self.connection
    }

    /// Whether a transaction is open.
    pub(super) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// The key that the last INSERT counted.
    pub(super) fn last_key(&self) -> i64 {
        // SAFETY: the handle is live as long as `connection`.
        unsafe { ffi::sqlite3_last_insert_rowid(self.db()) }
    }

    /// Looks for a statement in the cache.
    #[inline]
    pub(super) fn find(&mut self, sql: &str) -> Option<Found> {
        self.cache.find(sql).map(Found)
    }

    /// Whether a statement can be run without giving way: its last runs were short, and it waits for no disk and no
    /// other process, which a write outside a transaction does.
    #[inline]
    pub(super) fn is_calm(&self, found: &Found) -> bool {
        self.cache
            .peek(found.0)
            .is_some_and(|stmt| stmt.calm >= 2 && (stmt.read_only || !self.connection.is_autocommit()))
    }

    /// Takes a statement that was found, or prepares it.
    #[inline]
    pub(super) fn run(&mut self, sql: &str, found: Option<Found>) -> Result<Running<'_>> {
        let (slot, stmt) = match found.and_then(|found| Some((found.0, self.cache.take(found.0)?))) {
            Some(found) => found,
            None => {
                let stmt = self.prepare(sql)?;
                (self.cache.reserve(sql), stmt)
            }
        };
        let cursor = Cursor { raw: stmt.raw, columns: 0 };
        Ok(Running { session: self, cursor, slot, stmt: Some(stmt), bound: false, copied: false, stepped: false })
    }

    fn prepare(&self, sql: &str) -> Result<Stmt> {
        let (raw, rest) = self.compile(sql, ffi::SQLITE_PREPARE_PERSISTENT)?;
        let Some(raw) = raw else {
            return Err(Error::query("the SQL text holds no statement"));
        };
        // SAFETY: `raw` was made by `compile` just now and is owned here.
        let (parameters, read_only) =
            unsafe { (ffi::sqlite3_bind_parameter_count(raw.as_ptr()), ffi::sqlite3_stmt_readonly(raw.as_ptr()) != 0) };
        let stmt = Stmt { raw, parameters, read_only, counts_changes: counts_changes(sql), calm: 0 };
        self.reject_tail(rest)?;
        Ok(stmt)
    }

    /// Compiles the first statement of a text; gives it (none for white space and comments) and the text behind it.
    fn compile<'s>(&self, sql: &'s str, flags: u32) -> Result<(Option<NonNull<ffi::sqlite3_stmt>>, &'s str)> {
        let Ok(len) = c_int::try_from(sql.len()) else {
            return Err(Error::query("the SQL text is longer than 2 GiB"));
        };
        let mut raw = ptr::null_mut();
        let mut tail = ptr::null();
        let start = sql.as_ptr().cast::<c_char>();
        // SAFETY: the handle is live, `start` and `len` describe `sql`, which SQLite copies, and the out pointers are
        // local variables.
        let code = unsafe { ffi::sqlite3_prepare_v3(self.db(), start, len, flags, &raw mut raw, &raw mut tail) };
        if code != ffi::SQLITE_OK {
            return Err(self.fault(code, sql));
        }
        let behind = (tail as usize).wrapping_sub(start as usize);
        Ok((NonNull::new(raw), sql.get(behind..).unwrap_or("")))
    }

    /// Only white space and comments may follow the statement: silence about a second one would lose it.
    fn reject_tail(&self, rest: &str) -> Result<()> {
        let mut rest = rest;
        while !rest.trim_matches(|c: char| c.is_whitespace() || c == ';').is_empty() {
            let (raw, behind) = self.compile(rest, 0)?;
            if let Some(raw) = raw {
                // SAFETY: made by `compile` just now, used nowhere else.
                unsafe { ffi::sqlite3_finalize(raw.as_ptr()) };
                return Err(Error::query("the SQL text holds more than one statement; run it as a batch"));
            }
            if behind.len() >= rest.len() {
                return Err(Error::query("the SQL text holds a zero byte"));
            }
            rest = behind;
        }
        Ok(())
    }

    /// Whether a statement only reads; prepares it.
    pub(super) fn is_read_only(&mut self, sql: &str) -> Result<bool> {
        let found = self.find(sql);
        Ok(self.run(sql, found)?.stmt.as_ref().is_some_and(|stmt| stmt.read_only))
    }

    /// What SQLite says about the call that just failed.
    #[cold]
    fn fault(&self, code: c_int, sql: &str) -> Error {
        // SAFETY: the handle is live; the message stands until the next call and is copied at once.
        let (message, offset) = unsafe {
            let message = ffi::sqlite3_errmsg(self.db());
            let message =
                if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() };
            (message, ffi::sqlite3_error_offset(self.db()))
        };
        Fault { code, message, offset: usize::try_from(offset).ok() }.into_error(Some(sql))
    }

    #[inline]
    fn db(&self) -> *mut ffi::sqlite3 {
        // SAFETY: the handle is only passed to SQLite by this module, which neither closes it nor keeps it.
        unsafe { self.connection.handle() }
    }
}

// SAFETY: see 1: it has its session to itself, and that may move between steps. Its cursor moves along; a reference to
// the cursor keeps it from moving, as a `Cursor` cannot be shared between threads.
unsafe impl Send for Running<'_> {}

impl Running<'_> {
    /// Binds the parameters of the next run: `feed` hands them to the [`Binder`] in order.
    pub(super) fn bind(&mut self, feed: impl FnOnce(&mut Binder<'_>) -> Result<()>) -> Result<()> {
        self.reset();
        self.bound = false;
        let Some(stmt) = &self.stmt else { return Ok(()) };
        let scratch = &mut self.session.scratch;
        scratch.used = 0;
        let mut binder =
            Binder { raw: stmt.raw, count: stmt.parameters, next: 0, code: ffi::SQLITE_OK, copied: false, scratch };
        let fed = feed(&mut binder);
        let (given, code) = (binder.next, binder.code);
        self.copied |= binder.copied;
        fed?;
        if given != stmt.parameters {
            let count = stmt.parameters;
            return Err(Error::query(format!("the statement has {count} parameters, and {given} values were given")));
        }
        if code != ffi::SQLITE_OK {
            return Err(self.fault(code));
        }
        self.bound = true;
        Ok(())
    }

    /// Goes to the next row; `false` behind the last one.
    #[inline]
    pub(super) fn step(&mut self) -> Result<bool> {
        if !self.bound {
            return Err(Error::query("the statement's parameters are not bound"));
        }
        let first = !std::mem::replace(&mut self.stepped, true);
        // SAFETY: the statement is live, and all bound memory stands (3).
        match unsafe { ffi::sqlite3_step(self.cursor.raw.as_ptr()) } {
            ffi::SQLITE_ROW => {
                if first {
                    // The first step may prepare the statement anew after a change of the schema.
                    // SAFETY: the statement is live.
                    let columns = unsafe { ffi::sqlite3_column_count(self.cursor.raw.as_ptr()) };
                    self.cursor.columns = usize::try_from(columns).unwrap_or(0);
                }
                Ok(true)
            }
            ffi::SQLITE_DONE => Ok(false),
            code => Err(self.fault(code)),
        }
    }

    /// The row it stands on.
    #[inline]
    pub(super) fn row(&self) -> &Cursor {
        &self.cursor
    }

    /// Rows that the run changed.
    pub(super) fn changes(&self) -> u64 {
        if !self.stmt.as_ref().is_some_and(|stmt| stmt.counts_changes && !stmt.read_only) {
            return 0; // SQLite would repeat the number of the statement before.
        }
        // SAFETY: the handle is live.
        u64::try_from(unsafe { ffi::sqlite3_changes64(self.session.db()) }).unwrap_or(0)
    }

    /// The key that the last INSERT counted.
    pub(super) fn last_key(&self) -> i64 {
        self.session.last_key()
    }

    fn reset(&mut self) {
        if std::mem::take(&mut self.stepped) {
            // SAFETY: the statement is live. The result repeats an error that `step` has reported.
            unsafe { ffi::sqlite3_reset(self.cursor.raw.as_ptr()) };
        }
    }

    #[cold]
    fn fault(&self, code: c_int) -> Error {
        // SAFETY: the statement is live; its text lives as long as it does and is copied at once.
        let sql = unsafe {
            let sql = ffi::sqlite3_sql(self.cursor.raw.as_ptr());
            if sql.is_null() { String::new() } else { CStr::from_ptr(sql).to_string_lossy().into_owned() }
        };
        self.session.fault(code, &sql)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.reset();
        let Some(mut stmt) = self.stmt.take() else { return };
        // SAFETY: the statement is live and reset.
        let steps = unsafe {
            if self.copied {
                ffi::sqlite3_clear_bindings(stmt.raw.as_ptr());
            }
            ffi::sqlite3_stmt_status(stmt.raw.as_ptr(), ffi::SQLITE_STMTSTATUS_VM_STEP, 1)
        };
        stmt.calm = if steps <= CALM_STEPS { stmt.calm.saturating_add(1) } else { 0 };
        self.session.cache.put_back(self.slot, stmt);
    }
}

/// Takes the parameters of a run, one after another.
pub(super) struct Binder<'a> {
    raw: NonNull<ffi::sqlite3_stmt>,
    count: c_int,
    next: c_int,
    code: c_int,
    copied: bool,
    scratch: &'a mut Scratch,
}

impl Binder<'_> {
    /// The number of the next parameter; `None` behind the last one.
    #[inline]
    fn advance(&mut self) -> Option<c_int> {
        self.next += 1;
        (self.next <= self.count).then_some(self.next)
    }

    #[inline]
    fn note(&mut self, code: c_int) {
        if code != ffi::SQLITE_OK {
            self.code = code;
        }
    }

    pub(super) fn null(&mut self) {
        if let Some(at) = self.advance() {
            // SAFETY: the statement is live and reset.
            let code = unsafe { ffi::sqlite3_bind_null(self.raw.as_ptr(), at) };
            self.note(code);
        }
    }

    #[inline]
    pub(super) fn int(&mut self, value: i64) {
        if let Some(at) = self.advance() {
            // SAFETY: the statement is live and reset.
            let code = unsafe { ffi::sqlite3_bind_int64(self.raw.as_ptr(), at, value) };
            self.note(code);
        }
    }

    #[inline]
    pub(super) fn real(&mut self, value: f64) {
        if let Some(at) = self.advance() {
            // SAFETY: the statement is live and reset.
            let code = unsafe { ffi::sqlite3_bind_double(self.raw.as_ptr(), at, value) };
            self.note(code);
        }
    }

    #[inline]
    pub(super) fn text(&mut self, value: &str) {
        let Some(at) = self.advance() else { return };
        let (raw, len, utf8) = (self.raw.as_ptr(), value.len() as u64, ffi::SQLITE_UTF8 as u8);
        // SAFETY: `len` bytes stand at the pointer: for good in the scratch memory (3), or until SQLite has copied
        // them. It is not null, so that an empty text is not taken for NULL.
        let code = unsafe {
            match self.scratch.keep(value.as_bytes()) {
                Some(start) => ffi::sqlite3_bind_text64(raw, at, start.cast(), len, ffi::SQLITE_STATIC(), utf8),
                None => {
                    self.copied = true;
                    let start = value.as_ptr().cast();
                    ffi::sqlite3_bind_text64(raw, at, start, len, ffi::SQLITE_TRANSIENT(), utf8)
                }
            }
        };
        self.note(code);
    }

    pub(super) fn blob(&mut self, value: &[u8]) {
        let Some(at) = self.advance() else { return };
        let (raw, len) = (self.raw.as_ptr(), value.len() as u64);
        // SAFETY: as for texts.
        let code = unsafe {
            match self.scratch.keep(value) {
                Some(start) => ffi::sqlite3_bind_blob64(raw, at, start.cast(), len, ffi::SQLITE_STATIC()),
                None => {
                    self.copied = true;
                    let start = value.as_ptr().cast();
                    ffi::sqlite3_bind_blob64(raw, at, start, len, ffi::SQLITE_TRANSIENT())
                }
            }
        };
        self.note(code);
    }
}

impl Cursor {
    /// How many columns the row has.
    #[inline]
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The value of a column; `None` behind the last one.
    #[inline]
    pub(super) fn cell(&self, at: usize) -> Option<Cell<'_>> {
        if at >= self.columns {
            return None;
        }
        // SAFETY: `at` is below a number that was a `c_int`. The pointers stand as long as `self` is borrowed (4, 5),
        // and each value is read in its own type only.
        unsafe {
            let value = ffi::sqlite3_column_value(self.raw.as_ptr(), at as c_int);
            Some(match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Cell::Int(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_TEXT => {
                    let start = ffi::sqlite3_value_text(value);
                    Cell::Text(slice(start, ffi::sqlite3_value_bytes(value)))
                }
                ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_BLOB => {
                    let start = ffi::sqlite3_value_blob(value).cast::<u8>();
                    Cell::Blob(slice(start, ffi::sqlite3_value_bytes(value)))
                }
                _ => Cell::Null,
            })
        }
    }

    /// The name of a column.
    pub(super) fn column_name(&self, at: usize) -> Option<&str> {
        if at >= self.columns {
            return None;
        }
        // SAFETY: `at` is below a number that was a `c_int`. The name stands until the statement is prepared anew or
        // finalized, which `self` being borrowed rules out.
        unsafe {
            let name = ffi::sqlite3_column_name(self.raw.as_ptr(), at as c_int);
            if name.is_null() { None } else { CStr::from_ptr(name).to_str().ok() }
        }
    }
}

/// # Safety
/// `len` bytes stand at `start` for `'r`, or `start` is null: an empty blob, or no memory was left.
#[inline]
unsafe fn slice<'r>(start: *const u8, len: c_int) -> &'r [u8] {
    match (start.is_null(), usize::try_from(len)) {
        // SAFETY: by the caller.
        (false, Ok(len)) => unsafe { std::slice::from_raw_parts(start, len) },
        _ => &[],
    }
}

/// Whether the statement is one whose changes SQLite counts.
fn counts_changes(sql: &str) -> bool {
    let keyword = crate::driver::keyword(sql);
    ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].iter().any(|word| word.eq_ignore_ascii_case(keyword))
}
