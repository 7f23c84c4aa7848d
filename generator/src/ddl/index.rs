//! Indexes, in statements of their own or inside the table.

use super::name;
use super::walk::{Walk, place};
use super::{column, literal};
use crate::codes;
use crate::ir::{Column, ColumnId, DialectName, Index, IndexTarget, SqlType, Table};

/// InnoDB's limit of a key, in bytes.
const MYSQL_KEY_BYTES: u64 = 3072;

/// `CREATE INDEX`. `None` when the index is not for this dialect, or cannot be (then with a diagnostic).
pub(super) fn statement(walk: &mut Walk<'_>, table: &Table, index: &Index) -> Option<String> {
    let (name, parts, predicate) = pieces(walk, table, index)?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let missing = walk.if_not_exists();
    Some(format!("CREATE {unique}INDEX {missing}{name} ON {} ({parts}){predicate}", walk.table_name(&table.name)))
}

/// The index as a line of `CREATE TABLE`.
pub(super) fn inline(walk: &mut Walk<'_>, table: &Table, index: &Index) -> Option<String> {
    let (name, parts, _) = pieces(walk, table, index)?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    Some(format!("{unique}INDEX {name} ({parts})"))
}

/// Quoted name, parts and predicate.
fn pieces(walk: &mut Walk<'_>, table: &Table, index: &Index) -> Option<(String, String, String)> {
    if !index.only.is_empty() && !index.only.contains(&walk.dialect.name) {
        return None;
    }
    let owner = || owner(table, index);
    if index.predicate.is_some() && !walk.dialect.partial_indexes {
        walk.unsupported(owner(), "an index cannot have a condition", "add `only: [sqlite, postgres]` to the index");
        return None;
    }
    let mut parts = Vec::new();
    for part in &index.parts {
        let target = match &part.target {
            IndexTarget::Column(id) => walk.ident(&table.column(*id).name),
            IndexTarget::Expr(_) if !walk.dialect.expression_indexes => {
                let help = "index a generated column, or add `only: [sqlite, postgres]` to the index";
                walk.unsupported(owner(), "an index cannot be over an expression", help);
                return None;
            }
            IndexTarget::Expr(expr) => format!("({})", walk.expr(expr, &owner)?),
        };
        parts.push(if part.desc { format!("{target} DESC") } else { target });
    }
    let predicate = match &index.predicate {
        Some(expr) => format!(" WHERE {}", walk.expr(expr, &owner)?),
        None => String::new(),
    };
    check_key(walk, table, &columns(index), "an index");
    let parts = parts.join(", ");
    let name = index_name(walk, table, index, &format!("{}{parts}{predicate}", index.unique));
    Some((walk.ident(&name), parts, predicate))
}

fn columns(index: &Index) -> Vec<ColumnId> {
    let column = |target: &IndexTarget| match target {
        IndexTarget::Column(id) => Some(*id),
        IndexTarget::Expr(_) => None,
    };
    index.parts.iter().filter_map(|part| column(&part.target)).collect()
}

fn owner(table: &Table, index: &Index) -> String {
    match &index.name {
        Some(name) => format!("{}, index \"{name}\"", place(table)),
        None => {
            let columns = columns(index);
            let names: Vec<&str> = columns.iter().map(|id| table.column(*id).name.as_str()).collect();
            format!("{}, index on ({})", place(table), names.join(", "))
        }
    }
}

/// The given name, or `<table>_<columns>_idx`; a made name that is taken gets a hash of the definition.
fn index_name(walk: &mut Walk<'_>, table: &Table, index: &Index, definition: &str) -> String {
    let dialect = walk.dialect;
    let scope = |name: &str| dialect.index_scope(&table.name, name);
    if let Some(name) = &index.name {
        let taken = !walk.taken.insert(scope(name));
        walk.check_name(name, || owner(table, index));
        if taken {
            let message = format!("the name of the index is taken on {}", walk.dialect.label);
            walk.error(codes::SQL_NAME, owner(table, index), message, "choose another name");
        }
        return name.clone();
    }
    let columns = columns(index);
    let names = columns.iter().map(|id| table.column(*id).name.as_str());
    let name = name::made(&table.name.name, names, "idx");
    if walk.taken.insert(scope(&name)) {
        return name;
    }
    let name = name::distinct(&name, definition, "idx");
    walk.taken.insert(scope(&name));
    name
}

/// The bytes of a column whose spelled type has a length: `binary(16)`, `varchar(80)`.
fn declared_bytes(column: &Column) -> Option<u64> {
    let text = column.declared.as_ref()?.get(DialectName::Mysql)?.to_ascii_lowercase();
    let (word, rest) = text.split_once('(')?;
    let length: u64 = rest.split_once(')')?.0.trim().parse().ok()?;
    match word.trim() {
        "binary" | "varbinary" => Some(length),
        "char" | "varchar" => Some(length * 4),
        _ => None,
    }
}

/// Reports columns that MySQL cannot have in a key: texts without a length, and more bytes than InnoDB allows.
pub(super) fn check_key(walk: &mut Walk<'_>, table: &Table, columns: &[ColumnId], what: &str) {
    if walk.dialect.name != DialectName::Mysql {
        return;
    }
    let mut bytes = 0_u64;
    for id in columns {
        let item = table.column(*id);
        if let Some(length) = declared_bytes(item) {
            bytes += length;
            continue;
        }
        match literal::base(&item.ty, walk.schema) {
            SqlType::Text | SqlType::Bytes | SqlType::Json => {
                let message = format!("{what} cannot hold a column without a length");
                walk.unsupported(column::place(table, item), message, "use `string(n)`, or leave this database out");
            }
            SqlType::String(length) => bytes += u64::from(*length) * 4,
            _ => bytes += 8,
        }
    }
    if bytes > MYSQL_KEY_BYTES {
        let message = format!("{what} of {bytes} bytes is longer than {MYSQL_KEY_BYTES} bytes");
        walk.unsupported(place(table), message, "use shorter strings: a character takes four bytes");
    }
}
