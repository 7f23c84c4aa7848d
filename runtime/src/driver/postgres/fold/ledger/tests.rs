//! What goes together, and what is expected and put in.

use super::*;

const LITTLE: Duration = Duration::from_micros(50);

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn run(statement: &str) -> Vec<u8> {
    let bind = [b"\0", statement.as_bytes(), b"\0\0\0\0\x01\0\0\0\x02BE"].concat();
    [message(b'B', &bind), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat()
}

fn close(statement: &str) -> Vec<u8> {
    [message(b'C', &[b"S", statement.as_bytes(), b"\0"].concat()), message(b'S', b"")].concat()
}

/// What is sent of requests, by the kinds of the messages.
fn sent(ledger: &mut Ledger, requests: &[Vec<u8>], reads: bool) -> String {
    let mut bytes = requests.concat();
    let mut cuts = Vec::new();
    ledger.sent(&bytes, 0, reads, &mut cuts);
    for cut in cuts.into_iter().rev() {
        assert_eq!(bytes[cut.clone()], message(b'S', b""));
        bytes.drain(cut);
    }
    tags(&bytes)
}

fn tags(mut bytes: &[u8]) -> String {
    let mut tags = String::new();
    while let Some((tag, body)) = message_at(bytes) {
        tags.push(tag.into());
        bytes = &bytes[5 + body.len()..];
    }
    assert!(bytes.is_empty());
    tags
}

/// What the library gets of replies, by their kinds.
fn received(ledger: &mut Ledger, replies: &str) -> String {
    let mut got = String::new();
    for tag in replies.bytes() {
        got.push(tag.into());
        let mut behind = Vec::new();
        ledger.received(tag, Some(&mut behind));
        got.push_str(&tags(&behind));
    }
    ledger.settle();
    got
}

/// One in which statements have been run, so that it is known that they are quick.
fn known(statements: &[&str]) -> Ledger {
    let mut ledger = Ledger::default();
    for statement in statements {
        assert_eq!(
            sent(&mut ledger, &[run(statement), run(statement)], true),
            "BESBES",
            "one that nobody knows is alone"
        );
        assert_eq!(received(&mut ledger, "2CZ2CZ"), "2CZ2CZ");
        ledger.paces[statement.as_bytes()].note(LITTLE, false);
    }
    ledger
}

#[test]
fn quick_reads_go_together_and_are_answered_one_by_one() {
    let mut ledger = known(&["s1", "s2"]);
    assert_eq!(sent(&mut ledger, &[run("s1"), run("s2"), run("s1")], true), "BEBEBES");
    assert_eq!(ledger.joined, 2);
    assert!(ledger.is_joined() && ledger.is_next_joined());
    assert_eq!(received(&mut ledger, "2DC2C2DDCZ"), "2DCZ2CZ2DDCZ");
    assert_eq!((ledger.joined, ledger.ends.len(), ledger.lost), (0, 0, false));
}

#[test]
fn no_more_than_so_many_go_together() {
    let mut ledger = known(&["s1"]);
    let requests = vec![run("s1"); MOST + 2];
    assert_eq!(sent(&mut ledger, &requests, true), format!("{}S{}S", "BE".repeat(MOST), "BE".repeat(2)));
}

#[test]
fn what_is_no_short_read_goes_alone() {
    let mut ledger = known(&["s1", "s2"]);
    ledger.paces[&b"s2"[..]].set_apart();
    let prepare = [message(b'P', b"s9\0SELECT 1\0\0\0"), message(b'D', b"Ss9\0"), message(b'S', b"")].concat();
    let requests = [run("s1"), run("s1"), run("s2"), run("s1"), prepare, run("s1"), run("s1"), message(b'Q', b";\0")];
    assert_eq!(sent(&mut ledger, &requests, true), "BEBESBESBESPDSBEBESQ");
    let replies = "2C2CZ2CZ2CZ1tTZ2C2CZIZ";
    assert_eq!(received(&mut ledger, replies), "2CZ2CZ2CZ2CZ1tTZ2CZ2CZIZ");
    assert!(ledger.ends.is_empty() && !ledger.lost);
}

#[test]
fn those_who_have_a_connection_for_themselves_are_let_alone() {
    let mut ledger = known(&["s1"]);
    assert_eq!(sent(&mut ledger, &[run("s1"), run("s1")], false), "BESBES");
    assert_eq!(received(&mut ledger, "2CZ2CZ"), "2CZ2CZ");
}

#[test]
fn a_failure_takes_along_those_behind_it_and_no_others() {
    let mut ledger = known(&["s1", "s2"]);
    let requests = [run("s1"), run("s2"), run("s1"), run("s1")];
    assert_eq!(sent(&mut ledger, &requests, true), "BEBEBEBES");
    assert_eq!(sent(&mut ledger, &[run("s1"), run("s1")], true), "BEBES");
    assert_eq!(received(&mut ledger, "2DC2E"), "2DCZ2EZEZE", "the last one's is ended by the server");
    assert_eq!(received(&mut ledger, "Z2C2CZ"), "Z2CZ2CZ");
    assert_eq!((ledger.joined, ledger.ends.len()), (0, 0));
    assert_eq!(sent(&mut ledger, &[run("s2"), run("s1"), run("s1")], true), "BESBEBES", "and goes alone next time");
}

#[test]
fn a_failure_of_the_last_one_or_of_one_alone_is_its_own() {
    let mut ledger = known(&["s1"]);
    sent(&mut ledger, &[run("s1"), run("s1")], true);
    assert_eq!(received(&mut ledger, "2C2EZ"), "2CZ2EZ");
    sent(&mut ledger, &[run("s1")], true);
    assert_eq!(received(&mut ledger, "NEZ"), "NEZ");
}

#[test]
fn one_that_took_long_goes_alone_for_a_while() {
    let pace = Pace::default();
    assert!(!pace.is_quick(), "nobody knows");
    pace.note(LITTLE, false);
    assert!(pace.is_quick());
    pace.note(SLOW / 2, false);
    assert!(pace.is_quick(), "either side had other things to do");
    pace.note(SLOW, true);
    let quick_again = (1..100).find(|_| {
        pace.note(LITTLE, false);
        pace.is_quick()
    });
    assert_eq!(quick_again, Some(APART as usize));
}

#[test]
fn what_counts_is_how_long_it_takes_when_nothing_is_in_the_way() {
    let (busy, slow) = (Pace::default(), Pace::default());
    for _ in 0..100 {
        for took in [LITTLE * 2, QUICK * 4, QUICK * 3, LITTLE, QUICK * 5, QUICK * 2] {
            busy.note(took, false);
        }
        slow.note(QUICK * 2, false);
    }
    assert!(busy.is_quick() && !slow.is_quick());
    let slower = (0..200).find(|_| {
        busy.note(QUICK * 2, false);
        !busy.is_quick()
    });
    assert!(slower.is_some_and(|runs| runs > 5), "{slower:?}");
}

#[test]
fn what_may_have_taken_long_is_not_taken_for_quick() {
    let begun = Instant::now();
    loop {
        let mut ledger = known(&["s1", "s2"]);
        let slow = Arc::clone(&ledger.paces[&b"s2"[..]]);
        slow.usual.store(QUICK.as_nanos() as u64 * 6, Ordering::Relaxed);
        let usual = || slow.usual.load(Ordering::Relaxed);
        let before = usual();
        sent(&mut ledger, &[run("s1"), run("s2"), run("s1"), run("s1"), run("s1"), run("s1"), run("s1")], true);
        let now = Instant::now();
        ledger.last = now.checked_sub(QUICK * 3);
        ledger.ends.iter_mut().for_each(|end| {
            let End::Read { since, .. } = end else { return };
            *since = ledger.last.unwrap();
        });
        received(&mut ledger, "2CZ2CZ2C2C2C2C2CZ");
        let together = usual();
        sent(&mut ledger, &[run("s2")], true);
        received(&mut ledger, "2CZ");
        // Where this thread is held up meanwhile, they took longer.
        if now.elapsed() < QUICK * 3 {
            assert_eq!(together, before, "it is one of seven that took 3 ms together");
            assert!(usual() < before);
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "always held up");
    }
}

#[test]
fn a_read_that_was_passed_over_was_not_quick() {
    let mut ledger = known(&["s1", "s2"]);
    let last = Arc::clone(&ledger.paces[&b"s2"[..]]);
    let before = last.usual.load(Ordering::Relaxed);
    sent(&mut ledger, &[run("s1"), run("s1"), run("s2")], true);
    received(&mut ledger, "2EZ");
    assert_eq!(last.usual.load(Ordering::Relaxed), before);
}

#[test]
fn what_is_next_may_be_kept_by_the_server_as_long_as_it_has_no_sync() {
    let mut ledger = known(&["s1"]);
    sent(&mut ledger, &[run("s1")], true);
    sent(&mut ledger, &[run("s1"), run("s1")], true);
    assert!(!ledger.is_next_joined() && ledger.is_joined());
    received(&mut ledger, "2CZ2");
    assert!(ledger.is_next_joined());
    received(&mut ledger, "C");
    assert!(!ledger.is_next_joined() && !ledger.is_joined());
}

#[test]
fn closed_statements_are_forgotten() {
    let mut ledger = known(&["s1", "s2"]);
    sent(&mut ledger, &[close("s1")], false);
    assert_eq!(received(&mut ledger, "3Z"), "3Z");
    assert_eq!(sent(&mut ledger, &[run("s1"), run("s3"), run("s3")], true), "BESBESBES");
    assert_eq!(ledger.paces.len(), 3);
}

#[test]
fn what_is_not_understood_ends_it() {
    let odd: [fn(&mut Ledger); 3] = [
        |ledger| assert_eq!(received(ledger, "Z"), "Z"),
        |ledger| assert_eq!(received(ledger, "G"), "G"),
        |ledger| ledger.sent(b"B\0\0\x01\0", 0, true, &mut Vec::new()),
    ];
    for odd in odd {
        let mut ledger = known(&["s1"]);
        odd(&mut ledger);
        assert_eq!(sent(&mut ledger, &[run("s1"), run("s1")], true), "BESBES");
    }
}

#[test]
fn a_copy_is_known_until_something_is_sent() {
    let mut ledger = known(&["s1"]);
    sent(&mut ledger, &[run("s2")], false);
    received(&mut ledger, "2H");
    assert_eq!((ledger.copying(), ledger.is_lost()), (Some(Copying::Out), false));
    received(&mut ledger, "ddcCZ");
    assert_eq!(ledger.copying(), Some(Copying::Out), "nobody may have read so far");
    sent(&mut ledger, &[run("s1")], false);
    assert_eq!(ledger.copying(), None);
    received(&mut ledger, "2CZ");
    assert!(ledger.is_empty());

    // One that waits for rows never ends.
    for begins in ["2G", "2W"] {
        let mut ledger = known(&["s1"]);
        ledger.sent_directly();
        received(&mut ledger, begins);
        sent(&mut ledger, &[run("s1")], false);
        assert_eq!((ledger.copying(), ledger.is_lost()), (Some(Copying::In), true), "{begins}");
    }
}

#[test]
fn what_is_made_up_are_messages() {
    assert_eq!((tags(READY), tags(PASSED_OVER)), ("Z".to_owned(), "E".to_owned()));
    let (_, body) = message_at(PASSED_OVER).unwrap();
    let code = tokio_postgres::error::SqlState::IN_FAILED_SQL_TRANSACTION;
    assert!(body.windows(6).any(|field| field == [b"C", code.code().as_bytes()].concat()));
}
