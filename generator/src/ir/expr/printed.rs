//! What a server prints of an expression that it keeps, read back as what people wrote.
//!
//! PostgreSQL adds the casts that it made (`(0)::numeric`, `'x'::text`), writes `IN` as `= ANY (ARRAY[…])` and `LIKE` as
//! `~~`. MariaDB loses truth values (`active = 1`), MySQL compares them (`0 <> active`), and both have other names for some
//! functions. A cast is
//! dropped only where the expression means the same without it; else the text is no neutral expression.

use std::any::TypeId;

use sqlparser::ast::{self, BinaryOperator, CastKind, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator};

use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

mod casts;

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
    /// Text of any kind that compares like others.
    Text,
    /// Text that is filled up with spaces, of PostgreSQL.
    Char,
    /// Text without upper and lower case, of PostgreSQL.
    Citext,
    /// Whole numbers of PostgreSQL's `smallint`.
    Small,
    /// Whole numbers; on PostgreSQL of `integer`.
    Integer,
    /// Whole numbers of PostgreSQL's `bigint`.
    Big,
    /// Other numbers; on PostgreSQL of `numeric`.
    Number,
    /// PostgreSQL's `real`.
    Real,
    /// PostgreSQL's `double precision`.
    Double,
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

    /// What is compared with `=` may be a LIKE, IN or BETWEEN without parentheses around it.
    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Eq => 18,
            Precedence::Like | Precedence::Between => 20,
            other => MySqlDialect {}.prec_value(other),
        }
    }
}

/// The tokens without the `BOTH FROM` of `TRIM(BOTH FROM x)`, which the parser takes only with a text between them, and
/// without the `charset` behind the `char` of a cast. MariaDB's operator `MOD` is the one that others have.
pub(super) fn tidy(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for at in 0..tokens.len().saturating_sub(1) {
        let spaced = matches!(tokens.get(at + 1).map(|next| &next.token), Some(Token::Whitespace(_)));
        if let Some(token) = tokens.get_mut(at)
            && let Token::Word(word) = &token.token
            && spaced
            && word.quote_style.is_none()
            && word.value == "MOD"
        {
            token.token = Token::Mod;
        }
    }
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
            E::BinaryOp { left, op, right } => self.printed_binary(printed, left, op, right),
            E::IsDistinctFrom(left, right) | E::IsNotDistinctFrom(left, right) => Ok(Some(Node::Distinct {
                left: Box::new(self.compared(left, right)?),
                right: Box::new(self.compared(right, left)?),
                negated: matches!(expr, E::IsNotDistinctFrom(..)),
            })),
            E::Case { operand, conditions, else_result, .. } => {
                self.printed_case(operand.as_deref(), conditions, else_result.as_deref()).map(Some)
            }
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
        let list = array.elem.iter().map(|one| self.compared(one, left)).collect::<Result<_, _>>()?;
        Ok(Some(Node::In { expr: Box::new(self.compared(left, right)?), list, negated }))
    }

    fn printed_binary(&self, printed: &Printed<'_>, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Maybe {
        use BinaryOperator as B;
        match op {
            B::PGLikeMatch | B::PGNotLikeMatch => self.printed_like(left, right, *op == B::PGNotLikeMatch),
            B::Spaceship => Ok(Some(Node::Distinct {
                left: Box::new(self.compared(left, right)?),
                right: Box::new(self.compared(right, left)?),
                negated: true,
            })),
            B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq => {
                let op = comparison(op);
                let (first, second) = (self.compared(left, right)?, self.compared(right, left)?);
                if let Some(truth) = printed.bare_truth(&first, op, right, &second) {
                    return Ok(Some(truth));
                }
                Ok(Some(printed.truth(left, first, op, second)))
            }
            B::Plus | B::Minus | B::Multiply | B::Divide | B::Modulo | B::BitwiseAnd | B::BitwiseOr => {
                let op = match op {
                    B::Plus => Op::Plus,
                    B::Minus => Op::Minus,
                    B::Multiply => Op::Times,
                    B::Divide => Op::Divide,
                    B::Modulo => Op::Modulo,
                    B::BitwiseAnd => Op::BitAnd,
                    _ => Op::BitOr,
                };
                let (first, second) = (self.term(printed, left, op, right)?, self.term(printed, right, op, left)?);
                Ok(Some(Node::Binary(Box::new(first), op, Box::new(second))))
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

    fn printed_function(&self, printed: &Printed<'_>, whole: &ast::Expr, function: &ast::Function) -> Maybe {
        let [part] = function.name.0.as_slice() else { return Ok(None) };
        let Some(ident) = part.as_ident() else { return Ok(None) };
        let name = ident.value.to_ascii_lowercase();
        if ident.quote_style.is_some() && name != ident.value {
            return self.refuse(whole, "a function whose name is not lower case");
        }
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
            // Over a regular expression it is another function.
            "substring" if !mysql && args.get(1).is_some_and(|from| !printed.is_whole(from)) => {
                return self.refuse(whole, "a part that does not begin at a number");
            }
            "coalesce" | "nullif" | "greatest" | "least" => {
                let results: Result<_, _> = args.iter().map(|arg| self.result(arg, &args)).collect();
                return Ok(Some(Node::Call(name, results?)));
            }
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
mod tests;
