//! One column of `CREATE TABLE`.

use super::dialect::Comments;
use super::walk::{Walk, place as table_place};
use super::{literal, types};
use crate::codes;
use crate::ir::check::types::is_type_text;
use crate::ir::{Column, ColumnId, Default, DialectName, EnumId, Index, IndexTarget, SqlType, Table};

/// `table "album", column "title"`, for places.
pub(super) fn place(table: &Table, column: &Column) -> String {
    format!("{}, column \"{}\"", table_place(table), column.name)
}

/// The column whose definition says PRIMARY KEY itself: SQLite's auto-increment key, which must be spelled
/// `INTEGER PRIMARY KEY` to be an alias of the row id.
pub(super) fn inline_key(walk: &mut Walk<'_>, table: &Table) -> Option<ColumnId> {
    let [id] = table.primary_key[..] else { return None };
    let column = table.column(id);
    let wanted = walk.dialect.name == DialectName::Sqlite && column.default == Some(Default::AutoIncrement);
    (wanted && !table.sqlite.without_rowid).then_some(id)
}

/// The definition of a column. `None`, with a diagnostic, when its type cannot be written.
pub(super) fn definition(
    walk: &mut Walk<'_>,
    table: &Table,
    id: ColumnId,
    inline_key: Option<ColumnId>,
) -> Option<String> {
    let column = table.column(id);
    let name = walk.ident(&column.name);
    if inline_key == Some(id) {
        let suffix = if table.sqlite.autoincrement { " AUTOINCREMENT" } else { "" };
        return Some(format!("{name} INTEGER PRIMARY KEY{suffix}"));
    }
    let mut text = format!("{name} {}", type_and_collation(walk, table, column)?);
    let generated = generated(walk, table, column);
    let is_generated = generated.is_some();
    text.push_str(&generated.unwrap_or_default());
    text.push_str(nullability(walk, column, is_generated));
    if !is_generated {
        text.push_str(&default(walk, table, id));
    }
    if let Some(ty) = checked_enum(walk, column) {
        let labels = types::labels(walk.schema.enum_type(ty), walk.dialect);
        text.push_str(&format!(" CHECK ({name} IN ({labels}))"));
    }
    if let Some(comment) = column.comment.as_ref().filter(|_| walk.dialect.comments == Comments::Inline) {
        text.push_str(&format!(" COMMENT {}", walk.text(comment)));
    }
    Some(text)
}

/// The type and the collation.
pub(super) fn type_and_collation(walk: &mut Walk<'_>, table: &Table, column: &Column) -> Option<String> {
    let mut text = type_text(walk, table, column)?;
    if let Some(collation) = &column.collation {
        text.push_str(&collate(walk, table, column, collation));
    }
    Some(text)
}

fn type_text(walk: &mut Walk<'_>, table: &Table, column: &Column) -> Option<String> {
    let dialect = walk.dialect;
    let declared = column.declared.as_ref().and_then(|raw| raw.get(dialect.name));
    if let Some(text) = declared.filter(|text| is_type_text(text)) {
        return Some(text.to_owned());
    }
    let spelling = types::spelling(&column.ty, dialect, walk.schema);
    let refusal = match spelling {
        Ok(_) if dialect.name == DialectName::Sqlite && table.sqlite.strict => {
            return Some(types::strict(&column.ty, walk.schema).to_owned());
        }
        Ok(text) if rowid_by_accident(walk, table, column, &text) => return Some("INT".to_owned()),
        Ok(text) => return Some(text),
        Err(refusal) => refusal,
    };
    let code = if refusal.malformed { codes::RAW_TYPE } else { codes::UNSUPPORTED };
    let message = format!("the type of the column is not possible on {}: {}", dialect.label, refusal.reason);
    walk.error(code, place(table, column), message, refusal.help);
    None
}

/// A lone `INTEGER` key would be numbered by SQLite and take NULL for "make one", which nobody asked for; `INT` is not.
fn rowid_by_accident(walk: &Walk<'_>, table: &Table, column: &Column, text: &str) -> bool {
    let lone = matches!(table.primary_key[..], [id] if std::ptr::eq(table.column(id), column));
    walk.dialect.name == DialectName::Sqlite && lone && text == "INTEGER" && !table.sqlite.without_rowid
}

/// The enum whose labels a check must hold, where the database has no enum types.
fn checked_enum(walk: &Walk<'_>, column: &Column) -> Option<EnumId> {
    match literal::base(&column.ty, walk.schema) {
        SqlType::Enum(id) if walk.dialect.name == DialectName::Sqlite => Some(*id),
        _ => None,
    }
}

/// Collations are named by the database: a name of another one is reported and left out.
fn collate(walk: &mut Walk<'_>, table: &Table, column: &Column, collation: &str) -> String {
    let sqlite = ["BINARY", "NOCASE", "RTRIM"].iter().any(|name| name.eq_ignore_ascii_case(collation));
    let known = match walk.dialect.name {
        DialectName::Sqlite => sqlite,
        // Names are told apart by upper and lower case there, and `nocase` may be one of the user's own.
        DialectName::Postgres => !["BINARY", "NOCASE", "RTRIM"].contains(&collation),
        DialectName::Mysql => collation == "binary" || (collation.contains('_') && !collation.contains(['-', '.'])),
    };
    if known {
        return format!(" COLLATE {}", walk.ident(collation));
    }
    let message = format!("there is no collation {collation:?}");
    walk.unsupported(place(table, column), message, "leave the collation out, or leave this database out");
    String::new()
}

fn generated(walk: &mut Walk<'_>, table: &Table, column: &Column) -> Option<String> {
    let generated = column.generated.as_ref()?;
    let text = walk.expr(&generated.expr, &|| place(table, column))?;
    let stored = generated.stored || !walk.dialect.virtual_columns;
    if stored && !generated.stored {
        let message = format!("{} before 18 stores every generated column; this one is written as stored", {
            walk.dialect.label
        });
        walk.warning(codes::UNSUPPORTED, place(table, column), message, "make it stored everywhere");
    }
    Some(format!(" GENERATED ALWAYS AS ({text}) {}", if stored { "STORED" } else { "VIRTUAL" }))
}

/// Written out also for NULL on MySQL, where a TIMESTAMP is not null unless it says so on older servers.
fn nullability(walk: &Walk<'_>, column: &Column, is_generated: bool) -> &'static str {
    match (column.nullable, walk.dialect.name) {
        (false, _) if is_generated && !walk.dialect.generated_not_null => "",
        (false, _) => " NOT NULL",
        (true, DialectName::Mysql) if !is_generated && column.ty == SqlType::Timestamp => " NULL",
        (true, _) => "",
    }
}

pub(super) fn default(walk: &mut Walk<'_>, table: &Table, id: ColumnId) -> String {
    let column = table.column(id);
    let ty = literal::base(&column.ty, walk.schema);
    match &column.default {
        None => String::new(),
        Some(Default::Value(value)) => format!(" DEFAULT {}", literal::constant(value, ty, walk.dialect.name)),
        Some(Default::Now) => format!(" DEFAULT {}", now(walk, column, ty)),
        Some(Default::Expr(expr)) => {
            let text = walk.expr(expr, &|| place(table, column));
            text.map(|text| format!(" DEFAULT ({text})")).unwrap_or_default()
        }
        Some(Default::AutoIncrement) => auto_increment(walk, table, id),
    }
}

/// The current time. MySQL wants it with as many digits behind the seconds as the column has.
fn now(walk: &Walk<'_>, column: &Column, ty: &SqlType) -> String {
    let text = literal::now(ty, walk.dialect.name);
    let declared = column.declared.as_ref().and_then(|raw| raw.get(DialectName::Mysql));
    match declared.filter(|_| walk.dialect.name == DialectName::Mysql).zip(text.strip_suffix("(6)")) {
        Some((spelled, bare)) => {
            let digits =
                spelled.split_once('(').and_then(|(_, rest)| rest.split_once(')')?.0.trim().parse::<u8>().ok());
            digits.map_or_else(|| bare.to_owned(), |digits| format!("{bare}({digits})"))
        }
        None => text.to_owned(),
    }
}

/// Whether a key or an index begins with a column: InnoDB numbers no other ones.
fn is_first_of_a_key(table: &Table, id: ColumnId) -> bool {
    let of_index = |index: &Index| index.parts.first().is_some_and(|part| part.target == IndexTarget::Column(id));
    table.primary_key.first() == Some(&id)
        || table.uniques.iter().any(|unique| unique.columns.first() == Some(&id))
        || table.indexes.iter().any(of_index)
}

fn auto_increment(walk: &mut Walk<'_>, table: &Table, id: ColumnId) -> String {
    match walk.dialect.name {
        DialectName::Postgres => " GENERATED BY DEFAULT AS IDENTITY".to_owned(),
        DialectName::Mysql if is_first_of_a_key(table, id) => " AUTO_INCREMENT".to_owned(),
        DialectName::Mysql => {
            let owner = place(table, table.column(id));
            walk.unsupported(owner, "only the first column of a key or an index is numbered", "make it that");
            String::new()
        }
        DialectName::Sqlite => {
            let owner = place(table, table.column(id));
            let help = "make it the only column of the primary key, with a row id";
            walk.unsupported(owner, "only a lone integer primary key is numbered", help);
            String::new()
        }
    }
}
