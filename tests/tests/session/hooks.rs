//! What the program does before its rows are written.

use pilaster::{BeforeDelete, BeforeInsert, BeforeUpdate, Error, ErrorKind, Result};

use super::models::*;
use super::{database, dump};

impl BeforeInsert for NewArticle {
    fn before_insert(&mut self) -> Result<()> {
        if self.title.is_empty() {
            return Err(Error::refused("an article needs a title"));
        }
        self.slug.get_or_insert_with(|| self.title.to_lowercase().replace(' ', "-"));
        Ok(())
    }
}

impl BeforeUpdate for Article {
    fn before_update(&mut self) -> Result<()> {
        self.edits += 1;
        Ok(())
    }
}

impl BeforeDelete for Article {
    fn before_delete(&self) -> Result<()> {
        match self.title == "The first" {
            true => Err(Error::refused("the first article stays")),
            false => Ok(()),
        }
    }
}

#[test]
fn a_flush_calls_them() {
    let db = database();
    let mut session = db.session().unwrap();
    let first = session.add(NewArticle::new("The first"));
    let named = session.add(NewArticle::new("Another").slug("other"));
    session.flush().unwrap();
    let (first, named) = (session.stored(first).unwrap(), session.stored(named).unwrap());
    assert_eq!(session[first].slug.as_deref(), Some("the-first"));
    assert_eq!(session[named].slug.as_deref(), Some("other"));
    session[named].title = "Changed".into();
    // Written to and not changed: nothing is updated.
    session[first].title = "The first".into();
    session.flush().unwrap();
    assert_eq!((session[first].edits, session[named].edits), (0, 1));
    session.delete(named).unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT title || edits FROM article"), ["The first0"].map(String::from));
}

#[test]
fn an_error_keeps_the_flush_from_sending_anything() {
    let db = database();
    NewArticle::new("The first").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let first = session.get::<Article>(1).unwrap().unwrap();
    session.add(NewUser::new("ann"));
    session.delete(first).unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Refused, "the first article stays"));
    // The session goes on as it is.
    session.expire(first).unwrap();
    assert!(session.flush().is_err(), "it is still to be deleted");
    session.rollback().unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT title FROM article"), ["The first"].map(String::from));
}

#[test]
fn rows_that_are_written_without_a_session_call_them_too() {
    let db = database();
    assert_eq!(*NewArticle::new("").insert(&db).unwrap_err().kind(), ErrorKind::Refused);
    let mut first = NewArticle::new("The first").insert(&db).unwrap();
    assert_eq!(first.slug.as_deref(), Some("the-first"));
    let many = [NewArticle::new("A b"), NewArticle::new("")];
    let refused = Article::insert_many(many.clone()).run(&db).unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Refused);
    assert_eq!(refused.to_string(), "an article needs a title (row 2 of 2)");
    let refused = Article::insert_many(many).on_conflict(Article::PRIMARY_KEY).ignore().run(&db).unwrap_err();
    assert_eq!(refused.to_string(), "an article needs a title (row 2 of 2)");
    assert_eq!(NewArticle::new("").insert(&db).unwrap_err().to_string(), "an article needs a title");
    let many = Article::insert_many([NewArticle::new("A b"), NewArticle::new("C")]).all(&db).unwrap();
    assert_eq!(many[0].slug.as_deref(), Some("a-b"));
    first.save(&db).unwrap();
    assert_eq!(first.edits, 1);
    assert_eq!(*first.delete(&db).unwrap_err().kind(), ErrorKind::Refused);
    many[0].delete(&db).unwrap();
    assert_eq!(dump(&db, "SELECT title || edits FROM article ORDER BY title"), ["C0", "The first1"].map(String::from));
}
