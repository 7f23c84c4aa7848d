//! Two sessions that write to one row.

use std::time::Duration;

use pilaster::blocking::{Db, Session};
use pilaster::{Dialect, ErrorKind, Key};

use super::models::*;
use super::{dump, url};

/// A database that two sessions can be open on: not one in memory, which has a single connection.
pub(super) fn shared(folder: &tempfile::TempDir) -> Db {
    let url = match url() {
        url if url.starts_with("sqlite") => format!("sqlite://{}", folder.path().join("race.db").display()),
        url => url,
    };
    // Only SQLite has anybody wait in vain; a busy server may take longer to answer at all.
    let patience = if url.starts_with("sqlite") { Duration::from_millis(200) } else { Duration::from_secs(30) };
    let db = Db::builder(&url).acquire_timeout(patience).connect().unwrap();
    schema::create_all(&db).unwrap();
    NewAccount::new("ann", 10).insert(&db).unwrap();
    NewUser::new("ann").insert(&db).unwrap();
    db
}

/// The second of two sessions, and the row as it is there while the first is still open.
///
/// On SQLite there is one transaction that writes, and a session's could: the second one waits until the first has
/// ended, here in vain.
fn second<T: pilaster::Keyed<Key: From<i64>> + pilaster::Entity<Model = T>>(db: &Db) -> Option<(Session, Key<T>)> {
    let mut session = db.session().unwrap();
    match session.get::<T>(1_i64) {
        Ok(row) => Some((session, row.unwrap())),
        Err(error) => {
            assert_eq!(db.dialect(), Dialect::Sqlite, "{error}");
            assert!(matches!(error.kind(), ErrorKind::Pool), "{error:?}");
            assert!(error.to_string().contains("race.rs"), "it says who holds it: {error}");
            None
        }
    }
}

#[test]
fn with_a_version_the_second_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut first = db.session().unwrap();
    let mine = first.get::<Account>(1).unwrap().unwrap();
    let other = second::<Account>(&db);
    first[mine].balance += 5;
    let done = first.commit().unwrap();
    assert_eq!((done[mine].balance, done[mine].version), (15, 2));

    let (mut second, row) = match other {
        None => {
            let mut second = db.session().unwrap();
            let row = second.get::<Account>(1).unwrap().unwrap();
            assert_eq!(second[row].balance, 15, "it reads what the first one wrote");
            (second, row)
        }
        Some((mut second, row)) => {
            second[row].balance += 7;
            let error = second.flush().unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Stale);
            assert_eq!(error.message(), "Account 1 was changed or deleted since it was read");
            // And once more, on what is stored now.
            second.rollback().unwrap();
            second.refresh(row).unwrap();
            (second, row)
        }
    };
    second[row].balance += 7;
    second.commit().unwrap();
    assert_eq!(dump(&db, "SELECT balance || ' ' || version FROM account"), ["22 3"].map(String::from));
}

#[test]
fn with_a_version_a_row_that_was_changed_is_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut first = db.session().unwrap();
    let mine = first.get::<Account>(1).unwrap().unwrap();
    let other = second::<Account>(&db);
    first[mine].owner = "bea".into();
    first.commit().unwrap();
    if let Some((mut second, row)) = other {
        second.delete(row).unwrap();
        assert_eq!(*second.commit().unwrap_err().kind(), ErrorKind::Stale);
    }
    assert_eq!(dump(&db, "SELECT owner FROM account"), ["bea"].map(String::from));
}

#[test]
fn without_a_version_columns_that_only_one_changed_survive() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut first = db.session().unwrap();
    let mine = first.get::<User>(1).unwrap().unwrap();
    let other = second::<User>(&db);
    first[mine].visits = 5;
    first[mine].name = "bea".into();
    first.commit().unwrap();
    let (mut second, row) = other.unwrap_or_else(|| {
        let mut second = db.session().unwrap();
        let row = second.get::<User>(1).unwrap().unwrap();
        (second, row)
    });
    // Only what is written here is sent: the other's number of visits stays, the name is the last one's.
    second[row].name = "cid".into();
    second[row].bio = Some("second".into());
    second.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || visits || bio FROM user"), ["cid5second"].map(String::from));
}

#[test]
fn without_a_version_a_row_that_is_gone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut first = db.session().unwrap();
    let mine = first.get::<User>(1).unwrap().unwrap();
    let Some((mut second, row)) = second::<User>(&db) else { return };
    first.delete(mine).unwrap();
    first.commit().unwrap();
    second[row].visits = 1;
    let error = second.flush().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::NotFound, "User 1 is not stored any more"));
    // To delete what is gone already is no error.
    second.rollback().unwrap();
    second.delete(row).unwrap();
    second.commit().unwrap();
}
