//! Types of the user's own over columns.

use std::net::IpAddr;

use pilaster::{Db, Dialect, Error, ErrorKind, Result};

use super::{place, quoted, users};
use crate::models::{Mailbox, NewMailbox, NewProfile, NewUser, Profile, User};
use crate::types::Email;

pub async fn round_trip(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").email("ann@example.com").insert(db).await?;
    assert_eq!(ann.email, Some(Email::from("ann@example.com")));
    assert_eq!(User::by_email(db, "ann@example.com").await?, Some(ann.clone()));
    let home: IpAddr = "::1".parse().unwrap();
    let profile = NewProfile::new(&ann).host(home).insert(db).await?;
    assert_eq!(Profile::query().select(|p| p.host).one(db).await?, Some(home));
    let joined = User::query().left_join(|u| u.profile).select(|(u, p)| (u.email, p.host)).one(db).await?;
    assert_eq!(joined, (profile.user().one(db).await?.email, Some(home)));
    Ok(())
}

pub async fn refused_on_the_way_in(db: &Db) -> Result<()> {
    let error = NewUser::new("ann").email("nonsense").insert(db).await.unwrap_err();
    no_email(&error);
    assert!(error.to_string().contains("no e-mail address"), "{error}");
    assert_eq!(User::query().count(db).await?, 0);
    let wrong = User::query().filter(|u| u.email.eq(Email::unchecked("nonsense"))).all(db).await.unwrap_err();
    assert!(matches!(wrong.kind(), ErrorKind::Encode(_)), "{wrong:?}");
    let mut ann = NewUser::new("ann").insert(db).await?;
    ann.email = Some(Email::unchecked("x"));
    no_email(&ann.save(db).await.unwrap_err());
    let nonsense = || Email::unchecked("x");
    let update = User::update().filter(|u| u.id.eq(ann.id)).set(|u| u.age, 1).set(|u| u.email, nonsense());
    no_email(&update.run(db).await.unwrap_err());
    let upsert = NewUser::new("ann").on_conflict(User::BY_NAME).set(|u| u.email, nonsense());
    no_email(&upsert.run(db).await.unwrap_err());
    no_email(&NewUser::new("bob").email(nonsense()).on_conflict(User::BY_NAME).get_or_insert(db).await.unwrap_err());
    let mut session = db.session().await?;
    let key = session.get::<User>(ann.id).await?.unwrap();
    session[key].email = Some(nonsense());
    no_email(&session.flush().await.unwrap_err());
    Ok(())
}

#[track_caller]
fn no_email(error: &Error) {
    let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("user"), Some("email")), "{error:?}");
}

pub async fn refused_on_the_way_out(db: &Db) -> Result<()> {
    users(db, ["ann"]).await?;
    let update = format!("UPDATE {} SET email = {}", quoted(db, "user"), place(db, 1));
    db.sql(update).bind("nonsense").execute().await?;
    let error = User::query().all(db).await.unwrap_err();
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("user"), Some("email")));
    // What does not read the column does not mind.
    assert_eq!(User::query().select(|u| u.name).all(db).await?, ["ann"]);
    if db.dialect() == Dialect::Postgres {
        let spoil = "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email = ''nonsense''; RETURN NEW; \
            END'; CREATE TRIGGER spoil BEFORE INSERT ON mailbox FOR EACH ROW EXECUTE FUNCTION spoil()";
        db.sql(spoil).batch().await?;
        let error = Mailbox::insert_many([NewMailbox::new("ann@example.com")]).keys(db).await.unwrap_err();
        let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
        assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("mailbox"), Some("email")));
    }
    Ok(())
}

pub async fn comparisons(db: &Db) -> Result<()> {
    NewUser::new("ann").email("ann@example.com").insert(db).await?;
    NewUser::new("bob").email("bob@example.org").insert(db).await?;
    NewUser::new("eve").insert(db).await?;
    let email = Email::from("ann@example.com");
    assert_eq!(User::query().filter(|u| u.email.eq(&email)).count(db).await?, 1);
    assert_eq!(User::query().filter(|u| u.email.in_([&email])).count(db).await?, 1);
    assert_eq!(User::query().filter(|u| u.email.is_null()).count(db).await?, 1);
    User::update().filter(|u| u.name.eq("eve")).set(|u| u.email, Email::from("eve@example.com")).run(db).await?;
    assert_eq!(User::query().filter(|u| u.email.is_null()).count(db).await?, 0);
    Ok(())
}
