//! Where an unfinished revision goes on: known by what its steps do, and not by their number alone.
//!
//! A mark is the hash of the changes that are done and, while one is being run, of that one. So the rest of the revision
//! may be corrected after a step has failed, and what is done already may not be changed unnoticed. Questions to the rows
//! do not count: a correction may bring others, which stand before everything.

use super::data::{Action, Step};

/// FNV-1a, 64 bits: stays the same from release to release, which the standard library does not promise of its hasher.
#[derive(Clone, Copy, PartialEq)]
struct Hash(u64);

impl Hash {
    const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// Adds a text with its length, so that texts do not run together.
    fn part(self, text: &str) -> Self {
        self.bytes(&(text.len() as u64).to_le_bytes()).bytes(text.as_bytes())
    }

    /// Adds what a step does, which is nothing for a question.
    fn step(self, step: &Step) -> Self {
        match &step.action {
            Action::Precheck(_) => self,
            Action::Sql(sql) => self.part("sql").part(sql),
            Action::Backfill(fill) => self.part("fill").part(&fill.sql),
            Action::ConcurrentIndex(index) => {
                self.part("index").part(&index.drop).part(index.create.as_deref().unwrap_or_default())
            }
            Action::SqliteRebuild(it) => self.part("table").part(&it.create).part(&it.copy),
        }
    }
}

/// The mark of steps of which those before `at` are done, and that one is being run if `begun`.
pub(super) fn of(steps: &[Step], at: usize, begun: bool) -> String {
    let done = steps.iter().take(at).fold(Hash::EMPTY, |hash, step| hash.step(step)).0;
    match steps.get(at).filter(|step| begun && !step.action.asks()) {
        Some(step) => format!("{done:016x}-{:016x}", Hash::EMPTY.step(step).0),
        None => format!("{done:016x}"),
    }
}

/// The first step that is not done, by a mark, and whether it may have been run. None when what is done, or may be, is
/// another thing in these steps.
pub(super) fn place(steps: &[Step], mark: &str) -> Option<(usize, bool)> {
    let (done, begun) = match mark.split_once('-') {
        Some((done, begun)) => (done, Some(begun)),
        None => (mark, None),
    };
    let at = (0..=steps.len()).find(|at| of(steps, *at, false) == done)?;
    if begun.is_none() {
        return Some((at, false));
    }
    let next = steps.iter().skip(at).position(|step| !step.action.asks())?;
    (of(steps, at + next, true) == mark).then_some((at + next, true))
}

#[cfg(test)]
mod tests {
    use super::super::data::Precheck;
    use super::*;

    fn sql(text: &'static str) -> Step {
        Step { about: text.into(), transactional: false, action: Action::Sql(text.into()) }
    }

    fn ask(text: &'static str) -> Step {
        let check = Precheck { sql: text.into(), message: "".into(), help: "".into() };
        Step { about: text.into(), transactional: false, action: Action::Precheck(check) }
    }

    #[test]
    fn it_goes_on_where_it_stopped() {
        let steps = [ask("q"), sql("a"), sql("b"), ask("r"), sql("c")];
        for at in 1..=steps.len() {
            let (found, doubt) = place(&steps, &of(&steps, at, false)).unwrap();
            // Questions that nothing stands before are asked again.
            assert!(!doubt && steps[found.min(at)..at].iter().all(|step| step.action.asks()), "{at}: {found}");
            assert!(found <= at);
        }
        for at in [1, 2, 4] {
            assert_eq!(place(&steps, &of(&steps, at, true)), Some((at, true)));
        }
        assert_eq!(place(&steps, &of(&steps, 3, true)), Some((3, false)), "a question leaves no doubt");
    }

    #[test]
    fn what_is_not_done_may_be_another_thing() {
        let mark = of(&[ask("q"), sql("a"), sql("b")], 2, false);
        assert_eq!(place(&[ask("q"), ask("more"), sql("a"), sql("c"), sql("d")], &mark), Some((3, false)));
        assert_eq!(place(&[sql("a")], &mark), Some((1, false)));
        for other in [&[sql("b")][..], &[sql("x"), sql("b")], &[sql("ab")], &[]] {
            assert_eq!(place(other, &mark), None, "{other:?}");
        }
    }

    #[test]
    fn what_may_have_been_run_may_not() {
        let mark = of(&[sql("a"), sql("b"), sql("c")], 1, true);
        assert_eq!(place(&[sql("a"), ask("q"), sql("b"), sql("d")], &mark), Some((2, true)));
        for other in [&[sql("a"), sql("x"), sql("b")][..], &[sql("a")], &[sql("b"), sql("b")]] {
            assert_eq!(place(other, &mark), None, "{other:?}");
        }
    }

    /// It is kept in databases: another release finds the same.
    #[test]
    fn it_stays_the_same() {
        assert_eq!(of(&[], 0, false), "cbf29ce484222325");
        assert_eq!(of(&[sql("a"), sql("b")], 1, true), of(&[sql("a"), sql("b"), sql("c")], 1, true));
    }
}
