//! Columns: the short form `TYPE [null] [primary] [unique] [index] [version] [= VALUE]`, and the long one.

use std::ops::Range;

use super::keys;
use super::read::{Map, Reader};
use super::tree::{Entry, Kind, Node, Style, quoted};
use super::types;
use crate::codes;
use crate::diag::{Place, suggest};
use crate::ir::check::types as known_types;
use crate::ir::draft::{At, RawDefault, RawExpr, Type};
use crate::ir::{RawType, SqlType};

/// A column as the spec has it.
#[derive(Debug, Clone)]
pub(super) struct ColumnSpec {
    pub(super) field: At<String>,
    /// SQL name, when it differs from the field's.
    pub(super) column: Option<At<String>>,
    /// `None` when it could not be read; that has been reported.
    pub(super) ty: Option<At<Type>>,
    pub(super) flags: Flags,
    pub(super) default: Option<At<RawDefault>>,
    pub(super) check: Option<At<RawExpr>>,
    pub(super) comment: Option<String>,
    pub(super) generated: Option<(At<RawExpr>, bool)>,
    pub(super) collation: Option<String>,
    pub(super) renamed_from: Option<String>,
    pub(super) rust: Option<At<String>>,
    pub(super) with: Option<At<String>>,
    /// Whether the model has a field for the column.
    pub(super) visible: bool,
    /// Whether the database numbers the column, where the spec says so.
    pub(super) auto: Option<bool>,
    /// Spelling of the type in the database.
    pub(super) declared: Option<RawType>,
}

/// The words after the type, each with its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Flags {
    pub(super) null: Option<Place>,
    pub(super) primary: Option<Place>,
    pub(super) unique: Option<Place>,
    pub(super) index: Option<Place>,
    pub(super) version: Option<Place>,
}

const FLAGS: &[&str] = &["null", "primary", "unique", "index", "version"];

impl Flags {
    fn slot(&mut self, word: &str) -> Option<&mut Option<Place>> {
        Some(match word {
            "null" => &mut self.null,
            "primary" => &mut self.primary,
            "unique" => &mut self.unique,
            "index" => &mut self.index,
            "version" => &mut self.version,
            _ => return None,
        })
    }
}

/// Reads a column.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> ColumnSpec {
    let mut spec = ColumnSpec {
        field: At::new(entry.key.clone(), reader.place(&entry.key_span)),
        column: None,
        ty: None,
        flags: Flags::default(),
        default: None,
        check: None,
        comment: None,
        generated: None,
        collation: None,
        renamed_from: None,
        rust: None,
        with: None,
        visible: true,
        auto: None,
        declared: None,
    };
    match &entry.value.kind {
        Kind::Text(..) if entry.value.is_blank() => {
            if !reader.eaten_by_comment(&entry.value, "") {
                let message = format!("the column `{}` has no type", entry.key);
                reader.error(
                    codes::SPEC_MISSING,
                    &entry.key_span,
                    message,
                    "write for instance `text` after the colon",
                );
            }
        }
        Kind::Text(text, style) => short(reader, &mut spec, &entry.value, text, *style),
        Kind::Map(_) => long(reader, &mut spec, entry),
        Kind::Refused => {}
        Kind::Seq(_) => {
            let help = "write `TYPE [null] [primary] [unique] [index] [version] [= VALUE]`, or a mapping";
            reader.error(codes::YAML_SHAPE, &entry.value.span, "a column is a text or a mapping, not a list", help);
        }
    }
    spec
}

/// The words of the short form with their byte ranges; brackets hold a word together.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut depth) = (None, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            words.extend(start.take().map(|start| start..at));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

fn short(reader: &mut Reader<'_>, spec: &mut ColumnSpec, node: &Node, text: &str, style: Style) {
    let (head, value) = match text.split_once('=') {
        Some((head, value)) => (head, Some(value)),
        None => (text, None),
    };
    let word_of = |range: &Range<usize>| head.get(range.clone()).unwrap_or_default();
    let mut words = words(head).into_iter().peekable();
    let Some(mut ty) = words.next() else {
        let span = reader.part(node, 0..text.len());
        return reader.error(
            codes::COLUMN_FORM,
            &span,
            "the type is missing",
            "write a type first, for instance `text = x`",
        );
    };
    if let Some(next) = words.next_if(|w| matches!(word_of(w), "unsigned" | "unsigned[]")) {
        ty.end = next.end;
    }
    if FLAGS.contains(&word_of(&ty)) {
        let span = reader.part(node, ty.clone());
        let message = format!("the type is missing before `{}`", word_of(&ty));
        return reader.error(
            codes::COLUMN_FORM,
            &span,
            message,
            "a column begins with its type, for instance `bigint primary`",
        );
    }
    spec.ty = self::ty(reader, node, ty.start, word_of(&ty));
    for range in words {
        let word = word_of(&range);
        let span = reader.part(node, range.clone());
        let place = reader.place(&span);
        match spec.flags.slot(word) {
            Some(slot @ None) => *slot = Some(place),
            Some(_) => {
                reader.error(codes::COLUMN_FORM, &span, format!("`{word}` stands here twice"), "remove one of them");
            }
            None => {
                // one finding for `not null` and the like
                let rest = head.get(range.start..).unwrap_or_default();
                reader.error(
                    codes::COLUMN_FORM,
                    &span,
                    format!("`{word}` is no word of a column"),
                    flag_help(word, rest),
                );
                break;
            }
        }
    }
    if let Some(value) = value {
        spec.default = default(reader, node, text, value, style);
    }
}

fn flag_help(word: &str, rest: &str) -> String {
    let lower = rest.to_lowercase();
    let first = word.to_lowercase();
    match first.as_str() {
        "not" | "required" | "notnull" => "columns are not null unless `null` says so: leave it out".into(),
        "nullable" | "optional" | "?" => "write `null`".into(),
        "default" => {
            let value = rest.get(word.len()..).unwrap_or_default().trim();
            format!("write `= {}` at the end", if value.is_empty() { "VALUE" } else { value })
        }
        "key" if lower.starts_with("key") => "write `primary` alone".into(),
        "pk" => "write `primary`".into(),
        "autoincrement" | "auto_increment" | "identity" | "serial" => {
            "leave it out: an integer primary key is numbered by the database".into()
        }
        "references" | "foreign" | "fk" => "declare it under `relations:` with `belongs_to`".into(),
        "check" | "comment" | "collation" | "collate" | "generated" | "column" | "rust" => {
            format!("use the long form: {{ type: …, {}: … }}", if first == "collate" { "collation" } else { &first })
        }
        _ => match suggest(word, FLAGS.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "after the type come `null`, `primary`, `unique`, `index`, `version` and `= VALUE`".into(),
        },
    }
}

fn ty(reader: &mut Reader<'_>, node: &Node, start: usize, text: &str) -> Option<At<Type>> {
    let span = reader.part(node, start..start + text.len());
    match types::parse(text) {
        Ok(ty) => {
            let place = reader.place(&span);
            if let Type::Plain(plain) = &ty
                && let Some((message, help)) = known_types::arguments(plain)
            {
                reader.error(codes::TYPE_ARGUMENT, &span, message, help);
                return None;
            }
            Some(At::new(ty, place))
        }
        Err(e) => {
            let span = reader.part(node, start + e.range.start..start + e.range.end);
            reader.error(e.code, &span, e.message, e.help);
            None
        }
    }
}

/// The value after `=`, without the space around it.
fn default(reader: &mut Reader<'_>, node: &Node, text: &str, value: &str, style: Style) -> Option<At<RawDefault>> {
    let trimmed = value.trim();
    let start = text.len() - value.trim_start().len();
    let span = reader.part(node, start..start + trimmed.len());
    if trimmed.is_empty() {
        let written = text.trim_end();
        if style == Style::Plain && reader.eaten_by_comment(node, written) {
            return None;
        }
        let head = written.trim_end_matches('=').trim_end();
        let span = reader.part(node, text.find('=').unwrap_or(0)..text.len());
        let help =
            format!("leave the `=` out, or write the empty text in the long form: {{ type: {head}, default: \"\" }}");
        reader.error(codes::COLUMN_FORM, &span, "nothing stands after `=`", help);
        return None;
    }
    let wrapped = |q: char| trimmed.len() > 1 && trimmed.starts_with(q) && trimmed.ends_with(q);
    if wrapped('"') || wrapped('\'') {
        let inner = trimmed.get(1..trimmed.len() - 1).unwrap_or_default();
        let place = reader.place(&span);
        let message = format!("the quotes are part of the default: it is {trimmed} with them");
        let head = text.get(..text.len() - value.len()).unwrap_or_default();
        reader.diagnostics.push(crate::diag::Diagnostic::warning(codes::COLUMN_QUOTES, place, message).help(format!(
            "write `{head} {inner}` without them; if they belong to the value, use the long form: default: {}",
            quoted(trimmed)
        )));
    }
    let place = reader.place(&span);
    Some(At::new(RawDefault::Written(trimmed.to_owned()), place))
}

fn long(reader: &mut Reader<'_>, spec: &mut ColumnSpec, entry: &Entry) {
    let what = format!("the column `{}`", entry.key);
    let Some(map) = reader.map(&entry.value, &what) else { return };
    reader.known(map, &what, keys::COLUMN);
    spec.ty = type_or_raw(reader, map, &what, "type", &entry.key_span);
    for flag in FLAGS {
        if let Some(node) = map.get(flag)
            && reader.flag(node, &format!("`{flag}`"))
            && let Some(slot) = spec.flags.slot(flag)
        {
            *slot = Some(reader.place(&node.span));
        }
    }
    let mut text = |key: &str| map.get(key).and_then(|node| reader.text(node, &format!("`{key}`")));
    spec.column = text("column");
    spec.rust = text("rust");
    spec.with = text("with");
    spec.comment = text("comment").map(|t| t.value);
    spec.collation = text("collation").map(|t| t.value);
    spec.renamed_from = text("renamed_from").map(|t| t.value);
    spec.visible = map.get("field").is_none_or(|node| reader.flag(node, "`field`"));
    spec.auto = map.get("auto").map(|node| reader.flag(node, "`auto`"));
    spec.declared = map.get("declared").and_then(|node| reader.per_dialect(node, "`declared`"));
    spec.check = map.get("check").and_then(|node| reader.expr(node, "`check`"));
    spec.default = map.get("default").and_then(|node| long_default(reader, node));
    spec.generated = map.get("generated").and_then(|node| generated(reader, node));
    if let (Some(_), Some(node)) = (&spec.generated, map.get("default")) {
        reader.error(
            codes::SPEC_CONFLICT,
            &node.span,
            "a generated column has no default",
            "remove `default` or `generated`",
        );
        spec.default = None;
    }
    if let (Some(true), Some(node)) = (spec.auto, map.get("default")) {
        let help = "remove `default` or `auto`";
        reader.error(codes::SPEC_CONFLICT, &node.span, "a column that the database numbers has no default", help);
        spec.default = None;
    }
    if let (None, Some(with)) = (&spec.rust, map.get("with")) {
        reader.error(codes::SPEC_MISSING, &with.span, "`with` needs `rust`", "name the Rust type with `rust:`");
    }
}

/// The type of a column or custom type: a word under `key`, or a spelling per database under `raw`.
pub(super) fn type_or_raw(
    reader: &mut Reader<'_>,
    map: Map<'_>,
    what: &str,
    key: &str,
    whole: &Range<usize>,
) -> Option<At<Type>> {
    match (map.get(key), map.get("raw")) {
        (Some(node), Some(_)) => {
            let message = format!("{what} has both `{key}` and `raw`");
            reader.error(codes::SPEC_CONFLICT, &node.span, message, "keep one of them");
            None
        }
        (None, Some(node)) => {
            let raw = reader.per_dialect(node, "`raw`")?;
            Some(At::new(Type::Plain(SqlType::Raw(raw)), reader.place(&node.span)))
        }
        (None, None) => {
            let message = format!("{what} has no type");
            reader.error(codes::SPEC_MISSING, whole, message, format!("add for instance `{key}: text`"));
            None
        }
        (Some(node), None) if matches!(node.kind, Kind::Map(_)) => raw_inside(reader, node, key),
        (Some(node), None) => {
            let text = reader.text(node, &format!("`{key}`"))?;
            let extra = words(&text.value).len() > 1 && !text.value.contains("unsigned");
            if extra || text.value.contains('=') {
                let (message, help) = (
                    format!("`{key}` takes the type alone"),
                    "in the long form the rest are keys of their own, as in { type: text, null: true, default: x }",
                );
                reader.error(codes::COLUMN_FORM, &node.span, message, help);
                return None;
            }
            ty(reader, node, 0, &text.value)
        }
    }
}

/// `type: { raw: { postgres: inet } }` says the same as `raw: { postgres: inet }`.
fn raw_inside(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<At<Type>> {
    let map = reader.map(node, &format!("`{key}`"))?;
    reader.known(map, &format!("`{key}`"), &["raw"]);
    let raw: RawType = reader.per_dialect(map.get("raw")?, "`raw`")?;
    Some(At::new(Type::Plain(SqlType::Raw(raw)), reader.place(&node.span)))
}

/// A constant as written, or `{ sql: … }`.
fn long_default(reader: &mut Reader<'_>, node: &Node) -> Option<At<RawDefault>> {
    if !matches!(node.kind, Kind::Map(_)) {
        return reader.text(node, "`default`").map(|t| At::new(RawDefault::Written(t.value), t.place));
    }
    let map = reader.map(node, "`default`")?;
    reader.known(map, "`default`", keys::DEFAULT);
    let Some(sql) = map.get("sql") else {
        reader.error(codes::SPEC_MISSING, &node.span, "`default` has no value", "write a constant, or `{ sql: … }`");
        return None;
    };
    let expr = reader.expr(sql, "`sql`")?;
    Some(At::new(RawDefault::Expr(expr.value), expr.place))
}

/// An expression, or `{ expr: …, stored: … }`; stored unless it says otherwise.
fn generated(reader: &mut Reader<'_>, node: &Node) -> Option<(At<RawExpr>, bool)> {
    let inner = match &node.kind {
        Kind::Map(entries) => entries.iter().any(|e| e.key == "expr" || e.key == "stored"),
        _ => false,
    };
    if !inner {
        return reader.expr(node, "`generated`").map(|expr| (expr, true));
    }
    let map = reader.map(node, "`generated`")?;
    reader.known(map, "`generated`", keys::GENERATED);
    let stored = map.get("stored").is_none_or(|node| reader.flag(node, "`stored`"));
    let Some(expr) = map.get("expr") else {
        reader.error(codes::SPEC_MISSING, &node.span, "`generated` has no `expr`", "write { expr: …, stored: true }");
        return None;
    };
    reader.expr(expr, "`expr`").map(|expr| (expr, stored))
}
