//! Texts are kept by all that they depend on, and few texts twice.

use std::collections::HashMap;

use super::*;
use crate::meta::{ColumnMeta, ModelMeta, ThroughMeta};
use crate::sql::expr::{BinaryOp, UnaryOp};
use crate::sql::lock::{Strength, Wait};
use crate::sql::{Join, Lock, Node, Order, Projection, Source, Table};
use crate::value::{Decimal, Kind, Value};

const STATE: Kind = Kind::Enum(&["new", "done"]);
const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];
const ASKED: [Asked; 3] = [Asked::Rows, Asked::Count, Asked::Exists];

static NOTE: ModelMeta = ModelMeta {
    model: "Note",
    table: "note",
    columns: &[
        ColumnMeta::new("id", "id", Kind::BigInt),
        ColumnMeta::new("tiny", "tiny", Kind::TinyInt),
        ColumnMeta::new("byte", "byte", Kind::UnsignedTinyInt),
        ColumnMeta::new("small", "small", Kind::SmallInt).null(),
        ColumnMeta::new("body", "body", Kind::Text).null(),
        ColumnMeta::new("word", "word", Kind::UnsignedSmallInt),
        ColumnMeta::new("int", "int", Kind::Int),
        ColumnMeta::new("long", "long", Kind::UnsignedInt),
        ColumnMeta::new("longest", "longest", Kind::UnsignedBigInt),
        ColumnMeta::new("real", "real", Kind::Real),
        ColumnMeta::new("price", "price", Kind::Decimal(Some(2))),
        ColumnMeta::new("range", "range", Kind::Server),
        ColumnMeta::new("state", "state", STATE),
    ],
    key: &[0],
    ..ModelMeta::EMPTY
};

static TAG: ModelMeta = ModelMeta {
    model: "Tag",
    schema: Some("other"),
    table: "note",
    columns: &[ColumnMeta::new("id", "id", Kind::Int)],
    key: &[0],
    ..ModelMeta::EMPTY
};

static BETWEEN: ThroughMeta = ThroughMeta {
    schema: None,
    table: "note_tag",
    near: &[(0, ColumnMeta::new("note", "note", Kind::BigInt))],
    far: &[(ColumnMeta::new("tag", "tag", Kind::Int), 0)],
};

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn column(random: &mut Random, sources: &[(Source, &'static ModelMeta)]) -> Node {
    let (source, meta) = random.one(sources);
    Node::Column(source, &meta.columns[random.below(meta.columns.len())])
}

fn value(random: &mut Random) -> Node {
    let edges = [7, 8, 15, 16, 31, 32, 62].map(|bits| 1_i64 << bits);
    let edge = random.one(&edges) - 1 + random.below(2) as i64;
    let number = Value::Int(if random.is() { edge } else { -1 - edge });
    let text = Value::Text(random.one(&["", "a", "b'"]).into());
    let others = [
        Value::Null,
        Value::Bool(true),
        Value::Uuid([7; 16]),
        Value::Date(3),
        Value::Time(3),
        Value::DateTime(3),
        Value::Timestamp(3),
        Value::Bytes(b"a".as_slice().into()),
        Value::UInt(u64::MAX),
        Value::Float(0.1),
        Value::Decimal(Decimal { mantissa: 15, scale: 1 }),
    ];
    Node::Bind(match random.below(3) {
        0 => number,
        1 => text,
        _ => random.one(&others),
    })
}

fn condition(random: &mut Random, sources: &[(Source, &'static ModelMeta)], depth: usize) -> Node {
    use BinaryOp::{Add, Div, Eq, Ge, Gt, Le, Lt, Mul, Ne, Sub};
    let column = |random: &mut Random| Box::new(column(random, sources));
    let value = |random: &mut Random| Box::new(value(random));
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Node::Binary(random.one(&[Eq, Ne, Lt, Le, Gt, Ge]), column(random), value(random)),
        1 => Node::Unary(random.one(&[UnaryOp::IsNull, UnaryOp::IsNotNull]), column(random)),
        2 => Node::Between(column(random), value(random), value(random)),
        3 => Node::Constant(random.is()),
        4 => Node::Binary(
            Eq,
            Box::new(Node::Binary(random.one(&[Add, Sub, Mul, Div]), column(random), value(random))),
            column(random),
        ),
        5 => {
            let one = value(random);
            let count = random.below(4);
            let node = column(random);
            let values = (0..count).map(|_| if random.below(4) == 0 { *value(random) } else { (*one).clone() });
            Node::In { node, values: values.collect(), negated: random.is() }
        }
        6 => Node::Unary(UnaryOp::Not, Box::new(condition(random, sources, depth - 1))),
        _ => {
            let count = random.below(3) + 1;
            let nodes = (0..count).map(|_| condition(random, sources, depth - 1)).collect();
            Node::Junction { all: random.is(), nodes }
        }
    }
}

/// One of many SELECTs. Some are of the same form, as most have few of the parts.
fn select(random: &mut Random) -> Select {
    let (first, second, third) = (Source::new(), Source::new(), Source::new());
    let meta = random.one(&[&NOTE, &TAG]);
    let mut sources = vec![(first, meta)];
    let mut select = Select::all(first, meta);
    if random.below(3) == 0 {
        sources.push((second, &TAG));
        let on = condition(random, &sources, 0);
        select.joins.push(Join { left: random.is(), source: second, table: Table::Model(&TAG), on });
        select.projection.push(Projection::Model(second, &TAG));
    }
    if random.below(6) == 0 {
        let on = Node::binary(BinaryOp::Eq, Node::Column(third, &BETWEEN.near[0].1), column(random, &sources));
        select.joins.push(Join { left: false, source: third, table: Table::Through(&BETWEEN), on });
    }
    if random.below(4) == 0 {
        let count = random.below(2) + 1;
        let one = |_| match random.is() {
            true => Projection::Node(column(random, &sources)),
            false => {
                let (source, meta) = random.one(&sources);
                Projection::Model(source, meta)
            }
        };
        select.projection = (0..count).map(one).collect();
    }
    let filters = random.below(3);
    select.filter = (0..filters).map(|_| condition(random, &sources, 2)).collect();
    if random.is() {
        let node = column(random, &sources);
        let Node::Column(_, ColumnMeta { kind, .. }) = node else { unreachable!() };
        let nulls_last = random.one(&[None, Some(false), Some(true)]);
        let kind = if random.below(8) == 0 { STATE } else { *kind };
        select.order.push(Order { node, kind, desc: random.is(), nulls_last });
    }
    select.limit = random.one(&[None, None, Some(1), Some(u64::MAX)]);
    match random.below(12) {
        0 => select.offset = Some(1),
        1 => select.distinct = true,
        2 => {
            let strength = random.one(&[Strength::Update, Strength::NoKeyUpdate, Strength::Share]);
            select.lock = Some(Lock { strength, wait: random.one(&[Wait::Waits, Wait::Fails, Wait::Skips]) });
        }
        _ => {}
    }
    select
}

/// The form of a SELECT and what it binds, if it has one.
fn form(dialect: Dialect, select: &Select, asked: Asked) -> Option<(Vec<u64>, Vec<Value<'static>>)> {
    let mut numbers = Vec::new();
    let params = form::read(dialect, select, asked, &mut numbers)?;
    Some((numbers, params))
}

#[test]
fn selects_of_one_form_have_one_text_and_bind_what_they_hold() {
    let mut random = Random(1);
    let mut texts: HashMap<Vec<u64>, String> = HashMap::new();
    let (mut again, mut formless) = (0, 0);
    for _ in 0..100_000 {
        let (dialect, asked, select) = (random.one(&DIALECTS), random.one(&ASKED), select(&mut random));
        let Some((form, params)) = form(dialect, &select, asked) else {
            formless += 1;
            continue;
        };
        let written = Writer::written(dialect, &select, asked).unwrap();
        assert_eq!(params, written.params, "{}", written.sql);
        if let Some(known) = texts.get(&form) {
            assert_eq!(*known, written.sql);
            again += 1;
        } else {
            texts.insert(form, written.sql);
        }
    }
    assert!(again > 2_000 && texts.len() > 2_000 && formless > 2_000, "{again} {} {formless}", texts.len());
}

fn by(at: usize, op: BinaryOp, value: Value<'static>) -> Select {
    let source = Source::new();
    let filter = vec![Node::binary(op, Node::Column(source, &NOTE.columns[at]), Node::Bind(value))];
    Select { filter, ..Select::all(source, &NOTE) }
}

fn is_kept(dialect: Dialect, select: &Select) -> bool {
    matches!(Writer::select(dialect, select).unwrap().sql, SqlText::Kept(_))
}

#[test]
fn a_text_is_written_once_for_all_values() {
    for dialect in DIALECTS {
        let text = |text: &'static str| by(4, BinaryOp::Eq, Value::Text(text.into()));
        assert!(!is_kept(dialect, &text("one")));
        let statement = Writer::select(dialect, &text("two")).unwrap();
        assert!(matches!(statement.sql, SqlText::Kept(_)));
        assert_eq!(statement.params, [Value::Text("two".into())]);
        assert_eq!(*statement.sql, *Writer::written(dialect, &text("three"), Asked::Rows).unwrap().sql);
        assert!(!is_kept(dialect, &by(4, BinaryOp::Ne, Value::Text("one".into()))));
    }
}

#[test]
fn a_number_that_has_to_be_cast_has_a_text_of_its_own() {
    let small = |number| by(3, BinaryOp::Gt, Value::Int(number));
    for dialect in [Dialect::Sqlite, Dialect::Mysql] {
        assert!(!is_kept(dialect, &small(1)) && is_kept(dialect, &small(i64::MAX)));
    }
    let text = |number| Writer::select(Dialect::Postgres, &small(number)).unwrap().sql;
    assert!(text(32_767).ends_with("> $1"), "{}", &*text(32_767));
    assert!(text(32_768).ends_with("> $1::bigint"), "{}", &*text(32_768));
    assert!(text(-32_768).ends_with("> $1"), "{}", &*text(-32_768));
    assert!(text(-32_769).ends_with("> $1::bigint"), "{}", &*text(-32_769));
}

#[test]
fn numbers_of_one_width_have_one_text_beside_every_column() {
    let edges = (0..63).map(|bits| 1_i64 << bits);
    let numbers: Vec<i64> = edges.flat_map(|edge| [edge - 1, edge, -edge, -1 - edge]).collect();
    for (at, column) in NOTE.columns.iter().enumerate() {
        let mut texts: HashMap<Vec<u64>, String> = HashMap::new();
        for &number in &numbers {
            let select = by(at, BinaryOp::Lt, Value::Int(number));
            let (form, _) = form(Dialect::Postgres, &select, Asked::Rows).unwrap();
            let text = Writer::written(Dialect::Postgres, &select, Asked::Rows).unwrap().sql;
            assert_eq!(*texts.entry(form).or_insert_with(|| text.clone()), text, "{number} beside {}", column.name);
        }
        assert!((2..=14).contains(&texts.len()), "{}", texts.len());
    }
}

#[test]
fn a_list_is_one_parameter_or_has_a_text_for_its_length() {
    let of = |numbers: &[i64]| {
        let source = Source::new();
        let values = numbers.iter().map(|&number| Node::Bind(Value::Int(number))).collect();
        let node = Box::new(Node::Column(source, &NOTE.columns[3]));
        Select { filter: vec![Node::In { node, values, negated: false }], ..Select::all(source, &NOTE) }
    };
    assert!(!is_kept(Dialect::Postgres, &of(&[1])) && is_kept(Dialect::Postgres, &of(&[2, 3])));
    assert!(!is_kept(Dialect::Postgres, &of(&[1, 32_768])) && is_kept(Dialect::Postgres, &of(&[32_769, 2, 3])));
    let statement = Writer::select(Dialect::Postgres, &of(&[2, 32_769])).unwrap();
    assert!(statement.sql.ends_with("= ANY($1::bigint[])"), "{}", &*statement.sql);
    assert_eq!(statement.params, [Value::List(vec![Value::Int(2), Value::Int(32_769)])]);
    for dialect in [Dialect::Sqlite, Dialect::Mysql] {
        assert!(!is_kept(dialect, &of(&[1, 2])) && is_kept(dialect, &of(&[3, 4])));
        assert!(!is_kept(dialect, &of(&[1])) && !is_kept(dialect, &of(&[1; 17])) && !is_kept(dialect, &of(&[1; 17])));
        assert_eq!(Writer::select(dialect, &of(&[3, 4])).unwrap().params, [Value::Int(3), Value::Int(4)]);
    }
}

#[test]
fn a_column_that_is_not_in_scope_is_refused_beside_one_that_is() {
    let (here, there, elsewhere) = (Source::new(), Source::new(), Source::new());
    let of = |source| {
        let filter = vec![Node::unary(UnaryOp::IsNull, Node::Column(source, &TAG.columns[0]))];
        let join = Join { left: true, source: there, table: Table::Model(&TAG), on: Node::Constant(true) };
        Select { filter, joins: vec![join], ..Select::all(here, &TAG) }
    };
    for source in [here, there] {
        assert!(!is_kept(Dialect::Sqlite, &of(source)) && is_kept(Dialect::Sqlite, &of(source)));
    }
    let error = Writer::select(Dialect::Sqlite, &of(elsewhere)).unwrap_err();
    assert!(error.to_string().contains("does not read its table"), "{error}");
}

#[test]
fn two_texts_of_one_home_are_both_kept() {
    let limited = |limit| Select { limit: Some(limit), ..by(0, BinaryOp::Eq, Value::Int(1)) };
    let homes = (0..).map(|limit| {
        let (numbers, _) = form(Dialect::Sqlite, &limited(limit), Asked::Rows).unwrap();
        (home(&numbers), limit)
    });
    let mut limits: HashMap<usize, Vec<u64>> = HashMap::new();
    let found = homes.into_iter().find_map(|(home, limit)| {
        let limits = limits.entry(home).or_default();
        limits.push(limit);
        (limits.len() == 3).then(|| limits.clone())
    });
    let (one, two, three) = match found.as_deref() {
        Some(&[one, two, three]) => (limited(one), limited(two), limited(three)),
        other => panic!("{other:?}"),
    };
    assert!(!is_kept(Dialect::Sqlite, &one) && !is_kept(Dialect::Sqlite, &two));
    assert!(is_kept(Dialect::Sqlite, &one) && is_kept(Dialect::Sqlite, &two) && is_kept(Dialect::Sqlite, &one));
    assert!(!is_kept(Dialect::Sqlite, &three) && is_kept(Dialect::Sqlite, &two), "the one written last but one stays");
    assert!(is_kept(Dialect::Sqlite, &three) && !is_kept(Dialect::Sqlite, &one));
}

#[test]
fn what_is_kept_is_bounded() {
    let limited = |limit| Select { limit: Some(limit), ..by(0, BinaryOp::Eq, Value::Int(1)) };
    let many = 10 * TEXTS as u64;
    for limit in (0..many).chain(0..many) {
        let text = Writer::select(Dialect::Sqlite, &limited(limit)).unwrap().sql;
        assert!(text.ends_with(&format!(" LIMIT {limit}")), "{}", &*text);
    }
    let long = |nodes| {
        let source = Source::new();
        let node = Node::binary(BinaryOp::Eq, Node::Column(source, &NOTE.columns[0]), Node::Bind(Value::Int(1)));
        Select { filter: vec![node; nodes], ..Select::all(source, &NOTE) }
    };
    let _ = (is_kept(Dialect::Sqlite, &long(5)), is_kept(Dialect::Sqlite, &long(50_000)));
    assert!(is_kept(Dialect::Sqlite, &long(5)) && !is_kept(Dialect::Sqlite, &long(50_000)));
    KEPT.with_borrow(|texts| {
        assert_eq!(texts.kept.len(), TEXTS);
        assert!(texts.form.capacity() < 1_000, "{}", texts.form.capacity());
    });
}
