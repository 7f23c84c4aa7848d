//! Hand-written SQL, on a database or in a transaction: nothing but its types is checked.

mod bind;
mod model;

use std::borrow::Cow;

pub use bind::Bind;
use bind::Scalar;
pub use model::from_named;

use crate::convert::{Array, ColumnType};
use crate::driver::{Done, keyword, split_keyword};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor, Lease, Out, Target};
use crate::mode::Mode;
use crate::row::Row;
use crate::stream::RowStream;
use crate::value::Value;

/// Hand-written SQL on any executor; `db.sql(…)` and `tx.sql(…)` are the same.
///
/// Parameters are bound in the order of their places. Rows are read as a type, as a tuple of up to eight types, as a model, or
/// by a closure.
///
/// ```
/// # let db = pilaster::blocking::Db::connect("sqlite::memory:")?;
/// db.sql("CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT, bio TEXT)").execute()?;
/// db.sql("INSERT INTO user (name, bio) VALUES (?, ?)").bind("ann").bind(None::<String>).execute()?;
/// let rows = db.sql("SELECT id, name FROM user WHERE id > ?").bind(0).all::<(i64, String)>()?;
/// assert_eq!(rows, [(1, "ann".to_owned())]);
/// let names = db.sql("SELECT * FROM user").map(|row| row.by_name::<String>("name")).all()?;
/// assert_eq!(names, ["ann"]);
/// # Ok::<(), pilaster::Error>(())
/// ```
pub fn sql<'e, E: Executor<'e>>(on: E, text: impl Into<Cow<'e, str>>) -> Sql<'e, E> {
    Sql::new(on, text.into())
}

/// A hand-written statement with its parameters; made by [`sql`].
#[must_use = "a statement does nothing until it is run"]
pub struct Sql<'e, E: Executor<'e>> {
    on: E,
    statement: Statement<'e>,
}

/// A hand-written statement whose rows are read by a closure; made by [`Sql::map`].
#[must_use = "a statement does nothing until it is run"]
pub struct Mapped<'e, E: Executor<'e>, F> {
    sql: Sql<'e, E>,
    read: F,
}

struct Statement<'e> {
    text: Cow<'e, str>,
    values: Vec<Value<'e>>,
    invalid: Option<Error>,
}

/// What a row of hand-written SQL can be read as: a column type, a tuple of them, or a model, by the names of its columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a row of hand-written SQL",
    label = "expected a column type, a tuple of up to eight, or a model; `map` reads anything else",
    note = "columns are read as owned values, such as `String`, or `Option<String>` where they may be NULL, and arrays of PostgreSQL as a `Vec`"
)]
pub trait FromRow: Sized + Send {
    /// Reads the row.
    ///
    /// # Errors
    /// `Decode` when a column holds something else, or there are too few.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromColumn> FromRow for T {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        column(row, 0)
    }
}

/// What a column of hand-written SQL can be read as: a column type, and for the arrays of PostgreSQL a `Vec` of most of them.
pub trait FromColumn: Sized + Send {
    /// Reads the column.
    ///
    /// # Errors
    /// `Decode` when it holds something else, or there is no such column.
    fn from_column(row: &Row<'_>, at: usize) -> Result<Self>;
}

impl<T: ColumnType<Value = T> + Send> FromColumn for T {
    fn from_column(row: &Row<'_>, at: usize) -> Result<Self> {
        T::decode(row, at)
    }
}

impl<T: Scalar> FromColumn for Vec<T> {
    fn from_column(row: &Row<'_>, at: usize) -> Result<Self> {
        Array::<T>::decode(row, at)
    }
}

impl<T: Scalar> FromColumn for Option<Vec<T>> {
    fn from_column(row: &Row<'_>, at: usize) -> Result<Self> {
        Array::<T>::decode_nullable(row, at)
    }
}

/// A column, named in the error when it holds something else.
fn column<T: FromColumn>(row: &Row<'_>, at: usize) -> Result<T> {
    T::from_column(row, at).map_err(|error| match row.name(at) {
        Some(name) => error.in_column("result", name),
        None => error,
    })
}

macro_rules! tuples {
    ($($($name:ident $at:literal),+;)*) => {$(
        impl<$($name: FromColumn),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($(column::<$name>(row, $at)?,)+))
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, F 4;
    A 0, B 1, C 2, D 3, F 4, G 5;
    A 0, B 1, C 2, D 3, F 4, G 5, H 6;
    A 0, B 1, C 2, D 3, F 4, G 5, H 6, I 7;
}

impl<'e, E: Executor<'e>> Sql<'e, E> {
    pub(crate) fn new(on: E, text: Cow<'e, str>) -> Self {
        Self { on, statement: Statement { text, values: Vec::new(), invalid: None } }
    }

    /// Binds the next parameter.
    pub fn bind(mut self, value: impl Bind<'e>) -> Self {
        match value.into_value() {
            Ok(value) => self.statement.values.push(value),
            Err(error) => self.statement.invalid = self.statement.invalid.or(Some(error)),
        }
        self
    }

    /// Reads rows by a closure instead of as a type.
    pub fn map<R, F>(self, read: F) -> Mapped<'e, E, F>
    where
        F: FnMut(&Row<'_>) -> Result<R> + Send,
    {
        Mapped { sql: self, read }
    }

    /// All rows.
    pub fn all<R: FromRow + 'e>(self) -> Out<'e, E, Vec<R>> {
        self.map(R::from_row).all()
    }

    /// The only row: `NotFound` without one, `NotUnique` with more.
    pub fn one<R: FromRow + 'e>(self) -> Out<'e, E, R> {
        self.map(R::from_row).one()
    }

    /// The first row, if there is one.
    pub fn first<R: FromRow + 'e>(self) -> Out<'e, E, Option<R>> {
        self.map(R::from_row).first()
    }

    /// The rows one after another, for results that are larger than memory; see [`RowStream`].
    pub fn stream<R: FromRow + 'e>(self) -> RowStream<'e, E::Mode, R> {
        self.map(R::from_row).stream()
    }

    /// Runs the statement and gives the number of rows that it changed.
    pub fn execute(self) -> Out<'e, E, u64> {
        let (target, statement) = (self.on.target(), self.statement);
        E::Mode::run(async move { statement.execute(target).await.map(|done| done.affected) })
    }

    /// Runs statements separated by semicolons, which have no parameters. Each stands by itself unless the text or a
    /// transaction around it says otherwise.
    pub fn batch(self) -> Out<'e, E, ()> {
        let (target, statement) = (self.on.target(), self.statement);
        E::Mode::run(async move {
            if !statement.values.is_empty() {
                return Err(Error::query("a batch has no parameters"));
            }
            target.lease(Access::Write).await?.batch(&statement.text).await
        })
    }
}

impl<'e, E: Executor<'e>, F> Mapped<'e, E, F> {
    /// The rows one after another, for results that are larger than memory; see [`RowStream`].
    pub fn stream<R>(self) -> RowStream<'e, E::Mode, R>
    where
        F: FnMut(&Row<'_>) -> Result<R> + Send + 'e,
        R: Send + 'e,
    {
        let (target, mut statement, read) = (self.sql.on.target(), self.sql.statement, self.read);
        RowStream::new(move |sink| async move {
            let (mut lease, _) = statement.lease(target).await?;
            let (mut each, gate) = sink.fill(read);
            lease.stream(&statement.text, &statement.values, &mut each, gate).await
        })
    }

    /// All rows.
    pub fn all<R>(self) -> Out<'e, E, Vec<R>>
    where
        F: FnMut(&Row<'_>) -> Result<R> + Send + 'e,
        R: Send + 'e,
    {
        let (target, statement, read) = (self.sql.on.target(), self.sql.statement, self.read);
        E::Mode::run(async move { statement.fetch(target, read, usize::MAX).await })
    }

    /// The only row: `NotFound` without one, `NotUnique` with more.
    pub fn one<R>(self) -> Out<'e, E, R>
    where
        F: FnMut(&Row<'_>) -> Result<R> + Send + 'e,
        R: Send + 'e,
    {
        let (target, statement, read) = (self.sql.on.target(), self.sql.statement, self.read);
        E::Mode::run(async move {
            let mut rows = statement.fetch(target, read, 2).await?;
            match (rows.pop(), rows.pop()) {
                (Some(row), None) => Ok(row),
                (Some(_), Some(_)) => Err(Error::new(ErrorKind::NotUnique, "the statement gave more than one row")),
                (None, _) => Err(Error::new(ErrorKind::NotFound, "the statement gave no row")),
            }
        })
    }

    /// The first row, if there is one.
    pub fn first<R>(self) -> Out<'e, E, Option<R>>
    where
        F: FnMut(&Row<'_>) -> Result<R> + Send + 'e,
        R: Send + 'e,
    {
        let (target, statement, read) = (self.sql.on.target(), self.sql.statement, self.read);
        E::Mode::run(async move { Ok(statement.fetch(target, read, 1).await?.pop()) })
    }
}

impl Statement<'_> {
    /// At most so many rows. What only reads is stopped then, what writes runs to its end.
    async fn fetch<R: Send>(
        mut self,
        target: Target<'_>,
        mut read: impl FnMut(&Row<'_>) -> Result<R> + Send,
        limit: usize,
    ) -> Result<Vec<R>> {
        let (mut lease, access) = self.lease(target).await?;
        let mut rows = Vec::new();
        let mut stopped = false;
        let outcome = lease
            .query(&self.text, &self.values, &mut |row| {
                if rows.len() < limit {
                    rows.push(read(row)?);
                    return Ok(());
                }
                stopped = access == Access::Read;
                if stopped { Err(Error::query("stopped: no more rows are wanted")) } else { Ok(()) }
            })
            .await;
        if !stopped {
            outcome?;
        }
        Ok(rows)
    }

    async fn execute(mut self, target: Target<'_>) -> Result<Done> {
        let (mut lease, _) = self.lease(target).await?;
        lease.execute(&self.text, &self.values).await
    }

    /// A connection that may do what the statement does.
    async fn lease<'t>(&mut self, mut target: Target<'t>) -> Result<(Lease<'t>, Access)> {
        if let Some(error) = self.invalid.take() {
            return Err(error);
        }
        let access = match Need::of(&self.text) {
            Need::Control => {
                let why = "transactions are begun and ended by the methods of the database and the transaction";
                return Err(Error::query(format!("{why}, not by SQL; statements of a script run as a batch")));
            }
            Need::Read => Access::Read,
            Need::Write => Access::Write,
            Need::Ask => {
                let mut lease = target.reborrow().lease(Access::Read).await?;
                if lease.is_read_only(&self.text).await? { Access::Read } else { Access::Write }
            }
        };
        Ok((target.lease(access).await?.unchecked(), access))
    }
}

/// What a statement needs, by its first words.
#[derive(Debug, PartialEq)]
enum Need {
    Read,
    Write,
    /// Only the database can tell.
    Ask,
    /// It begins or ends a transaction.
    Control,
}

impl Need {
    fn of(text: &str) -> Self {
        let (word, behind) = split_keyword(text);
        let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        // Servers START and PREPARE other things as well.
        let control = is(&["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ABORT", "XA"])
            || (is(&["START", "PREPARE"]) && keyword(behind).eq_ignore_ascii_case("TRANSACTION"));
        if is(&["SELECT", "VALUES", "EXPLAIN"]) {
            Self::Read
        } else if is(&["WITH"]) || (is(&["PRAGMA"]) && !text.contains('=')) {
            Self::Ask
        } else if control {
            Self::Control
        } else {
            Self::Write
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides_where_a_statement_runs() {
        assert_eq!(Need::of("select 1"), Need::Read);
        assert_eq!(Need::of("-- with\nINSERT INTO a VALUES (1)"), Need::Write);
        assert_eq!(Need::of("with a as (select 1) delete from b"), Need::Ask);
        assert_eq!(Need::of("PRAGMA user_version"), Need::Ask);
        assert_eq!(Need::of("PRAGMA user_version = 3"), Need::Write);
        for control in
            ["Savepoint a", "start /* x */ transaction", "START\nTRANSACTION READ ONLY", "abort", "XA START 'a'"]
        {
            assert_eq!(Need::of(control), Need::Control, "{control}");
        }
        assert_eq!(Need::of("PREPARE TRANSACTION 'a'"), Need::Control);
        for write in ["PREPARE a AS SELECT 1", "prepare transactions from 'select 1'", "START REPLICA", "start slave"] {
            assert_eq!(Need::of(write), Need::Write, "{write}");
        }
        assert_eq!(Need::of(""), Need::Write);
    }
}
