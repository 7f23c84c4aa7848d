//! Rows that sessions look after: deleted with what they belong to, or when they are taken away from it.

use pilaster::ErrorKind;
use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump, sent};

/// Two baskets of two items, each with a remark.
fn filled() -> pilaster::blocking::Db {
    let db = database();
    let mut session = db.session().unwrap();
    for owner in ["ann", "bea"] {
        let basket = session.add(NewBasket::new(owner));
        for name in ["apple", "pear"] {
            let item = session.add(NewItem::new(format!("{owner}'s {name}"), basket));
            session.add(NewRemark::new(format!("on {owner}'s {name}")).item_id(item));
        }
    }
    session.commit().unwrap();
    db
}

fn left(db: &pilaster::blocking::Db) -> Vec<String> {
    dump(
        db,
        "SELECT * FROM (SELECT owner AS x FROM basket UNION ALL SELECT name FROM item UNION ALL SELECT text FROM remark) \
         AS y ORDER BY x",
    )
}

#[test]
fn rows_go_with_what_they_belong_to() {
    let db = filled();
    let mut session = db.session().unwrap();
    let basket = session.get::<Basket>(1).unwrap().unwrap();
    session.delete(basket).unwrap();
    let statements = Statements::listen();
    session.commit().unwrap();
    let mut heads: Vec<String> =
        sent(&statements).iter().map(|sql| sql[..sql.find(" WHERE ").unwrap()].into()).collect();
    // Where the rows of a DELETE do not come back, those with a version are deleted one by one.
    heads.dedup();
    assert_eq!(
        heads,
        [
            r#"SELECT "id", "name", "version", "basket_id" FROM "item""#,
            r#"SELECT "id", "text", "item_id" FROM "remark""#,
            r#"DELETE FROM "remark""#,
            r#"DELETE FROM "item""#,
            r#"DELETE FROM "basket""#,
        ]
    );
    assert_eq!(left(&db), ["bea", "bea's apple", "bea's pear", "on bea's apple", "on bea's pear"].map(String::from));
}

#[test]
fn rows_that_moved_away_stay_and_those_that_came_go() {
    let db = filled();
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(Basket::query().order_by(|b| b.id.asc())).unwrap()[..] else { panic!() };
    let items = session.load(Item::query().order_by(|i| i.id.asc())).unwrap();
    session[items[0]].basket_id = session[bea].id;
    session.assign(items[2], |i| i.basket, ann).unwrap();
    session.add(NewItem::new("new with the basket", ann));
    let kept = session.add(NewItem::new("new and moved", ann));
    session.assign(kept, |i| i.basket, bea).unwrap();
    session.delete(ann).unwrap();
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT name FROM item ORDER BY name"),
        ["ann's apple", "bea's pear", "new and moved"].map(String::from)
    );
}

#[test]
fn new_rows_go_with_a_new_row() {
    let db = database();
    let mut session = db.session().unwrap();
    let basket = session.add(NewBasket::new("ann"));
    let item = session.add(NewItem::new("apple", basket));
    session.add(NewRemark::new("sweet").item_id(item));
    session.add(NewBasket::new("bea"));
    session.delete(basket).unwrap();
    session.commit().unwrap();
    assert_eq!(left(&db), ["bea"].map(String::from));
}

#[test]
fn a_tree_goes_with_its_root() {
    let db = database();
    let mut session = db.session().unwrap();
    let root = session.add(NewFolder::new("root"));
    let inner = session.add(NewFolder::new("inner").parent_id(root));
    session.add(NewFolder::new("leaf").parent_id(inner));
    session.add(NewFolder::new("other"));
    session.commit().unwrap();
    let mut session = db.session().unwrap();
    let root = session.one(Folder::query().filter(|f| f.name.eq("root"))).unwrap();
    session.delete(root).unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name FROM folder"), ["other"].map(String::from));
}

#[test]
fn what_is_taken_out_goes_unless_it_is_put_elsewhere() {
    let db = filled();
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(Basket::query().order_by(|b| b.id.asc())).unwrap()[..] else { panic!() };
    let [apple, pear] = session.related(ann, |b| b.items).unwrap()[..] else { panic!() };
    session.unlink(ann, |b| b.items, apple).unwrap();
    session.unlink(ann, |b| b.items, pear).unwrap();
    session.link(bea, |b| b.items, pear).unwrap();
    // Not in that basket: nothing happens.
    session.unlink(bea, |b| b.items, apple).unwrap();
    let changes: Vec<String> = session.changes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["delete Item 1", "update Item 2: basket_id 1 -> 2"]);
    session.flush().unwrap();
    assert_eq!(session[pear].basket_id, 2);
    assert_eq!(*session.refresh(apple).unwrap_err().kind(), ErrorKind::NotFound);
    // A column that can be NULL is enough to say so.
    let remark = session.one(Remark::query().filter(|r| r.item_id.eq(2))).unwrap();
    session[remark].item_id = None;
    // A new one that is taken out before it was stored never was.
    let new = session.add(NewItem::new("never", bea));
    session.unlink(bea, |b| b.items, new).unwrap();
    session.commit().unwrap();
    assert_eq!(
        left(&db),
        ["ann", "ann's pear", "bea", "bea's apple", "bea's pear", "on bea's apple", "on bea's pear"].map(String::from)
    );
}

/// Another row could have its key by the time of the flush.
#[test]
fn nothing_is_linked_to_a_row_that_was_deleted() {
    let db = database();
    let mut session = db.session().unwrap();
    let (root, inner) = (session.add(NewFolder::new("root")), session.add(NewFolder::new("inner")));
    session.flush().unwrap();
    let (root, inner) = (session.stored(root).unwrap(), session.stored(inner).unwrap());
    session.delete(root).unwrap();
    for _ in 0..2 {
        let error = session.link(root, |f| f.folders, inner).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query) && error.to_string().contains("was deleted"), "{error}");
        session.flush().unwrap();
    }
    session.commit().unwrap();
    assert_eq!(Folder::query().filter(|f| f.parent_id.is_not_null()).count(&db).unwrap(), 0);
}

#[test]
fn links_set_foreign_keys() {
    let db = database();
    let mut session = db.session().unwrap();
    let (root, other) = (session.add(NewFolder::new("root")), session.add(NewFolder::new("other")));
    let inner = session.add(NewFolder::new("inner"));
    session.link(root, |f| f.folders, inner).unwrap();
    session.link(root, |f| f.folders, other).unwrap();
    session.unlink(root, |f| f.folders, other).unwrap();
    session.flush().unwrap();
    let (root, inner) = (session.stored(root).unwrap(), session.stored(inner).unwrap());
    assert_eq!(session.related(root, |f| f.folders).unwrap(), [inner]);
    session.unlink(root, |f| f.folders, inner).unwrap();
    session.flush().unwrap();
    assert_eq!(session[inner].parent_id, None);
    // Where it cannot be NULL, and orphans are not to be deleted, it is an error.
    let author = session.add(NewUser::new("ann"));
    let post = session.add(NewPost::new("Hello", author));
    let error = session.unlink(author, |u| u.posts, post).unwrap_err();
    assert!(error.message().contains("`orphans: delete`"), "{error}");
    session.commit().unwrap();
}

#[test]
fn versions_are_checked_for_what_goes_along() {
    let db = filled();
    let mut session = db.session().unwrap();
    let basket = session.get::<Basket>(1).unwrap().unwrap();
    session.load(Item::query()).unwrap();
    pilaster::sql(&mut *session.no_flush(), "UPDATE item SET version = version + 1 WHERE id = 2").execute().unwrap();
    session.delete(basket).unwrap();
    // What is read for the deletion takes the place of what was read before.
    session.flush().unwrap();
    session.rollback().unwrap();
    let item = session.get::<Item>(2).unwrap().unwrap();
    session[item].name = "changed".into();
    pilaster::sql(&mut *session.no_flush(), "UPDATE item SET version = version + 1 WHERE id = 2").execute().unwrap();
    session.delete(basket).unwrap();
    assert_eq!(session.flush().unwrap_err().message(), "Item 2 was changed or deleted since it was read");
}

#[test]
fn a_flush_that_sends_nothing_takes_nothing_along() {
    let db = filled();
    let mut session = db.session().unwrap();
    let basket = session.get::<Basket>(1).unwrap().unwrap();
    let article = session.add(NewArticle::new(""));
    session.delete(basket).unwrap();
    assert_eq!(*session.flush().unwrap_err().kind(), ErrorKind::Refused);
    let changes: Vec<String> = session.changes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(changes, [r#"insert Article: title = """#, "delete Basket 1"]);
    session.delete(article).unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM item"), ["2"].map(String::from));
}
