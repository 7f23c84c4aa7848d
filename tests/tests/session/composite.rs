//! Foreign keys of several columns: one argument fills in all of them.

use super::models::*;
use super::{database, dump};

#[test]
fn a_new_row_stands_for_all_columns_of_its_key() {
    let db = database();
    let mut session = db.session().unwrap();
    let usher = NewUsher::new((9, 9));
    let seat = session.add(NewSeat::new(2, 14));
    let ticket = session.add(NewTicket::new().seat(seat));
    let known = session.add(NewUsher::new(seat));
    assert_eq!(usher.seat.key(), Some(&(9, 9)));
    assert_eq!(
        session.changes().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "insert Seat: hall = 2, number = 14",
            "insert Ticket: hall = 2, number = 14",
            "insert Usher: hall = 2, number = 14"
        ]
    );
    let done = session.commit().unwrap();
    assert_eq!((done[ticket].hall, done[ticket].number), (Some(2), Some(14)));
    assert_eq!((done[known].hall, done[known].number), (2, 14));
    // The stored row, and its key, outside of a session.
    let seat = Seat::get(&db, (2, 14)).unwrap().unwrap();
    assert_eq!(NewUsher::new(&seat).insert(&db).unwrap().number, 14);
    assert_eq!(NewTicket::new().seat((2, 14)).insert(&db).unwrap().hall, Some(2));
    assert!(usher.insert(&db).unwrap_err().is_foreign_key_violation());
    // Each column by itself, where they can be NULL; the row that is referred to has the last word.
    assert_eq!(NewTicket::new().hall(7).insert(&db).unwrap().number, None);
    assert_eq!(NewTicket::new().hall(7).seat(&seat).insert(&db).unwrap().hall, Some(2));
    let many = Ticket::insert_many([NewTicket::new(), NewTicket::new().seat(&seat)]).all(&db).unwrap();
    assert_eq!((many[0].number, many[1].number), (None, Some(14)));
}

/// A part of the key is counted by the database, for another row.
#[test]
fn a_part_of_a_key_can_come_from_a_new_row() {
    let db = database();
    let mut session = db.session().unwrap();
    let stage = session.add(NewStage::new("large"));
    let booth = session.add(NewBooth::new(stage, 3));
    let guests = ["ann", "bea"].map(|name| session.add(NewGuest::new(name, booth)));
    let plan = session.plan().unwrap();
    assert_eq!(
        plan,
        [
            "insert Stage (name): #0",
            "insert Booth (stage_id, number, next_stage, next_number, host_id): #1",
            "insert Guest (name, stage_id, number): #2 #3",
        ]
    );
    let changes: Vec<String> = session.changes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(changes[2], r#"insert Guest: name = "ann", stage_id = (new row), number = 3"#);
    session.flush().unwrap();
    let booth = session.stored(booth).unwrap();
    let [ann, bea] = guests.map(|guest| session.stored(guest).unwrap());
    assert_eq!((session[ann].stage_id, session[ann].number), (1, 3));
    assert_eq!(session.related(booth, |b| b.guests).unwrap(), [ann, bea]);
    // Elsewhere, and a stored row is as good as a new one.
    let other = session.add(NewBooth::new(stage, 4).next(booth));
    session.assign(ann, |g| g.booth, other).unwrap();
    let done = session.commit().unwrap();
    assert_eq!((done[ann].stage_id, done[ann].number), (1, 4));
    assert_eq!((done[other].next_stage, done[other].next_number), (Some(1), Some(3)));
}

#[test]
fn rows_of_one_table_wait_for_each_other_by_a_key_of_two_columns() {
    let db = database();
    let mut session = db.session().unwrap();
    let stage = session.add(NewStage::new("large"));
    let last = session.add(NewBooth::new(stage, 3));
    let middle = session.add(NewBooth::new(stage, 2).next(last));
    let first = session.add(NewBooth::new(stage, 1).next(middle));
    let own = session.add(NewBooth::new(stage, 9));
    session.assign(own, |b| b.next, own).unwrap();
    session.assign(last, |b| b.next, first).unwrap();
    let plan = session.plan().unwrap();
    assert!(plan.iter().filter(|step| step.starts_with("complete Booth")).count() <= 2, "{plan:#?}");
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT number || '-' || next_number FROM booth ORDER BY number"),
        ["1-2", "2-3", "3-1", "9-9"].map(String::from)
    );
    // And away again.
    let mut session = db.session().unwrap();
    for booth in session.load(Booth::query()).unwrap() {
        session.delete(booth).unwrap();
    }
    session.commit().unwrap();
    assert_eq!(Booth::query().count(&db).unwrap(), 0);
}

#[test]
fn a_circle_of_tables_is_broken_at_the_column_that_can_be_null() {
    let db = database();
    let mut session = db.session().unwrap();
    let stage = session.add(NewStage::new("large"));
    for number in 0..20 {
        let booth = session.add(NewBooth::new(stage, number));
        let host = session.add(NewGuest::new("host", booth));
        session.add(NewGuest::new("guest", booth));
        session.assign(booth, |b| b.host, host).unwrap();
    }
    let plan = session.plan().unwrap();
    let heads: Vec<&str> = plan.iter().map(|step| step.split(':').next().unwrap()).collect();
    assert_eq!(
        heads,
        [
            "insert Stage (name)",
            "insert Booth (stage_id, number, next_stage, next_number, host_id)",
            "insert Guest (name, stage_id, number)",
            "complete Booth (host_id)",
        ]
    );
    session.commit().unwrap();
    let hosted = "SELECT '' || count(*) FROM booth JOIN guest ON guest.id = host_id AND guest.number = booth.number";
    assert_eq!(dump(&db, hosted), ["20"].map(String::from));
}
