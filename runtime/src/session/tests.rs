//! Plans of flushes, without a database.

use rustc_hash::FxHashMap;

use super::plan::{Changes, Group, Kind, Look, Need, Needs, Op, plan};
use crate::error::Result;
use crate::meta::{ColumnMeta, ForeignKeyMeta, ModelMeta, OnDelete};
use crate::value::{self, Value};

const fn column(name: &'static str, nullable: bool) -> ColumnMeta {
    ColumnMeta { name, field: name, kind: value::Kind::BigInt, nullable, generated: false, size: None }
}

const fn refers(columns: &'static [usize], table: &'static str) -> ForeignKeyMeta {
    let on_delete = OnDelete::Refuse;
    ForeignKeyMeta { columns, schema: None, table, targets: &[0], on_delete, deferred: false }
}

const fn table(
    name: &'static str,
    columns: &'static [ColumnMeta],
    uniques: &'static [&'static [usize]],
    foreign_keys: &'static [ForeignKeyMeta],
) -> ModelMeta {
    ModelMeta {
        model: name,
        schema: None,
        table: name,
        columns,
        key: &[0],
        auto_key: Some(0),
        version: None,
        uniques,
        foreign_keys,
        texts: None,
    }
}

/// Grandparent, parent and child; a number that is unique.
static ROOT: ModelMeta = table("Root", &[column("id", false), column("number", false)], &[&[1]], &[]);
static BRANCH: ModelMeta = table("Branch", &[column("id", false), column("root", false)], &[], &[refers(&[1], "Root")]);
static LEAF: ModelMeta = table(
    "Leaf",
    &[column("id", false), column("branch", false), column("beside", true)],
    &[],
    &[refers(&[1], "Branch"), refers(&[2], "Leaf")],
);
/// Two tables that refer to each other: always, or on one side only perhaps.
static HEN: ModelMeta = table("Hen", &[column("id", false), column("egg", false)], &[], &[refers(&[1], "Egg")]);
static EGG: ModelMeta = table("Egg", &[column("id", false), column("hen", false)], &[], &[refers(&[1], "Hen")]);
static CHICK: ModelMeta = table("Egg", &[column("id", false), column("hen", true)], &[], &[refers(&[1], "Hen")]);

/// A flush to be planned, written down.
#[derive(Default)]
struct Case {
    changes: Changes,
    before: FxHashMap<(u32, usize), i64>,
    after: FxHashMap<(u32, usize), i64>,
}

impl Look for Case {
    fn before(&self, row: u32, column: usize) -> Result<Option<Value<'static>>> {
        Ok(self.before.get(&(row, column)).copied().map(Value::Int))
    }

    fn after(&self, row: u32, column: usize) -> Result<Option<Value<'static>>> {
        let kept = self.before.get(&(row, column));
        Ok(self.after.get(&(row, column)).or(kept).copied().map(Value::Int))
    }

    fn label(&self, row: u32) -> String {
        format!("row {row}")
    }
}

impl Case {
    fn op(&mut self, meta: &'static ModelMeta, kind: Kind, row: u32, columns: &[usize]) -> &mut Op {
        let table = self.changes.tables.iter().position(|known| known.same_table(meta)).unwrap_or_else(|| {
            self.changes.tables.push(meta);
            self.changes.tables.len() - 1
        });
        let group = Group { kind, table, columns: columns.to_vec() };
        let group = self.changes.groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.changes.groups.push(group);
            self.changes.groups.len() - 1
        });
        self.changes.ops.push(Op { row, group, needs: Needs::None });
        self.changes.ops.last_mut().unwrap()
    }

    /// A new row, some of whose columns refer to other new rows.
    fn insert(&mut self, meta: &'static ModelMeta, row: u32, needs: &[(usize, u32)]) -> &mut Self {
        let columns: Vec<usize> = (1..meta.columns.len()).collect();
        let needs: Vec<Need> = needs.iter().map(|&(column, row)| Need { column, row, known: false }).collect();
        self.op(meta, Kind::Insert, row, &columns).needs = needs.as_slice().into();
        self
    }

    fn stored(&mut self, row: u32, values: &[i64]) -> &mut Self {
        self.before.extend(values.iter().enumerate().map(|(column, value)| ((row, column), *value)));
        self
    }

    fn update(&mut self, meta: &'static ModelMeta, row: u32, column: usize, value: i64) -> &mut Self {
        self.op(meta, Kind::Update, row, &[column]);
        self.after.insert((row, column), value);
        self
    }

    fn delete(&mut self, meta: &'static ModelMeta, row: u32) -> &mut Self {
        self.op(meta, Kind::Delete, row, &[]);
        self
    }

    fn lines(&self) -> Vec<String> {
        plan(&self.changes, self).unwrap().iter().map(ToString::to_string).collect()
    }
}

#[test]
fn parents_before_children_in_one_statement_each() {
    let mut case = Case::default();
    case.insert(&LEAF, 0, &[(1, 2)]).insert(&LEAF, 1, &[(1, 3)]);
    case.insert(&BRANCH, 2, &[(1, 4)]).insert(&BRANCH, 3, &[(1, 4)]).insert(&ROOT, 4, &[]);
    let plan = ["insert Root (number): #4", "insert Branch (root): #2 #3", "insert Leaf (branch, beside): #0 #1"];
    assert_eq!(case.lines(), plan);
}

#[test]
fn the_order_of_independent_rows_is_the_order_of_the_changes() {
    let mut case = Case::default();
    case.insert(&ROOT, 5, &[]).insert(&ROOT, 3, &[]).insert(&ROOT, 9, &[]);
    assert_eq!(case.lines(), ["insert Root (number): #5 #3 #9"]);
}

#[test]
fn rows_of_one_table_go_in_waves() {
    let mut case = Case::default();
    // 0 <- 1 <- 2, and 3 beside.
    case.insert(&LEAF, 2, &[(2, 1)]).insert(&LEAF, 1, &[(2, 0)]).insert(&LEAF, 0, &[]).insert(&LEAF, 3, &[]);
    let wave = |rows: &str| format!("insert Leaf (branch, beside): {rows}");
    assert_eq!(case.lines(), [wave("#0 #3"), wave("#1"), wave("#2")]);
}

#[test]
fn a_circle_in_one_table_is_opened_at_what_can_be_null() {
    let mut case = Case::default();
    case.insert(&LEAF, 0, &[(2, 1)]).insert(&LEAF, 1, &[(2, 0)]);
    let plan = [
        "insert Leaf (branch, beside): #1 without beside",
        "insert Leaf (branch, beside): #0",
        "complete Leaf (beside): #1",
    ];
    let lines = case.lines();
    assert!(lines == plan || lines == plan.map(swap), "{lines:#?}");
}

fn swap(line: &str) -> String {
    line.replace("#0", "#x").replace("#1", "#0").replace("#x", "#1")
}

#[test]
fn a_circle_of_tables_is_opened_at_what_can_be_null() {
    let mut case = Case::default();
    case.insert(&HEN, 0, &[(1, 1)]).insert(&CHICK, 1, &[(1, 0)]);
    let plan = ["insert Egg (hen): #1 without hen", "insert Hen (egg): #0", "complete Egg (hen): #1"];
    assert_eq!(case.lines(), plan);
}

#[test]
fn a_circle_that_cannot_be_opened_is_an_error() {
    let mut case = Case::default();
    case.insert(&HEN, 0, &[(1, 1)]).insert(&EGG, 1, &[(1, 0)]);
    let error = plan(&case.changes, &case).unwrap_err();
    assert!(error.message().contains("row 0") && error.message().contains("row 1"), "{error}");
}

#[test]
fn known_keys_can_wait_for_the_end() {
    let mut case = Case::default();
    case.op(&HEN, Kind::Insert, 0, &[0, 1]);
    case.op(&EGG, Kind::Insert, 1, &[0, 1]);
    case.after.extend([((0, 0), 7), ((0, 1), 8), ((1, 0), 8), ((1, 1), 7)]);
    assert!(plan(&case.changes, &case).is_err());
    case.changes.defers = true;
    let lines = case.lines();
    assert_eq!((lines[0].as_str(), lines.len()), ("defer foreign keys", 3));
}

#[test]
fn deletes_go_the_other_way() {
    let mut case = Case::default();
    case.stored(0, &[1, 10]).stored(1, &[2, 1]).stored(2, &[3, 2, 4]).stored(3, &[4, 2]);
    case.delete(&ROOT, 0).delete(&BRANCH, 1).delete(&LEAF, 3).delete(&LEAF, 2);
    // The leaf 2 stands beside the leaf 3.
    assert_eq!(case.lines(), ["delete Leaf: #2 #3", "delete Branch: #1", "delete Root: #0"]);
}

#[test]
fn rows_that_are_deleted_in_a_circle_are_cleared_first() {
    let mut case = Case::default();
    case.stored(0, &[1, 9, 2]).stored(1, &[2, 9, 1]);
    case.delete(&LEAF, 0).delete(&LEAF, 1);
    let lines = case.lines();
    assert!(lines[0].starts_with("clear Leaf (beside): "), "{lines:#?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_child_moves_before_its_parent_goes() {
    let mut case = Case::default();
    case.stored(0, &[1, 10]).stored(1, &[2, 1]);
    case.delete(&ROOT, 0).insert(&ROOT, 2, &[]).update(&BRANCH, 1, 1, 5);
    assert_eq!(case.lines(), ["insert Root (number): #2", "update Branch (root): #1", "delete Root: #0"]);
}

#[test]
fn unique_values_are_handed_down_a_chain() {
    let mut case = Case::default();
    case.stored(0, &[1, 10]).stored(1, &[2, 11]).stored(2, &[3, 12]);
    case.update(&ROOT, 0, 1, 11).update(&ROOT, 1, 1, 12).update(&ROOT, 2, 1, 13);
    assert_eq!(case.lines(), ["update Root (number): #2 #1 #0"]);
}

#[test]
fn unique_values_that_are_exchanged_are_parked() {
    let mut case = Case::default();
    case.stored(0, &[1, 10]).stored(1, &[2, 11]);
    case.update(&ROOT, 0, 1, 11).update(&ROOT, 1, 1, 10);
    let lines = case.lines();
    assert!(lines[0].starts_with("park Root (number): #"), "{lines:#?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_value_is_free_once_its_row_is_deleted() {
    let mut case = Case::default();
    case.stored(0, &[1, 10]);
    case.insert(&ROOT, 1, &[]).delete(&ROOT, 0).after.insert((1, 1), 10);
    assert_eq!(case.lines(), ["delete Root: #0", "insert Root (number): #1"]);
}

/// A thousand parents with ten children each are two statements, and planned in no time.
#[test]
fn plans_stay_small() {
    let mut case = Case::default();
    for parent in 0..1000 {
        case.insert(&BRANCH, parent * 11, &[]);
        for child in 1..=10 {
            case.insert(&LEAF, parent * 11 + child, &[(1, parent * 11)]);
        }
    }
    assert_eq!(plan(&case.changes, &case).unwrap().len(), 2);
}
