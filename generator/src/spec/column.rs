//! Columns, in the short form where it can say everything.

use super::yaml_text::Yaml;
use super::{Of, Writer, expression, raw};
use crate::ir::{Column, ColumnId, Default, Index, IndexTarget, Literal, SqlType, Table};
use crate::names;

/// What is written at a column instead of at its table. The order of constraints stays: only the first ones go.
pub(super) struct Flags {
    /// Whether the key is marked at its columns.
    pub primary: bool,
    /// Columns of the first unique constraints.
    pub uniques: Vec<ColumnId>,
    /// Columns of the first indexes.
    pub indexes: Vec<ColumnId>,
}

impl Flags {
    pub fn of(table: &Table) -> Self {
        let unique = |unique: &crate::ir::Unique| match unique.columns.as_slice() {
            [only] if unique.name.is_none() => Some(*only),
            _ => None,
        };
        Self {
            primary: table.primary_key.is_sorted(),
            uniques: rising(table.uniques.iter().map(unique)),
            indexes: rising(table.indexes.iter().map(plain_index)),
        }
    }
}

/// The columns at the front, as long as they are there and in order.
fn rising(columns: impl Iterator<Item = Option<ColumnId>>) -> Vec<ColumnId> {
    let mut found: Vec<ColumnId> = Vec::new();
    for column in columns {
        match column {
            Some(column) if found.last().is_none_or(|last| *last < column) => found.push(column),
            _ => break,
        }
    }
    found
}

fn plain_index(index: &Index) -> Option<ColumnId> {
    let plain = index.name.is_none() && !index.unique && index.predicate.is_none() && index.only.is_empty();
    match index.parts.as_slice() {
        [part] if plain && !part.desc => match part.target {
            IndexTarget::Column(column) => Some(column),
            IndexTarget::Expr(_) => None,
        },
        _ => None,
    }
}

/// The key of a column that is not a field of its model.
pub(super) fn fieldless_key(of: Of<'_>, column: ColumnId) -> String {
    let sql = of.table.columns.get(column.index()).map_or("", |column| column.name.as_str());
    let mut key = names::field(sql);
    while of.model.fields.iter().any(|field| field.name == key) {
        key.push_str(&format!("_{}", column.index()));
    }
    key
}

impl Writer<'_> {
    pub(super) fn columns(&self, of: Of<'_>, flags: &Flags) -> Vec<(String, Yaml)> {
        let column = |(at, column): (usize, &Column)| {
            let id = ColumnId::from(at);
            let key = of.key(id);
            let words = words(of, id, column, flags);
            let extra = self.extra(of, id, column, &key);
            let default = default(of, column);
            let value = self.short(column, &words, &extra, default.as_ref());
            let value = value.unwrap_or_else(|| self.long(column, &words, extra, default));
            (key, value)
        };
        of.table.columns.iter().enumerate().map(column).collect()
    }

    /// `TYPE words = VALUE`, when there is nothing more to say.
    fn short(
        &self,
        column: &Column,
        words: &[&'static str],
        extra: &[(&'static str, Yaml)],
        default: Option<&Yaml>,
    ) -> Option<Yaml> {
        if !extra.is_empty() || matches!(column.ty, SqlType::Raw(_)) {
            return None;
        }
        let mut text = self.type_text(&column.ty);
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
        match default {
            None => {}
            Some(Yaml::Text(value)) if is_short_value(value) => text.push_str(&format!(" = {value}")),
            Some(_) => return None,
        }
        Some(Yaml::text(text))
    }

    fn long(
        &self,
        column: &Column,
        words: &[&'static str],
        extra: Vec<(&'static str, Yaml)>,
        default: Option<Yaml>,
    ) -> Yaml {
        let mut map = vec![self.type_entry("type", &column.ty)];
        map.extend(words.iter().map(|word| (*word, Yaml::yes())));
        map.extend(default.map(|default| ("default", default)));
        map.extend(extra);
        Yaml::Map(map)
    }

    /// `type: …`, or `raw: …` for a type that is spelled by hand.
    pub(super) fn type_entry(&self, key: &'static str, ty: &SqlType) -> (&'static str, Yaml) {
        match ty {
            SqlType::Raw(spelled) => ("raw", raw(spelled)),
            ty => (key, Yaml::text(self.type_text(ty))),
        }
    }

    fn type_text(&self, ty: &SqlType) -> String {
        match ty {
            SqlType::Array(inner) => format!("{}[]", self.type_text(inner)),
            SqlType::Enum(id) => self.schema.enums.get(id.index()).map_or(String::new(), |ty| ty.name.clone()),
            SqlType::Custom(id) => self.schema.customs.get(id.index()).map_or(String::new(), |ty| ty.name.clone()),
            plain => plain_type(plain),
        }
    }

    /// What only the long form has.
    fn extra(&self, of: Of<'_>, id: ColumnId, column: &Column, key: &str) -> Vec<(&'static str, Yaml)> {
        let mut map = Vec::new();
        let mut put = |key: &'static str, value: Option<Yaml>| map.extend(value.map(|value| (key, value)));
        put("column", (column.name != key).then(|| Yaml::text(&column.name)));
        put("field", of.field(id).is_none().then_some(Yaml::Word("false")));
        put("auto", self.auto(of, id, column));
        put(
            "generated",
            column.generated.as_ref().map(|generated| {
                let expr = expression(of, &generated.expr);
                let stored = Yaml::Word(if generated.stored { "true" } else { "false" });
                Yaml::Map(vec![("expr", expr), ("stored", stored)])
            }),
        );
        put("collation", column.collation.as_ref().map(Yaml::text));
        put("comment", column.comment.as_ref().map(Yaml::text));
        put("renamed_from", column.renamed_from.as_ref().map(Yaml::text));
        put("declared", column.declared.as_ref().filter(|_| self.options.declared).map(raw));
        map
    }

    /// Whether the database numbers the column, where it is not as one would expect: a key that is one integer, without
    /// a default and no foreign key, is numbered.
    fn auto(&self, of: Of<'_>, id: ColumnId, column: &Column) -> Option<Yaml> {
        let table = of.table;
        let integer = matches!(column.ty, SqlType::Integer { .. } | SqlType::BigInt { .. });
        let foreign = table.foreign_keys.iter().any(|key| key.columns.contains(&id));
        let free = column.generated.is_none() && !column.nullable && !foreign && table.primary_key == [id];
        match &column.default {
            Some(Default::AutoIncrement) if !(integer && free) => Some(Yaml::yes()),
            None if integer && free => Some(Yaml::Word("false")),
            _ => None,
        }
    }
}

fn default(of: Of<'_>, column: &Column) -> Option<Yaml> {
    match column.default.as_ref()? {
        Default::AutoIncrement => None,
        Default::Now => Some(Yaml::text("now")),
        Default::Value(Literal::Null) => Some(sql(Yaml::text("NULL"))),
        Default::Value(literal) => Some(Yaml::text(written(literal))),
        Default::Expr(expr) => Some(sql(expression(of, expr))),
    }
}

fn sql(expr: Yaml) -> Yaml {
    Yaml::Map(vec![("sql", expr)])
}

fn words(of: Of<'_>, id: ColumnId, column: &Column, flags: &Flags) -> Vec<&'static str> {
    [
        ("null", column.nullable),
        ("primary", flags.primary && of.table.primary_key.contains(&id)),
        ("unique", flags.uniques.contains(&id)),
        ("index", flags.indexes.contains(&id)),
        ("version", of.field(id).is_some_and(|field| field.version)),
    ]
    .into_iter()
    .filter(|(_, set)| *set)
    .map(|(word, _)| word)
    .collect()
}

/// A constant as a spec has it; the column gives it its type again.
fn written(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Int(value) => value.to_string(),
        Literal::Number(text) | Literal::Text(text) => text.clone(),
        Literal::Bool(value) => value.to_string(),
        Literal::Bytes(bytes) if bytes.is_empty() => String::new(),
        Literal::Bytes(bytes) => format!("0x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// Whether a constant can follow `=`: blanks at its ends would be lost, and quotes around it doubtful.
fn is_short_value(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && !value.contains(char::is_control) && !value.starts_with(['"', '\''])
}

/// A type that needs no look-up, as a spec spells it.
pub(crate) fn plain_type(ty: &SqlType) -> String {
    let integer = |word: &str, unsigned: bool| format!("{word}{}", if unsigned { " unsigned" } else { "" });
    let word = match ty {
        SqlType::TinyInt { unsigned } => return integer("tinyint", *unsigned),
        SqlType::SmallInt { unsigned } => return integer("smallint", *unsigned),
        SqlType::Integer { unsigned } => return integer("integer", *unsigned),
        SqlType::BigInt { unsigned } => return integer("bigint", *unsigned),
        SqlType::Decimal(Some((precision, scale))) => return format!("decimal({precision},{scale})"),
        SqlType::String(length) => return format!("string({length})"),
        SqlType::Real => "real",
        SqlType::Double => "double",
        SqlType::Decimal(None) => "decimal",
        SqlType::Boolean => "boolean",
        SqlType::Bytes => "bytes",
        SqlType::Date => "date",
        SqlType::Time => "time",
        SqlType::DateTime => "datetime",
        SqlType::Timestamp => "timestamp",
        SqlType::Interval => "interval",
        SqlType::Uuid => "uuid",
        SqlType::Json => "json",
        SqlType::Text | SqlType::Raw(_) | SqlType::Array(_) | SqlType::Enum(_) | SqlType::Custom(_) => "text",
    };
    word.to_owned()
}
