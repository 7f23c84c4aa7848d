//! Random states for property tests: valid on every database, with all that a state can hold.

use super::change::{Both, Change};
use super::diff::Renames;
use super::replay;
use super::state::{Column, ForeignKey, Index, IndexPart, IndexTarget, State, Table, Type, Unique, plain};
use crate::ir::{Action, Check, Default, Expr, Generated, Literal, SqlType, SqliteOptions, TableName};

/// A small generator of numbers (xorshift), so that a failure is repeated by its seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }

    pub(crate) fn chance(&mut self, of_ten: usize) -> bool {
        self.below(10) < of_ten
    }

    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let at = self.below(items.len());
        &items[at]
    }
}

const TABLES: &[&str] = &["album", "artist", "order", "track", "user", "we ird"];
const LABELS: &[&str] = &["draft", "done", "it's", "new", "old"];

fn expr(text: &str) -> Expr {
    Expr::parse_neutral(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A state of up to six tables.
pub(crate) fn state(random: &mut Random) -> State {
    let mut state = State::default();
    for name in ["mood", "status"] {
        let mut labels: Vec<String> = LABELS.iter().map(|label| (*label).to_owned()).collect();
        for _ in 0..random.below(4) {
            let at = random.below(labels.len());
            let label = labels.remove(at);
            if random.chance(5) {
                labels.push(label);
            }
        }
        state.enums.insert(plain(name), labels);
    }
    for name in TABLES {
        if random.chance(6) {
            let table = table(name, random, &state);
            state.tables.insert(plain(name), table);
        }
    }
    keys(&mut state, random);
    let used = |name: &TableName| state.users_of_enum(name).next().is_some();
    let unused: Vec<TableName> = state.enums.keys().filter(|name| !used(name)).cloned().collect();
    for name in unused {
        state.enums.remove(&name);
    }
    state
}

/// The same state with some of its tables made anew, some gone, and some new ones.
pub(crate) fn like(state: &State, random: &mut Random) -> State {
    let other = self::state(random);
    let mut mixed = state.clone();
    for name in TABLES {
        match random.below(4) {
            0 => drop(mixed.tables.remove(&plain(name))),
            1 => {
                if let Some(table) = other.tables.get(&plain(name)) {
                    mixed.tables.insert(plain(name), table.clone());
                }
            }
            2 => {
                if let Some(table) = mixed.tables.get_mut(&plain(name)) {
                    mutate(table, random);
                }
            }
            _ => {}
        }
    }
    for (name, labels) in other.enums {
        mixed.enums.insert(name, labels);
    }
    repair(&mut mixed);
    mixed
}

fn mutate(table: &mut Table, random: &mut Random) {
    let plain = table.columns.iter_mut().filter(|column| column.generated.is_none() && column.default.is_none());
    for column in plain.filter(|column| column.name.starts_with('c')) {
        match random.below(6) {
            0 => column.nullable = !column.nullable,
            1 => column.comment = Some("it's".to_owned()),
            2 if column.ty == Type::Plain(SqlType::String(20)) => column.ty = Type::Plain(SqlType::Text),
            _ => {}
        }
    }
    if random.chance(3) {
        table.indexes.pop();
    }
    if random.chance(3) {
        table.checks.pop();
    }
    if random.chance(3) {
        table.foreign_keys.pop();
    }
}

/// Takes out what points to something that is gone.
fn repair(state: &mut State) {
    let names: Vec<_> = state.tables.keys().cloned().collect();
    let enums = state.enums.clone();
    for table in state.tables.values_mut() {
        table.foreign_keys.retain(|key| names.contains(&key.table));
        for column in &mut table.columns {
            if let (Type::Named(name), Some(Default::Value(Literal::Text(label)))) = (&column.ty, &column.default)
                && !enums[name].contains(label)
            {
                column.default = None;
            }
        }
    }
    // A text key that no longer has its unique target.
    let targets = state.tables.clone();
    for table in state.tables.values_mut() {
        table.foreign_keys.retain(|key| targets[&key.table].primary_key == key.references);
    }
    let used = |name: &TableName| state.users_of_enum(name).next().is_some();
    let unused: Vec<TableName> = state.enums.keys().filter(|name| !used(name)).cloned().collect();
    for name in unused {
        state.enums.remove(&name);
    }
}

fn table(name: &str, random: &mut Random, state: &State) -> Table {
    let mut id = Column { nullable: false, ..Column::new("id", Type::Plain(SqlType::BigInt { unsigned: false })) };
    let numbered = random.chance(8);
    if numbered {
        id.default = Some(Default::AutoIncrement);
    }
    let mut columns = vec![id];
    for at in 0..=random.below(6) {
        let mut column = column(at, random, state);
        column.nullable = random.chance(6);
        columns.push(column);
    }
    // Sources of generated columns and checks that are always there.
    columns.push(Column::new("n", Type::Plain(SqlType::Integer { unsigned: false })));
    columns.push(Column::new("s", Type::Plain(SqlType::String(40))));
    let mut table = Table {
        name: plain(name),
        columns,
        primary_key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: random.chance(2).then(|| "a table".to_owned()),
        sqlite: SqliteOptions { autoincrement: numbered && random.chance(3), ..SqliteOptions::default() },
    };
    if !numbered && random.chance(5) {
        table.primary_key.push("n2".to_owned());
        let n2 = Column::new("n2", Type::Plain(SqlType::Integer { unsigned: false }));
        table.columns.push(Column { nullable: false, ..n2 });
    }
    constraints(&mut table, random);
    table
}

fn column(at: usize, random: &mut Random, state: &State) -> Column {
    let plain = |ty| Type::Plain(ty);
    let value = |text: &str| Some(Default::Value(Literal::Text(text.to_owned())));
    let (ty, default) = match random.below(11) {
        0 => (plain(SqlType::String(20)), value("it's")),
        1 => (plain(SqlType::Text), None),
        2 => (plain(SqlType::Integer { unsigned: false }), Some(Default::Value(Literal::Int(-7)))),
        3 => (plain(SqlType::BigInt { unsigned: false }), Some(Default::Expr(expr("1 + 2")))),
        4 => (plain(SqlType::Boolean), Some(Default::Value(Literal::Bool(true)))),
        5 => (plain(SqlType::Decimal(Some((10, 2)))), Some(Default::Value(Literal::Number("1.50".into())))),
        6 => (plain(SqlType::Timestamp), Some(Default::Now)),
        7 => (plain(SqlType::Date), value("2024-02-03")),
        8 => (plain(SqlType::Double), None),
        _ => {
            let name = ["mood", "status"][random.below(2)];
            let label = random.pick(&state.enums[&TableName::plain(name)]).clone();
            (Type::Named(TableName::plain(name)), value(&label))
        }
    };
    let mut column = Column::new(format!("c{at}"), ty);
    column.default = default.filter(|_| random.chance(5));
    column.comment = random.chance(1).then(|| "why".to_owned());
    column
}

fn constraints(table: &mut Table, random: &mut Random) {
    let checks = ["n > 0", "n < 1000 OR n IS NULL", "length(s) < 30", "n <> 5 AND s <> 'x'"];
    for at in 0..random.below(3) {
        let name = random.chance(7).then(|| format!("{}_check_{at}", table.name.name.replace(' ', "_")));
        let check = Check { name, expr: expr(checks[random.below(checks.len())]) };
        if table.checks.iter().all(|other| other.expr != check.expr) {
            table.checks.push(check);
        }
    }
    if random.chance(3) {
        let generated =
            Generated { expr: expr(["n + 1", "n * 2", "length(s)"][random.below(3)]), stored: random.chance(7) };
        let column = Column::new("g", Type::Plain(SqlType::BigInt { unsigned: false }));
        table.columns.push(Column { generated: Some(generated), ..column });
    }
    if random.chance(4) {
        let name = random.chance(4).then(|| format!("{}_u", table.name.name));
        table.uniques.push(Unique { name, columns: vec!["id".to_owned(), "n".to_owned()] });
    }
    for at in 0..random.below(3) {
        let target = match random.below(3) {
            0 => IndexTarget::Column("n".to_owned()),
            1 => IndexTarget::Column("s".to_owned()),
            _ => IndexTarget::Expr(expr("lower(s)")),
        };
        let is_expr = matches!(target, IndexTarget::Expr(_));
        let partial = random.chance(3);
        let only = if is_expr || partial {
            vec![crate::ir::DialectName::Sqlite, crate::ir::DialectName::Postgres]
        } else {
            vec![]
        };
        let index = Index {
            name: (at > 0 || random.chance(5)).then(|| format!("ix{at}_{}", table.name.name)),
            parts: vec![
                IndexPart { target, desc: random.chance(3) },
                IndexPart { target: IndexTarget::Column("id".to_owned()), desc: false },
            ],
            unique: random.chance(2),
            predicate: partial.then(|| expr("n > 3")),
            only,
        };
        table.indexes.push(index);
    }
}

/// Foreign keys between the tables, cycles and keys to oneself included.
fn keys(state: &mut State, random: &mut Random) {
    let names: Vec<_> = state.tables.keys().cloned().collect();
    let single: Vec<_> = names.iter().filter(|name| state.tables[*name].primary_key.len() == 1).cloned().collect();
    for name in &names {
        for at in 0..random.below(3) {
            if single.is_empty() {
                continue;
            }
            let target = random.pick(&single).clone();
            let column = format!("k{at}");
            let table = state.tables.get_mut(name).unwrap();
            table.columns.push(Column::new(column.clone(), Type::Plain(SqlType::BigInt { unsigned: false })));
            table.foreign_keys.push(ForeignKey {
                name: random.chance(3).then(|| format!("fk{at}_{}", name.name)),
                columns: vec![column],
                table: target,
                references: vec!["id".to_owned()],
                on_delete: *random.pick(&[Action::Cascade, Action::NoAction, Action::SetNull]),
                on_update: Action::NoAction,
                deferred: false,
            });
        }
    }
}

/// A state without what is no difference: the order of columns and of constraints.
pub(crate) fn sorted(state: &State) -> State {
    let mut state = state.clone();
    for table in state.tables.values_mut() {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.uniques.sort();
        table.checks.sort_by_key(|check| format!("{check:?}"));
        table.indexes.sort_by_key(|index| format!("{index:?}"));
        table.foreign_keys.sort_by_key(|key| format!("{key:?}"));
    }
    state
}

/// Gives rows that are there a value wherever a change needs one.
pub(crate) fn filled(mut changes: Vec<Change>, to: &State) -> Vec<Change> {
    for change in &mut changes {
        match change {
            Change::AddColumn { column, fill, .. }
                if !column.nullable && column.default.is_none() && column.generated.is_none() =>
            {
                *fill = Some(some_value(&column.ty, to));
            }
            Change::AlterColumn { table, column, change } if change.nullable.as_ref().is_some_and(|both| !both.to) => {
                let column = to.tables.get(table).and_then(|table| table.column(column));
                change.fill = column.map(|column| some_value(&column.ty, to));
            }
            _ => {}
        }
    }
    changes
}

fn some_value(ty: &Type, state: &State) -> Expr {
    let label;
    let text = match ty {
        Type::Named(name) => {
            label = format!("'{}'", state.enums[name][0].replace('\'', "''"));
            &label
        }
        Type::Plain(SqlType::String(_) | SqlType::Text) => "'some'",
        Type::Plain(SqlType::Boolean) => "TRUE",
        Type::Plain(SqlType::Date) => "'2024-01-01'",
        Type::Plain(SqlType::Timestamp) => "'2024-01-01 00:00:00.000000'",
        _ => "id + 100",
    };
    expr(text)
}

/// Statements that put three rows into every table, with values that keep the checks. Keys must not be enforced while
/// they run.
pub(crate) fn inserts(state: &State, quote: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut all = Vec::new();
    for table in state.tables.values() {
        for row in 1..=3 {
            let stored = table.columns.iter().filter(|column| column.generated.is_none());
            let (mut names, mut values) = (Vec::new(), Vec::new());
            for column in stored {
                names.push(quote(&column.name));
                values.push(match (&column.ty, column.name.as_str()) {
                    (_, "id") => row.to_string(),
                    (_, "n" | "n2") => (row + 10).to_string(),
                    (_, name) if name.starts_with('k') && row == 3 => "NULL".to_owned(),
                    (_, name) if name.starts_with('k') => row.to_string(),
                    _ if column.nullable && row == 2 => "NULL".to_owned(),
                    (Type::Named(name), _) => format!("'{}'", state.enums[name][0].replace('\'', "''")),
                    (Type::Plain(SqlType::String(_) | SqlType::Text), _) => format!("'text {row}'"),
                    (Type::Plain(SqlType::Date), _) => format!("'2024-01-0{row}'"),
                    (Type::Plain(SqlType::Timestamp), _) => format!("'2024-01-0{row} 10:00:00.000000'"),
                    (Type::Plain(SqlType::Boolean), _) => "TRUE".to_owned(),
                    _ => row.to_string(),
                });
            }
            let name = quote(&table.name.name);
            all.push(format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), values.join(", ")));
        }
    }
    all
}

/// Renames tables and columns at random, exchanges included, and tells the diff about it.
pub(crate) fn renamed(from: &State, random: &mut Random) -> (State, Renames) {
    let mut renames = Renames::default();
    let names: Vec<_> = from.tables.keys().cloned().collect();
    let mut shuffled: Vec<_> = names
        .iter()
        .map(|name| if random.chance(3) { plain(&format!("{}2", name.name)) } else { name.clone() })
        .collect();
    if shuffled.len() > 2 && random.chance(5) {
        shuffled.swap(0, 1);
    }
    let mut to = State { enums: from.enums.clone(), ..State::default() };
    for (old, new) in names.iter().zip(&shuffled) {
        let mut table = from.tables[old].clone();
        table.name = new.clone();
        for key in &mut table.foreign_keys {
            let at = names.iter().position(|name| *name == key.table).unwrap();
            key.table = shuffled[at].clone();
        }
        to.tables.insert(new.clone(), table);
        if old != new {
            renames.tables.insert(new.clone(), old.clone());
        }
    }
    for name in &shuffled {
        let (one, two) = match random.below(3) {
            0 => ("n", "s"),
            1 => ("n", "number"),
            _ => continue,
        };
        let both = |from: &str, to: &str| Both { from: from.to_owned(), to: to.to_owned() };
        let mut rename = |from: &str, new: &str| {
            let change = Change::RenameColumn { table: name.clone(), name: both(from, new) };
            replay::apply(&mut to, &change).unwrap();
        };
        rename(one, "between");
        if two == "s" {
            rename(two, one);
            renames.columns.insert((name.clone(), one.to_owned()), two.to_owned());
        }
        rename("between", two);
        renames.columns.insert((name.clone(), two.to_owned()), one.to_owned());
    }
    (to, renames)
}
