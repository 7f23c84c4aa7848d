//! What a server prints of an expression that it keeps, read back as what people wrote.
//!
//! PostgreSQL adds the casts that it made (`(0)::numeric`, `'x'::text`), writes `IN` as `= ANY (ARRAY[…])` and `LIKE` as
//! `~~`. MariaDB loses truth values (`active = 1`), MySQL compares them (`0 <> active`), and both have other names for some
//! functions. A cast is
//! dropped only where the expression means the same without it; else the text is no neutral expression.

use std::any::TypeId;

use sqlparser::ast::{self, BinaryOperator, CastKind, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator};

use sqlparser::dialect::{Dialect, MySqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::ExprError;
use super::node::{Node, Op};
use super::parse::{Read, Reader, call, clock};
use crate::ir::DialectName;

/// What is known of the place where a server keeps an expression.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// Whose form it is.
    pub dialect: DialectName,
    /// The columns that the expression may name.
    pub columns: &'a [(String, Family)],
}

/// What a column holds, as far as casts are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Text of any kind.
    Text,
    /// Whole numbers.
    Integer,
    /// Other numbers.
    Number,
    /// Truth values.
    Boolean,
    /// Anything else.
    Other,
}

/// What MariaDB prints: MySQL's dialect with `!` for NOT.
#[derive(Debug)]
pub(super) struct MysqlPrint;

impl Dialect for MysqlPrint {
    fn dialect(&self) -> TypeId {
        TypeId::of::<MySqlDialect>()
    }

    fn is_identifier_start(&self, c: char) -> bool {
        MySqlDialect {}.is_identifier_start(c)
    }

    fn is_identifier_part(&self, c: char) -> bool {
        MySqlDialect {}.is_identifier_part(c)
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '`'
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_bang_not_operator(&self) -> bool {
        true
    }
}

/// The tokens without the `BOTH FROM` of `TRIM(BOTH FROM x)`, which the parser takes only with a text between them, and
/// without the `charset` behind the `char` of a cast.
pub(super) fn tidy(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let word = |at: usize, keyword: Keyword| match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) => word.keyword == keyword,
        _ => false,
    };
    let mut drop = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        if word(at, Keyword::BOTH) && word(at + 2, Keyword::FROM) {
            drop.iter_mut().skip(at).take(3).for_each(|drop| *drop = true);
        }
        if word(at, Keyword::CHAR) && word(at + 2, Keyword::CHARSET) {
            drop.iter_mut().skip(at + 1).take(4).for_each(|drop| *drop = true);
        }
    }
    tokens.into_iter().zip(drop).filter(|(_, drop)| !drop).map(|(token, _)| token).collect()
}

type Maybe = Result<Option<Node>, ExprError>;

impl Reader<'_> {
    /// The meaning of a form that only servers print; `None` for what people write as well.
    pub(super) fn printed_node(&self, expr: &ast::Expr) -> Maybe {
        use ast::Expr as E;
        let Some(printed) = self.printed else { return Ok(None) };
        match expr {
            E::Identifier(name) if !printed.columns.iter().any(|(column, _)| *column == name.value) => {
                self.refuse(expr, "a name that is no column")
            }
            E::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => self.list(left, right, false),
            E::AllOp { left, compare_op: BinaryOperator::NotEq, right } => self.list(left, right, true),
            E::BinaryOp { left, op, right } => self.printed_binary(printed, expr, (left, op, right)),
            // It binds more tightly than it is parsed.
            E::UnaryOp { op: UnaryOperator::BangNot, expr: inner }
                if !matches!(**inner, E::Nested(_) | E::Identifier(_) | E::Function(_)) =>
            {
                self.refuse(expr, "the operator `!`")
            }
            E::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr: inner } => {
                Ok(Some(match self.node(inner)? {
                    Node::Distinct { left, right, negated } => Node::Distinct { left, right, negated: !negated },
                    Node::Like { expr, pattern, escape, negated } => {
                        Node::Like { expr, pattern, escape, negated: !negated }
                    }
                    node => Node::Not(Box::new(node)),
                }))
            }
            E::Cast { kind: CastKind::DoubleColon, expr: inner, data_type, format: None } => {
                self.printed_cast(printed, expr, inner, &data_type.to_string().to_ascii_lowercase())
            }
            E::Prefixed { prefix, value } if prefix.value.starts_with('_') => self.node(value).map(Some),
            E::Value(value) => match &value.value {
                ast::Value::EscapedStringLiteral(text) => Ok(Some(Node::Text(text.clone()))),
                _ => Ok(None),
            },
            E::Function(function) => self.printed_function(printed, expr, function),
            _ => Ok(None),
        }
    }

    /// `x = ANY (ARRAY[…])`.
    fn list(&self, left: &ast::Expr, right: &ast::Expr, negated: bool) -> Maybe {
        let ast::Expr::Array(array) = without_casts(right) else { return Ok(None) };
        Ok(Some(Node::In { expr: self.boxed(left)?, list: self.all(&array.elem)?, negated }))
    }

    fn printed_binary(
        &self,
        printed: &Printed<'_>,
        whole: &ast::Expr,
        (left, op, right): (&ast::Expr, &BinaryOperator, &ast::Expr),
    ) -> Maybe {
        use BinaryOperator as B;
        let (plain_left, plain_right) = (printed.narrow(left), printed.narrow(right));
        match op {
            B::PGLikeMatch | B::PGNotLikeMatch => self.printed_like(left, right, *op == B::PGNotLikeMatch),
            B::Spaceship => Ok(Some(Node::Distinct {
                left: self.boxed(plain_left)?,
                right: self.boxed(plain_right)?,
                negated: true,
            })),
            B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq => {
                let op = comparison(op);
                let (first, second) = (self.node(plain_left)?, self.node(plain_right)?);
                if let Some(truth) = printed.bare_truth(&first, op, plain_right, &second) {
                    return Ok(Some(truth));
                }
                Ok(Some(printed.truth(plain_left, first, op, second)))
            }
            B::Plus | B::Minus | B::Multiply | B::Divide | B::Modulo => {
                let narrowed = !std::ptr::eq(plain_left, left) && !std::ptr::eq(plain_right, right);
                if narrowed || is_typed_constant(left) || is_typed_constant(right) {
                    return self.refuse(whole, "what its casts do");
                }
                let op = match op {
                    B::Plus => Op::Plus,
                    B::Minus => Op::Minus,
                    B::Multiply => Op::Times,
                    B::Divide => Op::Divide,
                    _ => Op::Modulo,
                };
                Ok(Some(Node::Binary(self.boxed(plain_left)?, op, self.boxed(plain_right)?)))
            }
            _ => Ok(None),
        }
    }

    fn printed_like(&self, left: &ast::Expr, right: &ast::Expr, negated: bool) -> Maybe {
        let (pattern, escape) = match right {
            ast::Expr::Function(function) if function.name.to_string() == "like_escape" => {
                match arguments(function).as_deref() {
                    Some([pattern, escape]) => match self.node(escape)? {
                        Node::Text(escape) => (self.node(pattern)?, Some(escape)),
                        _ => return Ok(None),
                    },
                    _ => return Ok(None),
                }
            }
            _ => (self.node(right)?, None),
        };
        Ok(Some(Node::Like { expr: self.boxed(left)?, pattern: Box::new(pattern), escape, negated }))
    }

    /// A cast that may be dropped: of a constant to its type, or of a text to another kind of text.
    fn printed_cast(&self, printed: &Printed<'_>, whole: &ast::Expr, inner: &ast::Expr, ty: &str) -> Maybe {
        let constant = match without_parentheses(inner) {
            ast::Expr::Value(value) => Some(&value.value),
            _ => None,
        };
        match constant {
            Some(ast::Value::SingleQuotedString(text) | ast::Value::EscapedStringLiteral(text)) => {
                self.typed_constant(whole, text, ty).map(Some)
            }
            Some(ast::Value::Number(number, _)) if NUMBERS.contains(&ty) => Ok(Some(Node::Number(number.clone()))),
            Some(ast::Value::Null) => Ok(Some(Node::Null)),
            _ if TEXTS.contains(&ty) && printed.family(inner) == Family::Text => self.node(inner).map(Some),
            _ => Ok(None),
        }
    }

    fn typed_constant(&self, whole: &ast::Expr, text: &str, ty: &str) -> Read {
        if ty.starts_with("interval") || ty.ends_with(']') || ty.starts_with("reg") {
            return self.refuse(whole, &format!("a constant of the type `{ty}`"));
        }
        if NUMBERS.contains(&ty) {
            let number = |digits: &str| {
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                (plain && digits.starts_with(|c: char| c.is_ascii_digit())).then(|| Node::Number(digits.to_owned()))
            };
            let node = match text.strip_prefix('-') {
                Some(digits) => number(digits).map(|node| Node::Minus(Box::new(node))),
                None => number(text),
            };
            return node.map_or_else(|| self.refuse(whole, "this number"), Ok);
        }
        match (ty, text) {
            ("boolean" | "bool", "true" | "t") => Ok(Node::Bool(true)),
            ("boolean" | "bool", "false" | "f") => Ok(Node::Bool(false)),
            _ => Ok(Node::Text(text.to_owned())),
        }
    }

    fn printed_function(&self, printed: &Printed<'_>, whole: &ast::Expr, function: &ast::Function) -> Maybe {
        let [part] = function.name.0.as_slice() else { return Ok(None) };
        let Some(ident) = part.as_ident() else { return Ok(None) };
        let name = ident.value.to_ascii_lowercase();
        let Some(args) = arguments(function) else {
            // `CURRENT_USER` and its like are functions here, never columns.
            let known = clock(&name).is_some() || !matches!(function.args, FunctionArguments::None);
            return if known { Ok(None) } else { self.refuse(whole, "this function") };
        };
        let mysql = printed.dialect == DialectName::Mysql;
        // With a precision it is the same moment, which its column rounds.
        let precise = matches!(args.as_slice(), [ast::Expr::Value(_)]) || args.is_empty();
        let name = match name.as_str() {
            "length" if mysql => return self.refuse(whole, "a length in bytes"),
            // What MySQL makes of the operator, which is refused too.
            "regexp_like" if mysql => return self.refuse(whole, "a regular expression"),
            "concat" if mysql && args.len() > 1 => return self.concat(&args).map(Some),
            "curdate" if mysql => "current_date",
            "curtime" if mysql => "current_time",
            "ucase" if mysql => "upper",
            "lcase" if mysql => "lower",
            "pow" if mysql => "power",
            other => other,
        };
        if let Some(clock) = clock(name)
            && precise
        {
            return Ok(Some(Node::Now(clock)));
        }
        // PostgreSQL quotes the functions whose names are keywords.
        let plain = ident.quote_style.is_some() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if plain || name != ident.value {
            return Ok(Some(call(name.to_owned(), self.all(args)?)));
        }
        Ok(None)
    }

    fn concat(&self, args: &[&ast::Expr]) -> Read {
        let mut nodes = self.all(args.iter().copied())?.into_iter();
        let first = nodes.next().unwrap_or(Node::Null);
        Ok(nodes.fold(first, |left, right| Node::Binary(Box::new(left), Op::Concat, Box::new(right))))
    }
}

impl Printed<'_> {
    fn column(&self, expr: &ast::Expr) -> Option<Family> {
        let ast::Expr::Identifier(name) = without_parentheses(expr) else { return None };
        self.columns.iter().find(|(column, _)| *column == name.value).map(|(_, family)| *family)
    }

    fn family(&self, expr: &ast::Expr) -> Family {
        use ast::Expr as E;
        match without_parentheses(expr) {
            E::Cast { data_type, .. } if TEXTS.contains(&&*data_type.to_string().to_ascii_lowercase()) => Family::Text,
            E::BinaryOp { op: BinaryOperator::StringConcat, .. } | E::Substring { .. } | E::Trim { .. } => Family::Text,
            E::Function(function) => match function.name.to_string().as_str() {
                "lower" | "upper" | "concat" | "replace" | "substr" | "\"left\"" | "\"right\"" => Some(Family::Text),
                "COALESCE" => arguments(function).and_then(|args| args.first().map(|first| self.family(first))),
                _ => None,
            }
            .unwrap_or(Family::Other),
            expr => self.column(expr).unwrap_or(Family::Other),
        }
    }

    /// A number without the cast to a wider type that a comparison made of it.
    fn narrow<'e>(&self, expr: &'e ast::Expr) -> &'e ast::Expr {
        let ast::Expr::Cast { kind: CastKind::DoubleColon, expr: inner, data_type, .. } = without_parentheses(expr)
        else {
            return expr;
        };
        let ty = data_type.to_string().to_ascii_lowercase();
        let fits = match (without_parentheses(inner), self.column(inner)) {
            (ast::Expr::Value(value), _) => matches!(value.value, ast::Value::Number(..)),
            (_, Some(Family::Integer)) => ["numeric", "bigint", "integer", "double precision"].contains(&ty.as_str()),
            (_, Some(Family::Number)) => ty == "double precision" || ty == "numeric",
            _ => false,
        };
        if fits && NUMBERS.contains(&ty.as_str()) { inner } else { expr }
    }

    /// `0 <> x`, which MySQL makes of a truth value `x` where a condition is meant, and `0 = x` of `NOT x`.
    fn bare_truth(&self, left: &Node, op: Op, right: &ast::Expr, value: &Node) -> Option<Node> {
        let zero = matches!(left, Node::Number(number) if number == "0");
        let truth = self.column(right) == Some(Family::Boolean) || matches!(value, Node::Call(..) | Node::Case { .. });
        match op {
            _ if !(zero && truth && self.dialect == DialectName::Mysql) => None,
            Op::NotEq => Some(value.clone()),
            Op::Eq => Some(Node::Not(Box::new(value.clone()))),
            _ => None,
        }
    }

    /// A comparison; one of a truth value with 0 or 1 is what MySQL makes of TRUE and FALSE.
    fn truth(&self, column: &ast::Expr, left: Node, op: Op, right: Node) -> Node {
        let boolean = self.dialect == DialectName::Mysql && self.column(column) == Some(Family::Boolean);
        let right = match right {
            Node::Number(number) if boolean && number == "0" && op == Op::NotEq => return left,
            Node::Number(number) if boolean && (number == "0" || number == "1") => Node::Bool(number == "1"),
            other => other,
        };
        Node::Binary(Box::new(left), op, Box::new(right))
    }
}

/// Names of the types of texts, as servers print them.
const TEXTS: &[&str] = &["text", "character varying", "varchar", "bpchar", "character", "citext", "name"];

/// Names of the types of numbers.
const NUMBERS: &[&str] = &["smallint", "integer", "bigint", "numeric", "real", "double precision"];

fn comparison(op: &BinaryOperator) -> Op {
    match op {
        BinaryOperator::Eq => Op::Eq,
        BinaryOperator::NotEq => Op::NotEq,
        BinaryOperator::Lt => Op::Less,
        BinaryOperator::LtEq => Op::LessEq,
        BinaryOperator::Gt => Op::Greater,
        _ => Op::GreaterEq,
    }
}

/// A constant whose cast says more than a number would: a date to which something is added.
fn is_typed_constant(expr: &ast::Expr) -> bool {
    let ast::Expr::Cast { expr: inner, data_type, .. } = without_parentheses(expr) else { return false };
    let text = match without_parentheses(inner) {
        ast::Expr::Value(value) => matches!(value.value, ast::Value::SingleQuotedString(_)),
        _ => false,
    };
    text && !NUMBERS.contains(&&*data_type.to_string().to_ascii_lowercase())
}

fn without_parentheses(expr: &ast::Expr) -> &ast::Expr {
    match expr {
        ast::Expr::Nested(inner) => without_parentheses(inner),
        expr => expr,
    }
}

fn without_casts(expr: &ast::Expr) -> &ast::Expr {
    match expr {
        ast::Expr::Nested(inner) | ast::Expr::Cast { expr: inner, .. } => without_casts(inner),
        expr => expr,
    }
}

/// The arguments of a plain call.
fn arguments(function: &ast::Function) -> Option<Vec<&ast::Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let plain = function.filter.is_none()
        && function.over.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty()
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    let arg = |arg| match arg {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    if plain { list.args.iter().map(arg).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::Expr;
    use super::*;

    fn columns() -> Vec<(String, Family)> {
        let columns = [
            ("a", Family::Text),
            ("b", Family::Text),
            ("i", Family::Integer),
            ("big", Family::Integer),
            ("n", Family::Number),
            ("ok", Family::Boolean),
            ("d", Family::Other),
            ("s", Family::Other),
        ];
        columns.map(|(name, family)| (name.to_owned(), family)).into()
    }

    fn read(dialect: DialectName, text: &str) -> Result<String, ExprError> {
        let columns = columns();
        let expr = Expr::parse_printed(text, &Printed { dialect, columns: &columns })?;
        Ok(expr.neutral_text().unwrap())
    }

    #[test]
    fn postgres_reads_as_it_was_written() {
        for (printed, written) in [
            ("((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))", "a IN ('x', 'y')"),
            ("((a)::text <> ALL (ARRAY['q'::text]))", "a NOT IN ('q')"),
            ("((n > (0)::numeric) AND (i > '-1'::integer))", "n > 0 AND i > -1"),
            ("((length((a)::text) > 0) OR ((a)::text ~~ 'x%'::text))", "length(a) > 0 OR a LIKE 'x%'"),
            ("((s = 'draft'::st) OR (s = ANY (ARRAY['x'::app.st])))", "s = 'draft' OR s IN ('x')"),
            ("\nCASE\n    WHEN (i = 1) THEN true\n    ELSE false\nEND", "CASE WHEN i = 1 THEN TRUE ELSE FALSE END"),
            ("(d > '2020-01-01 00:00:00+00'::timestamp with time zone)", "d > '2020-01-01 00:00:00+00'"),
            ("(((a)::text || b) <> 'z'::text)", "(a || b) <> 'z'"),
            ("(((i)::numeric + 1.5) > (2)::numeric)", "i + 1.5 > 2"),
            ("((COALESCE(a, ''::character varying))::text <> ''::text)", "coalesce(a, '') <> ''"),
            ("(ok AND (NOT (ok IS TRUE)))", "ok AND NOT (ok IS TRUE)"),
            ("((i)::text = '1'::text)", "CAST(i AS TEXT) = '1'"),
            ("(b ~~ like_escape('a!%'::text, '!'::text))", "b LIKE 'a!%' ESCAPE '!'"),
            ("(TRIM(BOTH FROM b) = b)", "trim(b) = b"),
            ("((a)::text IS DISTINCT FROM b)", "a IS DISTINCT FROM b"),
            ("(\"substring\"(b, 1, 2) = E'a\\\\b'::text)", "substr(b, 1, 2) = 'a\\b'"),
        ] {
            assert_eq!(read(DialectName::Postgres, printed).as_deref(), Ok(written), "{printed}");
        }
    }

    #[test]
    fn mysql_reads_as_it_was_written() {
        for (printed, written) in [
            ("`a` in ('x','y')", "a IN ('x', 'y')"),
            ("`ok` <> 0 and !(`ok` is true) and `ok` = 1", "ok AND NOT (ok IS TRUE) AND ok = TRUE"),
            ("concat(`a`,'-',`b`) <> 'z'", "((a || '-') || b) <> 'z'"),
            ("char_length(`a`) > 0 and ucase(`b`) = `b`", "length(a) > 0 AND upper(b) = b"),
            ("!(`a` <=> `b`)", "a IS DISTINCT FROM b"),
            ("`b` = 'a\\\\b\\'c\"'", "b = 'a\\b''c\"'"),
            ("(`a` = _utf8mb4'x')", "a = 'x'"),
            ("((0 <> `ok`) and (0 = `ok`) and ((0 <> `ok`) is not true))", "ok AND NOT ok AND ok IS NOT TRUE"),
            ("(0 = coalesce(`ok`,true))", "NOT coalesce(ok, TRUE)"),
            ("(0 <> `i`)", "0 <> i"),
            ("(not((`a` like _utf8mb4'x')))", "a NOT LIKE 'x'"),
            ("(cast(`i` as char charset utf8mb4) = _utf8mb4'it\\'s')", "CAST(i AS TEXT) = 'it''s'"),
            ("((`i` <> -(5)) and (`ok` = false) and (pow(`i`,2) > 1))", "i <> -5 AND ok = FALSE AND power(i, 2) > 1"),
            ("`d` > current_timestamp()", "d > CURRENT_TIMESTAMP"),
        ] {
            assert_eq!(read(DialectName::Mysql, printed).as_deref(), Ok(written), "{printed}");
        }
    }

    #[test]
    fn what_means_something_else_without_its_casts_is_kept() {
        for text in [
            "((i)::numeric / (2)::numeric) > 1",
            "(d > (now() - '1 day'::interval))",
            "(('2020-01-01'::date + 1) < d)",
            "(b ~ 'x'::text)",
            "(d = CURRENT_USER)",
            "nextval('t_seq'::regclass)",
            "'{}'::text[]",
            "(other > 1)",
            "app.valid(a)",
        ] {
            assert!(read(DialectName::Postgres, text).is_err(), "{text}");
        }
        for text in ["length(`a`) > 0", "`a` regexp 'x'", "regexp_like(`a`,_utf8mb4'x')", "!(`ok`) = 0", "`i` > 0 and"]
        {
            assert!(read(DialectName::Mysql, text).is_err(), "{text}");
        }
    }
}
