//! Rows that are locked as they are read, with transactions that are in each other's way.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pilaster::query::WaitsNot;
use pilaster::{Db, Dialect, Error, ErrorKind, Isolation, LockedQuery, Query, Result, Tx, TxOptions};

use super::{blog, names, titles, users};
use crate::database::is_mysql;
use crate::models::{NewCrew, NewMember, NewPilot, NewPost, Pilot, Post, Status, User};

fn of(user: &User) -> Query<User> {
    let id = user.id;
    User::query().filter(|u| u.id.eq(id))
}

/// A second transaction beside one that may write; SQLite begins none, which is how all rows are locked there.
async fn beside(db: &Db) -> Result<Option<Tx>> {
    if db.dialect() != Dialect::Sqlite {
        return db.begin().await.map(Some);
    }
    let begun = tokio::time::timeout(Duration::from_millis(100), db.begin()).await;
    assert!(begun.is_err(), "two transactions write at the same time");
    Ok(None)
}

/// What a statement fails with, in a transaction that goes on all the same.
async fn refusal<T, F: Future<Output = Result<T>>>(tx: &Tx, run: impl FnOnce(Tx) -> F) -> Result<Option<Error>> {
    let inner = tx.begin().await?;
    let outcome = run(inner.clone()).await;
    inner.rollback().await?;
    Ok(outcome.err())
}

/// What asking for locked rows fails with, which is known at once.
async fn refused(tx: &Tx, query: LockedQuery<User, User, (), WaitsNot>) -> Result<Option<ErrorKind>> {
    let begun = Instant::now();
    let error = refusal(tx, async |inner| query.all(&inner).await).await?;
    assert!(begun.elapsed() < Duration::from_secs(30), "it waited");
    assert!(!error.as_ref().is_some_and(Error::is_retryable), "{error:?}");
    Ok(error.map(|error| error.kind().clone()))
}

/// Each reads a number and writes back the next one; none of them is lost.
pub async fn nothing_is_lost(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let visits: Vec<_> = (0..6)
        .map(|_| {
            let (db, ann) = (db.clone(), ann.clone());
            tokio::spawn(async move {
                db.transaction(async |tx| {
                    let mut ann = of(&ann).for_update().one(&tx).await?;
                    ann.age = Some(ann.age.unwrap_or(0) + 1);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    ann.save(&tx).await
                })
                .await
            })
        })
        .collect();
    for visit in visits {
        visit.await.unwrap()?;
    }
    assert_eq!(of(&ann).one(db).await?.age, Some(6));
    Ok(())
}

pub async fn it_waits_and_reads_the_new_value(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let first = db.begin().await?;
    let mut held = of(&ann).for_update().one(&first).await?;
    let (other, query) = (db.clone(), of(&ann).for_update());
    let second = tokio::spawn(async move {
        let tx = other.begin().await?;
        let seen = query.one(&tx).await?;
        tx.commit().await?;
        Ok::<_, Error>(seen.age)
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!second.is_finished());
    held.age = Some(30);
    held.save(&first).await?;
    first.commit().await?;
    assert_eq!(second.await.unwrap()?, Some(30));
    Ok(())
}

pub async fn no_wait(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let first = db.begin().await?;
    of(&ann).for_update().one(&first).await?;
    // One's own locks are no hindrance.
    assert_eq!(of(&ann).for_update().no_wait().one(&first).await?, ann);
    let Some(second) = beside(db).await? else { return first.commit().await };
    assert_eq!(refused(&second, of(&ann).for_update().no_wait()).await?, Some(ErrorKind::Locked));
    assert_eq!(refused(&second, of(&ann).for_share().no_wait()).await?, Some(ErrorKind::Locked));
    assert_eq!(refused(&second, of(&bob).for_update().no_wait()).await?, None);
    // What is said is the same in kind everywhere: not that a time is over for which nobody waited.
    for query in [of(&ann).for_update().no_wait(), of(&ann).for_share().no_wait()] {
        let said = refusal(&second, async |inner| query.all(&inner).await).await?.unwrap().to_string();
        assert!(said.starts_with("could not obtain lock on "), "{said}");
        assert!(
            said.ends_with("(another transaction has locked it, and the statement was told not to wait)"),
            "{said}"
        );
    }
    // Whoever does not ask for a lock reads on.
    assert_eq!(of(&ann).one(&second).await?, ann);
    first.commit().await?;
    assert_eq!(refused(&second, of(&ann).for_update().no_wait()).await?, None);
    second.commit().await
}

pub async fn skip_locked(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let next = User::query().order_by(|u| u.id.asc()).for_update().skip_locked();
    let first = db.begin().await?;
    assert_eq!(next.clone().first(&first).await?, Some(ann.clone()));
    if let Some(second) = beside(db).await? {
        assert_eq!(next.clone().first(&second).await?, Some(bob.clone()));
        assert_eq!(of(&ann).for_share().skip_locked().one_or_none(&second).await?, None);
        second.rollback().await?;
    }
    assert_eq!(next.all(&first).await?, [ann, bob]);
    first.commit().await
}

/// Four workers share a queue of jobs, and each job is done once.
pub async fn a_queue_of_jobs(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let jobs = Post::insert_many((0..40).map(|n| NewPost::new(format!("job {n}"), &ann))).all(db).await?;
    let isolation = TxOptions::new().isolation(Isolation::ReadCommitted);
    let work = async |db: Db| {
        let mut done = Vec::new();
        loop {
            let job = db.transaction_with(isolation, async |tx| {
                let waiting = Post::query().filter(|p| p.status.eq(Status::Draft)).order_by(|p| p.id.asc());
                let Some(mut job) = waiting.for_update().skip_locked().first(&tx).await? else { return Ok(None) };
                tokio::time::sleep(Duration::from_millis(2)).await;
                job.status = Status::Published;
                job.save(&tx).await?;
                Ok(Some(job.id))
            });
            match job.await? {
                Some(id) => done.push(id),
                None => return Ok::<_, Error>(done),
            }
        }
    };
    let workers = tokio::join!(work(db.clone()), work(db.clone()), work(db.clone()), work(db.clone()));
    let mut done = [workers.0?, workers.1?, workers.2?, workers.3?].concat();
    done.sort_unstable();
    assert_eq!(done, jobs.iter().map(|job| job.id).collect::<Vec<_>>());
    Ok(())
}

pub async fn share_locks_go_together(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let first = db.begin().await?;
    assert_eq!(of(&ann).for_share().one(&first).await?, ann);
    let Some(second) = beside(db).await? else { return first.commit().await };
    assert_eq!(refused(&second, of(&ann).for_share().no_wait()).await?, None);
    assert_eq!(of(&ann).for_share().skip_locked().all(&second).await?, [ann.clone()]);
    assert_eq!(refused(&second, of(&ann).for_update().no_wait()).await?, Some(ErrorKind::Locked));
    first.commit().await?;
    assert_eq!(refused(&second, of(&ann).for_update().no_wait()).await?, None);
    second.commit().await
}

/// What is joined, included or looked at by a condition stays free.
pub async fn only_rows_of_the_query_itself(db: &Db) -> Result<()> {
    let ([ann, bob, eve], posts) = blog(db).await?;
    ann.following().link(db, &eve).await?;
    let first = db.begin().await?;
    let joined = Post::query().join(|p| p.user).left_join(|(p, _)| p.editor).order_by(|(p, ..)| p.id.asc());
    let found = joined.filter(|(p, ..)| p.user.has(|u| u.name.ne("eve"))).for_update().all(&first).await?;
    let found: Vec<_> = found.iter().map(|(post, user, editor)| (post.id, &user.name, editor.is_some())).collect();
    assert_eq!(found.len(), posts.len());
    assert_eq!(found[1], (posts[1].id, &"ann".to_owned(), true));
    let followed = ann.following().query().for_update().all(&first).await?;
    assert_eq!(followed, [eve.clone()]);
    let included: Vec<(User, Vec<Post>)> = of(&bob).include(|u| u.posts).for_update().all(&first).await?;
    assert_eq!((included[0].0.id, included[0].1.len()), (bob.id, 1));
    let Some(second) = beside(db).await? else { return first.commit().await };
    assert_eq!(refused(&second, of(&ann).for_update().no_wait()).await?, None);
    for taken in [&bob, &eve] {
        assert_eq!(refused(&second, of(taken).for_update().no_wait()).await?, Some(ErrorKind::Locked));
    }
    assert_eq!(Post::query().for_update().skip_locked().all(&second).await?, []);
    second.rollback().await?;
    first.rollback().await?;

    let first = db.begin().await?;
    assert_eq!(of(&bob).include(|u| u.posts).for_update().one(&first).await?.1.len(), 1);
    let second = db.begin().await?;
    assert_eq!(Post::query().for_update().skip_locked().all(&second).await?.len(), posts.len());
    second.commit().await?;
    first.commit().await
}

/// On PostgreSQL rows can be added that refer to one whose key is not locked.
pub async fn keys_that_are_left_free(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let first = db.begin().await?;
    assert_eq!(of(&ann).for_no_key_update().one(&first).await?, ann);
    let Some(second) = beside(db).await? else { return first.commit().await };
    assert_eq!(refused(&second, of(&ann).for_no_key_update().no_wait()).await?, Some(ErrorKind::Locked));
    assert_eq!(refused(&second, of(&ann).for_share().no_wait()).await?, Some(ErrorKind::Locked));
    if db.dialect() == Dialect::Postgres {
        second.sql("SET LOCAL lock_timeout = '100ms'").execute().await?;
        let add = async || refusal(&second, async |inner| NewPost::new("beside", &ann).insert(&inner).await).await;
        assert!(add().await?.is_none());
        of(&ann).for_update().one(&first).await?;
        assert_eq!(add().await?.map(|error| error.kind().clone()), Some(ErrorKind::Locked));
    }
    second.rollback().await?;
    first.commit().await
}

pub async fn waiting_for_too_long(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let first = db.begin().await?;
    of(&ann).for_update().one(&first).await?;
    let Some(second) = beside(db).await? else { return first.commit().await };
    let statement = match db.dialect() {
        Dialect::Postgres => "SET LOCAL statement_timeout = '1s'",
        _ if is_mysql(db).await? => "SET max_execution_time = 1000",
        _ => "SET max_statement_time = 1",
    };
    let limits = match db.dialect() {
        Dialect::Postgres => {
            [["SET LOCAL lock_timeout = '100ms'"].as_slice(), &["SET LOCAL lock_timeout = 0", statement]]
        }
        _ => [["SET innodb_lock_wait_timeout = 1"].as_slice(), &["SET innodb_lock_wait_timeout = 50", statement]],
    };
    for (limits, expected) in limits.into_iter().zip([ErrorKind::Locked, ErrorKind::Timeout]) {
        let waits = async |inner: Tx| {
            // Here, as they would hold for the savepoint too.
            for limit in limits {
                inner.sql(*limit).execute().await?;
            }
            of(&ann).for_update().all(&inner).await
        };
        let error = refusal(&second, waits).await?.unwrap();
        assert_eq!(*error.kind(), expected, "{error}");
        assert!(!error.is_retryable());
    }
    // Not by a statement, which would be limited.
    drop(second);
    first.commit().await
}

/// Two that lock the same rows in another order: one of them is run again.
pub async fn a_deadlock_is_run_again(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let (runs, held) = (AtomicU32::new(0), AtomicU32::new(0));
    let meets = db.dialect() != Dialect::Sqlite;
    let visit = async |one: &User, two: &User| {
        db.transaction(async |tx| {
            let meet = runs.fetch_add(1, Ordering::SeqCst) < 2 && meets;
            of(one).for_update().one(&tx).await?;
            held.fetch_add(1, Ordering::SeqCst);
            while meet && held.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let mut two = of(two).for_update().one(&tx).await?;
            two.age = Some(1);
            two.save(&tx).await
        })
        .await
    };
    let (one, two) = tokio::join!(visit(&ann, &bob), visit(&bob, &ann));
    one.and(two)?;
    let runs = runs.into_inner();
    assert!(if meets { runs >= 3 } else { runs == 2 }, "{runs}");
    assert_eq!(User::query().filter(|u| u.age.eq(1)).count(db).await?, 2);
    Ok(())
}

/// A row that was changed since the transaction first read: what a snapshot means to a lock differs.
pub async fn at_repeatable_read(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let is_mariadb = db.dialect() == Dialect::Mysql && !is_mysql(db).await?;
    for strict in [false, true] {
        let tx = db.begin_with(TxOptions::new().isolation(Isolation::RepeatableRead)).await?;
        if is_mariadb {
            let strict = u8::from(strict);
            tx.sql(format!("SET innodb_snapshot_isolation = {strict}")).execute().await?;
        }
        let before = of(&ann).one(&tx).await?.age.unwrap_or(0);
        let Some(second) = beside(db).await? else { return tx.commit().await };
        User::update().all_rows().set(|u| u.age, before + 1).run(&second).await?;
        second.commit().await?;
        let locked = of(&ann).for_update().one(&tx).await;
        match locked {
            Ok(ann) => {
                assert!(db.dialect() == Dialect::Mysql && !(is_mariadb && strict));
                assert_eq!(ann.age, Some(before + 1));
            }
            Err(error) => {
                assert!(db.dialect() == Dialect::Postgres || is_mariadb && strict, "{error}");
                assert_eq!(*error.kind(), ErrorKind::Serialization);
                assert!(error.is_retryable());
            }
        }
        tx.rollback().await?;
    }
    Ok(())
}

pub async fn not_in_a_transaction_that_only_reads(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let tx = db.begin_with(TxOptions::new().read_only(true)).await?;
    for query in [of(&ann).for_update(), of(&ann).for_share(), of(&ann).for_no_key_update()] {
        assert_eq!(*query.clone().all(&tx).await.unwrap_err().kind(), ErrorKind::ReadOnly);
        assert_eq!(*query.stream(&tx).next().await.unwrap().unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    // Nothing was sent that could have ended it.
    assert_eq!(of(&ann).one(&tx).await?, ann);
    tx.commit().await
}

pub async fn not_where_rows_are_made_of_several(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    let errors = [
        Post::query().distinct().for_update().all(&tx).await.map(drop),
        Post::query().select(|p| p.id.count()).for_update().all(&tx).await.map(drop),
        Post::query().select(|p| p.views.sum() + 1).for_share().all(&tx).await.map(drop),
        Post::query().group_by(|p| p.status).select(|p| p.status).for_update().all(&tx).await.map(drop),
        Post::query()
            .having(|p| p.id.count().gt(1))
            .select(|_| pilaster::count_rows())
            .for_update()
            .all(&tx)
            .await
            .map(drop),
        Post::query().order_by(|p| p.views.sum().asc()).select(|p| p.id.max()).for_update().all(&tx).await.map(drop),
    ];
    for (at, error) in errors.into_iter().enumerate() {
        let error = error.expect_err("it was locked");
        assert_eq!(*error.kind(), ErrorKind::Query, "{at}: {error}");
        assert!(error.message().starts_with("rows cannot be locked where "), "{at}: {error}");
    }
    assert_eq!(Post::query().count(&tx).await?, 0);
    tx.commit().await
}

/// Whatever a query selects and however it is run, its rows are locked.
pub async fn of_any_selection(db: &Db) -> Result<()> {
    let ([ann, bob, _], _) = blog(db).await?;
    let first = db.begin().await?;
    let ids = of(&ann).select(|u| u.id).for_update().all(&first).await?;
    assert_eq!(ids, [ann.id]);
    let written = Post::query().filter(|p| p.user_id.eq(bob.id));
    let mapped = written.map(|post| post.title.len()).for_update().no_wait().one(&first).await?;
    assert_eq!(mapped, "Rust and SQL".len());
    let mut streamed = User::query().filter(|u| u.name.eq("bob")).for_update().stream(&first);
    assert_eq!(streamed.next().await.transpose()?.map(|user| user.name), Some("bob".to_owned()));
    assert!(streamed.next().await.is_none());
    drop(streamed);
    if let Some(second) = beside(db).await? {
        let free = User::query().order_by(|u| u.id.asc()).for_update().skip_locked();
        assert_eq!(names(&free.all(&second).await?), ["eve"]);
        let posts = Post::query().order_by(|p| p.id.asc()).for_update().skip_locked().all(&second).await?;
        assert_eq!(titles(&posts), ["Rust", "SQL", "Empty"]);
        second.rollback().await?;
    }
    first.commit().await?;

    let blocking = db.blocking();
    let ann = blocking.transaction(|tx| of(&ann).for_update().one(&tx))?;
    assert_eq!(ann.name, "ann");
    Ok(())
}

/// A query is built behind its lock as before it.
pub async fn built_before_or_after(db: &Db) -> Result<()> {
    let ([ann, bob, eve], _) = blog(db).await?;
    let tx = db.begin().await?;
    let locked = || User::query().for_update();
    let some = locked().filter(|u| u.name.ne("bob")).filter_if(Some(ann.id), |u, id| u.id.ge(id));
    let some = some.filter_if(None::<i64>, |u, id| u.id.eq(id));
    let last = some.clone().order_by(|u| u.id.desc()).limit(1).skip_locked();
    assert_eq!(last.clone().all(&tx).await?, [eve.clone()]);
    assert_eq!(last.offset(1).one(&tx).await?, ann);
    let chosen = some.order_by_choice("-name", |u| vec![("name", u.name.asc())])?;
    assert_eq!(names(&chosen.all(&tx).await?), ["eve", "ann"]);
    assert!(locked().order_by_choice("age", |u| vec![("name", u.name.asc())]).is_err());

    let found = locked().select(|u| (u.id, u.name)).filter(|u| u.id.eq(ann.id)).one(&tx).await?;
    assert_eq!(found, (ann.id, "ann".to_owned()));
    assert_eq!(locked().filter(|u| u.id.eq(bob.id)).map(|user| user.name).one(&tx).await?, "bob");
    let included = locked().include(|u| u.posts).include(|u| u.edited_posts).order_by(|u| u.id.asc()).all(&tx).await?;
    let included: Vec<_> = included.iter().map(|(_, posts, edited)| (posts.len(), edited.len())).collect();
    assert_eq!(included, [(3, 1), (1, 1), (0, 0)]);

    let posts = || Post::query().for_share();
    let joined = posts().join(|p| p.user).left_join(|(p, _)| p.editor).filter(|(_, u, _)| u.name.eq("bob"));
    let (post, user, editor) = joined.one(&tx).await?;
    assert_eq!((post.title.as_str(), user.id, editor.map(|editor| editor.id)), ("Rust and SQL", bob.id, Some(ann.id)));
    assert_eq!(posts().join_on::<User>(|p, u| p.editor_id.eq(u.id)).all(&tx).await?.len(), 2);
    assert_eq!(posts().left_join_on::<User>(|p, u| p.editor_id.eq(u.id)).all(&tx).await?.len(), 4);
    let (before, after) = (Post::query().join(|p| p.user).for_share().no_wait(), posts().no_wait().join(|p| p.user));
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        assert_eq!(before.to_sql(dialect)?, after.to_sql(dialect)?);
    }
    if let Some(second) = beside(db).await? {
        let free = User::query().for_update().skip_locked().filter(|u| u.name.ne("bob")).all(&second).await?;
        assert_eq!(free, []);
        second.rollback().await?;
    }
    tx.commit().await
}

/// The table between has one column of both keys, which a query names once.
pub async fn by_keys_that_share_a_column(db: &Db) -> Result<()> {
    for (org, code, label) in [(1, "ann", "red"), (2, "bob", "red"), (1, "eve", "blue")] {
        let pilot = NewPilot::new(org, code).insert(db).await?;
        NewCrew::new(org, label).insert(db).await?;
        NewMember::new(&pilot, label).insert(db).await?;
    }
    let tx = db.begin().await?;
    let query = Pilot::query().join(|p| p.crews).filter(|(p, c)| c.label.eq("red").and(p.org_id.eq(1)));
    let found = query.for_update().all(&tx).await?;
    let found: Vec<_> = found.iter().map(|(pilot, crew)| (&*pilot.code, &*crew.label)).collect();
    assert_eq!(found, [("ann", "red")]);
    tx.commit().await
}

pub async fn how_they_are_written(_: &Db) -> Result<()> {
    let written = |query: LockedQuery<User, User, (), WaitsNot>| {
        [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql].map(|dialect| {
            let sql = query.to_sql(dialect).unwrap();
            sql.split_once(" LIMIT 1").unwrap().1.to_owned()
        })
    };
    let query = || User::query().limit(1);
    assert_eq!(written(query().for_update().skip_locked()), ["", " FOR UPDATE SKIP LOCKED", " FOR UPDATE SKIP LOCKED"]);
    let keys = [" FOR NO KEY UPDATE NOWAIT", " FOR UPDATE NOWAIT"];
    assert_eq!(written(query().for_no_key_update().no_wait()), ["", keys[0], keys[1]]);
    let share = [" FOR SHARE NOWAIT", " /*M! LOCK IN SHARE MODE */ /*!80001 FOR SHARE */ NOWAIT"];
    assert_eq!(written(query().for_share().no_wait()), ["", share[0], share[1]]);
    assert!(query().for_share().to_sql(Dialect::Mysql)?.ends_with(" LIMIT 1 LOCK IN SHARE MODE"));

    let joined = Post::query().join(|p| p.user).for_update();
    assert!(joined.to_sql(Dialect::Postgres)?.ends_with(" FOR UPDATE OF t0"));
    let sql = joined.to_sql(Dialect::Mysql)?;
    assert!(sql.contains(" FROM `post` AS t0 JOIN (SELECT `id`, `name`, "), "{sql}");
    assert!(sql.ends_with(" FROM `user`) AS t1 ON t0.`user_id` = t1.`id` FOR UPDATE"), "{sql}");
    Ok(())
}
