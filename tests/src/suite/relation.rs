//! Relations in conditions, and from a row in hand.

use pilaster::{Db, Result};

use super::{blog, names, titles};
use crate::models::{
    Badge, Category, Course, NewBadge, NewCategory, NewCourse, NewEnrolment, NewProfile, NewRibbon, NewSeat, NewTicket,
    Post, Profile, Ribbon, Seat, Status, Ticket, User,
};

pub async fn any_and_none(db: &Db) -> Result<()> {
    blog(db).await?;
    let ordered = || User::query().order_by(|u| u.name.asc());
    assert_eq!(names(&ordered().filter(|u| u.posts.any(|p| p.title.contains("Rust"))).all(db).await?), ["ann", "bob"]);
    assert_eq!(names(&ordered().filter(|u| u.posts.none(|p| p.title.contains("SQL"))).all(db).await?), ["eve"]);
    let nested = ordered().filter(|u| u.posts.any(|p| p.editor.has(|e| e.name.eq("bob")))).all(db).await?;
    assert_eq!(names(&nested), ["ann"]);
    let outer = ordered().filter(|u| u.posts.any(|p| p.editor_id.eq(u.id).or(p.title.eq(u.name)))).all(db).await?;
    assert_eq!(names(&outer), [""; 0]);
    Ok(())
}

pub async fn exists_and_count(db: &Db) -> Result<()> {
    blog(db).await?;
    let ordered = || User::query().order_by(|u| u.name.asc());
    assert_eq!(names(&ordered().filter(|u| u.posts.exists()).all(db).await?), ["ann", "bob"]);
    assert_eq!(names(&ordered().filter(|u| u.posts.is_empty()).all(db).await?), ["eve"]);
    assert_eq!(names(&ordered().filter(|u| u.posts.count().ge(2)).all(db).await?), ["ann"]);
    let counts = ordered().select(|u| (u.name, u.posts.count())).all(db).await?;
    assert_eq!(counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [3, 1, 0]);
    let by_count = User::query().order_by(|u| u.posts.count().asc()).all(db).await?;
    assert_eq!(names(&by_count), ["eve", "bob", "ann"]);
    Ok(())
}

pub async fn has(db: &Db) -> Result<()> {
    blog(db).await?;
    let by = Post::query().filter(|p| p.user.has(|u| u.name.eq("bob"))).all(db).await?;
    assert_eq!(titles(&by), ["Rust and SQL"]);
    assert_eq!(Post::query().filter(|p| p.editor.has(|e| e.name.ne("zoe"))).count(db).await?, 2);
    assert_eq!(Post::query().filter(|p| p.editor.is_empty()).count(db).await?, 2);
    assert_eq!(User::query().filter(|u| u.profile.exists()).count(db).await?, 0);
    Ok(())
}

pub async fn rows_in_hand(db: &Db) -> Result<()> {
    let ([ann, bob, eve], posts) = blog(db).await?;
    let by = |user: &User| Post::query().filter(|p| p.user.eq(user)).order_by(|p| p.id.asc());
    assert_eq!(titles(&by(&ann).all(db).await?), ["Rust", "SQL", "Empty"]);
    assert_eq!(by(&eve).count(db).await?, 0);
    assert_eq!(titles(&Post::query().filter(|p| p.user.eq(bob.id)).all(db).await?), ["Rust and SQL"]);
    assert_eq!(titles(&Post::query().filter(|p| p.editor.eq(&bob)).all(db).await?), ["SQL"]);
    assert!(!by(&ann).to_sql(db.dialect())?.contains("EXISTS"));
    let of_rust = User::query().filter(|u| u.posts.contains(&posts[0])).all(db).await?;
    assert_eq!(names(&of_rust), ["ann"]);
    // A row that is joined, or not there.
    let joined = User::query().left_join(|u| u.posts).filter(|(_, p)| p.user.eq(&ann) | p.editor.eq(ann.id));
    assert_eq!(joined.count(db).await?, 4);

    // One whose key is elsewhere, and one whose key is this one's.
    let profile = NewProfile::new(&bob).insert(db).await?;
    assert_eq!(names(&User::query().filter(|u| u.profile.eq(&profile)).all(db).await?), ["bob"]);
    let badge = NewBadge::new(&profile).insert(db).await?;
    assert_eq!(Profile::query().filter(|p| p.badge.eq(&badge)).all(db).await?, [profile]);
    let with = || Badge::query().filter(|b| b.ribbon.eq(badge.profile_id));
    assert_eq!(with().count(db).await?, 0, "there is no such row");
    let ribbon = NewRibbon::new(&badge).insert(db).await?;
    assert_eq!(with().all(db).await?, [badge.clone()]);
    assert_eq!(Ribbon::query().filter(|r| r.badge.eq(&badge)).all(db).await?, [ribbon]);

    // Over tables between.
    let course = NewCourse::new("Rust").insert(db).await?;
    NewEnrolment::new(&ann, &course).insert(db).await?;
    assert_eq!(Course::query().filter(|c| c.pupils.contains(&ann)).all(db).await?, [course]);
    assert_eq!(Course::query().filter(|c| c.pupils.contains(&bob)).count(db).await?, 0);

    // Keys of several columns.
    let seat = NewSeat::new(1, 2).insert(db).await?;
    NewSeat::new(2, 1).insert(db).await?;
    let price = "1.50".parse::<pilaster::rust_decimal::Decimal>().unwrap();
    let ticket = NewTicket::new(price).hall(1).number(2).insert(db).await?;
    NewTicket::new(price).insert(db).await?;
    let in_it = Ticket::query().filter(|t| t.seat.eq(&seat));
    assert!(!in_it.to_sql(db.dialect())?.contains("EXISTS"));
    assert_eq!(in_it.all(db).await?, [ticket.clone()]);
    assert_eq!(Ticket::query().filter(|t| t.seat.eq((2, 1))).count(db).await?, 0);
    assert_eq!(Ticket::query().filter(|t| !t.seat.eq((1, 2))).count(db).await?, 1);
    assert_eq!(Seat::query().filter(|s| s.tickets.contains(&ticket)).all(db).await?, [seat]);
    Ok(())
}

/// Whether a row is the related one is true or false, however the relation is stored.
pub async fn no_row_is_not_the_one_in_hand(db: &Db) -> Result<()> {
    let ([_, bob, _], _) = blog(db).await?;
    let profile = NewProfile::new(&bob).insert(db).await?;
    let others = Post::query().filter(|p| !p.editor.eq(&bob)).count(db).await?;
    assert_eq!(others, Post::query().filter(|p| !p.editor.has(|e| e.id.eq(bob.id))).count(db).await?);
    assert_eq!(others, 3);
    let edits = Post::query().order_by(|p| p.id.asc()).select(|p| p.editor.eq(&bob)).all(db).await?;
    assert_eq!(edits, [false, true, false, false]);
    assert_eq!(User::query().filter(|u| !u.profile.eq(&profile)).count(db).await?, 2);

    // Of a table with itself.
    let root = NewCategory::new("root").insert(db).await?;
    let leaf = NewCategory::new("leaf").parent_id(&root).insert(db).await?;
    assert_eq!(Category::query().filter(|c| c.parent.eq(&root)).all(db).await?, [leaf.clone()]);
    assert_eq!(Category::query().filter(|c| !c.parent.eq(&root)).all(db).await?, [root.clone()]);
    assert_eq!(Category::query().filter(|c| c.children.contains(&leaf)).all(db).await?, [root.clone()]);
    let renamed = Category::update().filter(|c| c.children.contains(&leaf)).set(|c| c.name, "top").run(db).await?;
    assert_eq!(renamed, 1);
    assert_eq!(Category::delete_many().filter(|c| c.parent.eq(&root)).run(db).await?, 1);
    Ok(())
}

pub async fn lazy_both_ways(db: &Db) -> Result<()> {
    let ([ann, bob, eve], posts) = blog(db).await?;
    let of_ann = ann.posts().order_by(|p| p.id.asc()).all(db).await?;
    assert_eq!(titles(&of_ann), ["Rust", "SQL", "Empty"]);
    assert_eq!(ann.posts().filter(|p| p.status.eq(Status::Published)).count(db).await?, 2);
    assert_eq!(eve.posts().all(db).await?, []);
    assert_eq!(posts[0].user().one(db).await?, ann);
    assert_eq!(posts[0].editor().one_or_none(db).await?, None);
    assert_eq!(posts[1].editor().one_or_none(db).await?, Some(bob.clone()));
    assert_eq!(titles(&bob.edited_posts().all(db).await?), ["SQL"]);
    Ok(())
}

pub async fn has_one(db: &Db) -> Result<()> {
    let ([ann, bob, _], _) = blog(db).await?;
    let profile = NewProfile::new(&ann).insert(db).await?;
    assert_eq!(ann.profile().one_or_none(db).await?, Some(profile.clone()));
    assert_eq!(bob.profile().one_or_none(db).await?, None);
    assert_eq!(profile.user().one(db).await?, ann);
    assert!(NewProfile::new(&ann).insert(db).await.unwrap_err().is_unique_violation());
    Ok(())
}

pub async fn composite_keys(db: &Db) -> Result<()> {
    let seat = NewSeat::new(1, 2).insert(db).await?;
    NewSeat::new(2, 1).insert(db).await?;
    let price = || "1.50".parse::<pilaster::rust_decimal::Decimal>().unwrap();
    let ticket = NewTicket::new(price()).hall(1).number(2).insert(db).await?;
    let loose = NewTicket::new(price()).insert(db).await?;
    assert_eq!(seat.tickets().all(db).await?, [ticket.clone()]);
    assert_eq!(ticket.seat().one_or_none(db).await?, Some(seat.clone()));
    assert_eq!(loose.seat().one_or_none(db).await?, None);
    assert_eq!(Seat::query().filter(|s| s.tickets.exists()).all(db).await?, [seat.clone()]);
    assert_eq!(Ticket::query().join(|t| t.seat).all(db).await?, [(ticket, seat)]);
    Ok(())
}

pub async fn trees(db: &Db) -> Result<()> {
    let root = NewCategory::new("root").insert(db).await?;
    for name in ["a", "b"] {
        NewCategory::new(name).parent_id(&root).insert(db).await?;
    }
    let children = root.children().order_by(|c| c.name.desc()).all(db).await?;
    assert_eq!(children.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(children[0].parent().one_or_none(db).await?, Some(root.clone()));
    assert_eq!(root.parent().one_or_none(db).await?, None);
    let leaves = Category::query().filter(|c| c.children.is_empty()).count(db).await?;
    assert_eq!(leaves, 2);
    Ok(())
}

pub async fn through_a_model(db: &Db) -> Result<()> {
    let ([ann, bob, _], _) = blog(db).await?;
    let course = NewCourse::new("Rust").insert(db).await?;
    NewEnrolment::new(&ann, &course).grade(1).insert(db).await?;
    NewEnrolment::new(&bob, &course).insert(db).await?;
    let pupils = course.pupils().order_by(|u| u.name.asc()).all(db).await?;
    assert_eq!(names(&pupils), ["ann", "bob"]);
    assert_eq!(ann.courses().all(db).await?, [course.clone()]);
    assert_eq!(ann.enrolments().one(db).await?.grade, Some(1));
    assert_eq!(Course::query().filter(|c| c.pupils.any(|u| u.name.eq("bob"))).count(db).await?, 1);
    Ok(())
}
