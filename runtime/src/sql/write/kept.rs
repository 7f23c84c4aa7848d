//! Texts of SELECTs that were written before, by their forms. Each thread keeps its own: nobody waits for another one, and
//! all of it is some 2 MiB at most.

use std::cell::RefCell;
use std::hash::Hasher;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::{Asked, Statement, Writer, form};
use crate::error::Result;
use crate::sql::{Dialect, Select};

/// How many texts a thread keeps, a power of two.
const TEXTS: usize = 512;
/// Longer ones are not kept, in bytes.
const LONGEST: usize = 4_096;

/// The text of a statement: its own, or one that is kept for others too.
#[derive(Debug)]
pub(crate) enum SqlText {
    Own(String),
    Kept(Arc<str>),
}

impl Deref for SqlText {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Kept(text) => text,
        }
    }
}

impl From<SqlText> for String {
    fn from(text: SqlText) -> Self {
        match text {
            SqlText::Own(text) => text,
            SqlText::Kept(text) => text.to_string(),
        }
    }
}

thread_local! {
    static KEPT: RefCell<Store> = const { RefCell::new(Store { form: Vec::new(), kept: Vec::new() }) };
}

/// What a thread keeps. Two places next to each other are for the same forms; the first has what was written last.
struct Store {
    /// The form that is asked for.
    form: Vec<u64>,
    kept: Vec<Option<Box<Entry>>>,
}

struct Entry {
    form: Box<[u64]>,
    text: Arc<str>,
}

/// The statement of a SELECT whose text is kept, or that is written now.
pub(super) fn statement(dialect: Dialect, select: &Select, asked: Asked) -> Result<Statement<SqlText>> {
    let kept = KEPT.try_with(|texts| texts.borrow_mut().statement(dialect, select, asked));
    // A thread that ends has none left.
    kept.unwrap_or_else(|_| Writer::written(dialect, select, asked).map(Statement::own))
}

impl Store {
    fn statement(&mut self, dialect: Dialect, select: &Select, asked: Asked) -> Result<Statement<SqlText>> {
        let Some(params) = form::read(dialect, select, asked, &mut self.form) else {
            return Writer::written(dialect, select, asked).map(Statement::own);
        };
        let at = home(&self.form);
        if let Some(text) = self.find(at).or_else(|| self.find(at + 1)) {
            let statement = Statement { sql: SqlText::Kept(text), params };
            debug_assert!(
                Writer::written(dialect, select, asked).is_ok_and(|written| written.is_same(&statement)),
                "a form leaves out what the text depends on: {statement:?}"
            );
            return Ok(statement);
        }
        let statement = Writer::written(dialect, select, asked)?;
        if statement.sql.len() <= LONGEST {
            self.keep(at, &statement.sql);
        }
        Ok(statement.own())
    }

    fn find(&self, at: usize) -> Option<Arc<str>> {
        let kept = self.kept.get(at)?.as_deref()?;
        (*kept.form == *self.form).then(|| Arc::clone(&kept.text))
    }

    #[cold]
    fn keep(&mut self, at: usize, text: &str) {
        self.kept.resize_with(TEXTS, || None);
        self.kept.swap(at, at + 1);
        if let Some(place) = self.kept.get_mut(at) {
            *place = Some(Box::new(Entry { form: self.form.as_slice().into(), text: text.into() }));
        }
    }
}

impl Statement {
    /// With a text that nothing else has.
    fn own(self) -> Statement<SqlText> {
        Statement { sql: SqlText::Own(self.sql), params: self.params }
    }

    fn is_same(&self, other: &Statement<SqlText>) -> bool {
        *self.sql == *other.sql && self.params == other.params
    }
}

/// The first place of a form.
fn home(form: &[u64]) -> usize {
    let mut hasher = FxHasher::default();
    form.iter().for_each(|&number| hasher.write_u64(number));
    (hasher.finish() as usize % TEXTS) & !1
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
