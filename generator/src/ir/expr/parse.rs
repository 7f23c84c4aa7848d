//! From text to a neutral expression, through `sqlparser`.

use sqlparser::ast::{
    self, BinaryOperator, CastKind, DataType, ExactNumberInfo, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectName, Spanned as _, UnaryOperator, Value,
};
use sqlparser::dialect::{Dialect, PostgreSqlDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::ExprError;
use super::node::{CastType, Clock, Neutral, Node, Op, Truth};
use super::printed::{self as server, MysqlPrint, Printed};
use crate::ir::DialectName;

/// Longest text that is read.
const MAX_BYTES: usize = 64 * 1024;
/// Tokens that may make the tree deeper: all but constants and commas. Operators of one level build a tree as deep
/// as they are many, which the parser's own limit does not see.
const MAX_DEEPENING: usize = 400;
/// As many of them fit any stack.
const SHALLOW: usize = 16;
/// Stack for deeper ones.
const STACK: usize = 64 * 1024 * 1024;
/// The parser's own limit of nesting.
const MAX_NESTING: usize = 40;

pub(super) type Read = Result<Node, ExprError>;

/// Reads a text that people wrote, or one that a server printed.
pub(super) fn parse(text: &str, printed: Option<&Printed<'_>>) -> Result<Neutral, ExprError> {
    if text.len() > MAX_BYTES {
        return Err(ExprError { offset: 0, message: "the expression is too long".into() });
    }
    if let Some(offset) = text.find('\0') {
        return Err(ExprError { offset, message: "the expression contains a NUL character".into() });
    }
    let tokens = Tokenizer::new(dialect(printed), text)
        .tokenize_with_location()
        .map_err(|e| ExprError { offset: offset_of(text, e.location), message: e.message })?;
    let tokens = if printed.is_some() { server::tidy(tokens) } else { tokens };
    if limit(text, &tokens)? <= SHALLOW {
        return read(text, tokens, printed);
    }
    // Without optimization, as cargo builds it for build scripts, the parser takes much of a stack.
    let thread = std::thread::Builder::new().stack_size(STACK);
    let failed = || ExprError { offset: 0, message: "the expression is too deep for this machine".into() };
    std::thread::scope(|scope| {
        let reader = thread.spawn_scoped(scope, || read(text, tokens, printed)).map_err(|_| failed())?;
        reader.join().map_err(|_| failed())?
    })
}

/// People write what PostgreSQL takes; MySQL and MariaDB print names and texts in a way of their own.
fn dialect(printed: Option<&Printed<'_>>) -> &'static dyn Dialect {
    match printed {
        Some(printed) if printed.dialect == DialectName::Mysql => &MysqlPrint,
        _ => &PostgreSqlDialect {},
    }
}

fn read(text: &str, tokens: Vec<TokenWithSpan>, printed: Option<&Printed<'_>>) -> Result<Neutral, ExprError> {
    let mut parser = Parser::new(dialect(printed)).with_recursion_limit(MAX_NESTING).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(|e| syntax_error(text, &e))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let offset = offset_of(text, next.span.start);
        return Err(ExprError { offset, message: format!("`{}` was not expected here", next.token) });
    }
    Reader { text, printed }.printed_whole(&expr).map(Neutral)
}

/// Counts the tokens that may make the tree deeper.
fn limit(text: &str, tokens: &[TokenWithSpan]) -> Result<usize, ExprError> {
    let mut deepening = 0;
    let mut empty = true;
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::EOF => continue,
            Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) => {}
            _ => deepening += 1,
        }
        empty = false;
        if deepening > MAX_DEEPENING {
            let offset = offset_of(text, token.span.start);
            return Err(ExprError { offset, message: "the expression has too many parts".into() });
        }
    }
    if empty {
        return Err(ExprError { offset: 0, message: "the expression is empty".into() });
    }
    Ok(deepening)
}

/// `sqlparser` reports places as line and column at the end of its message.
fn syntax_error(text: &str, error: &ParserError) -> ExprError {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return ExprError { offset: 0, message: "the expression is nested too deeply".into() };
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let located = message.rsplit_once(" at Line: ").and_then(|(head, tail)| {
        let (line, column) = tail.split_once(", Column: ")?;
        let place = Location::new(line.trim().parse().ok()?, column.trim().parse().ok()?);
        Some((head, offset_of(text, place)))
    });
    let (head, offset) = located.unwrap_or((message, text.len()));
    let head = head.replace("found: EOF", "found the end");
    let mut chars = head.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    ExprError { offset, message: format!("{first}{}", chars.as_str().replacen("xpected: ", "xpected ", 1)) }
}

/// Byte offset of a line and column, both counted in characters from 1; a place before the text is its start.
fn offset_of(text: &str, place: Location) -> usize {
    let Some(skip) = usize::try_from(place.line).ok().and_then(|line| line.checked_sub(1)) else { return 0 };
    let start: usize = text.split_inclusive('\n').take(skip).map(str::len).sum();
    let line = text.get(start..).unwrap_or_default();
    let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
    start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

pub(super) struct Reader<'a> {
    text: &'a str,
    /// What is known of a text that a server printed.
    pub printed: Option<&'a Printed<'a>>,
}

impl Reader<'_> {
    pub(super) fn refuse<T>(&self, expr: &ast::Expr, what: &str) -> Result<T, ExprError> {
        let offset = offset_of(self.text, expr.span().start);
        Err(ExprError { offset, message: format!("{what} is not the same on all databases") })
    }

    pub(super) fn boxed(&self, expr: &ast::Expr) -> Result<Box<Node>, ExprError> {
        self.node(expr).map(Box::new)
    }

    pub(super) fn all<'e>(&self, list: impl IntoIterator<Item = &'e ast::Expr>) -> Result<Vec<Node>, ExprError> {
        list.into_iter().map(|e| self.node(e)).collect()
    }

    pub(super) fn node(&self, expr: &ast::Expr) -> Read {
        use ast::Expr as E;
        if let Some(node) = self.printed_node(expr)? {
            return Ok(node);
        }
        Ok(match expr {
            E::Identifier(name) => Node::Column(name.value.clone()),
            E::Nested(inner) => self.node(inner)?,
            E::Value(value) => self.value(expr, &value.value)?,
            E::UnaryOp { op, expr: inner } => self.unary(expr, *op, inner)?,
            E::BinaryOp { left, op, right } => {
                let Some(op) = operator(op) else { return self.refuse(expr, &format!("the operator `{op}`")) };
                Node::Binary(self.boxed(left)?, op, self.boxed(right)?)
            }
            E::IsNull(_)
            | E::IsNotNull(_)
            | E::IsTrue(_)
            | E::IsNotTrue(_)
            | E::IsFalse(_)
            | E::IsNotFalse(_)
            | E::IsDistinctFrom(..)
            | E::IsNotDistinctFrom(..) => self.is(expr)?,
            E::InList { expr: of, list, negated } => {
                Node::In { expr: self.boxed(of)?, list: self.all(list)?, negated: *negated }
            }
            E::Between { expr: of, negated, low, high } => Node::Between {
                expr: self.boxed(of)?,
                low: self.boxed(low)?,
                high: self.boxed(high)?,
                negated: *negated,
            },
            E::Like { .. } => self.like(expr)?,
            E::Case { .. } => self.case(expr)?,
            E::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr: of, data_type, format: None } => {
                let Some(ty) = cast_type(data_type) else {
                    return self.refuse(expr, &format!("a cast to `{data_type}`"));
                };
                Node::Cast(self.boxed(of)?, ty)
            }
            E::Function(function) => self.function(expr, function)?,
            E::Ceil { expr: of, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                Node::Call("ceil".into(), vec![self.node(of)?])
            }
            E::Floor { expr: of, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                Node::Call("floor".into(), vec![self.node(of)?])
            }
            E::Substring { expr: of, substring_from: Some(from), substring_for, special: _, shorthand: _ } => {
                let parts = self.all([&**of, &**from].into_iter().chain(substring_for.as_deref()))?;
                if matches!(parts.get(1), Some(Node::Text(_))) {
                    return self.refuse(expr, "a part by a regular expression");
                }
                Node::Call("substr".into(), parts)
            }
            E::Trim { trim_where: None, trim_what: None, expr: of, trim_characters: None } => {
                Node::Call("trim".into(), vec![self.node(of)?])
            }
            E::Subquery(_) | E::Exists { .. } | E::InSubquery { .. } => return self.refuse(expr, "a subquery"),
            E::CompoundIdentifier(_) => return self.refuse(expr, "a column with a table in front"),
            _ => return self.refuse(expr, "this form"),
        })
    }

    fn value(&self, expr: &ast::Expr, value: &Value) -> Read {
        Ok(match value {
            Value::Number(number, false) => Node::Number(number.clone()),
            Value::SingleQuotedString(text) => Node::Text(text.clone()),
            Value::Boolean(value) => Node::Bool(*value),
            Value::Null => Node::Null,
            _ => return self.refuse(expr, "this kind of constant"),
        })
    }

    fn unary(&self, expr: &ast::Expr, op: UnaryOperator, inner: &ast::Expr) -> Read {
        match op {
            UnaryOperator::Not => self.boxed(inner).map(Node::Not),
            UnaryOperator::Minus => self.boxed(inner).map(Node::Minus),
            UnaryOperator::Plus => self.node(inner),
            _ => self.refuse(expr, &format!("the operator `{op}`")),
        }
    }

    fn is(&self, expr: &ast::Expr) -> Read {
        use ast::Expr as E;
        let (of, what, negated) = match expr {
            E::IsNull(of) => (of, Truth::Null, false),
            E::IsNotNull(of) => (of, Truth::Null, true),
            E::IsTrue(of) => (of, Truth::True, false),
            E::IsNotTrue(of) => (of, Truth::True, true),
            E::IsFalse(of) => (of, Truth::False, false),
            E::IsNotFalse(of) => (of, Truth::False, true),
            E::IsDistinctFrom(left, right) | E::IsNotDistinctFrom(left, right) => {
                let negated = matches!(expr, E::IsNotDistinctFrom(..));
                return Ok(Node::Distinct { left: self.boxed(left)?, right: self.boxed(right)?, negated });
            }
            _ => return self.refuse(expr, "this form"),
        };
        Ok(Node::Is { expr: self.boxed(of)?, what, negated })
    }

    fn like(&self, whole: &ast::Expr) -> Read {
        let ast::Expr::Like { negated, any: false, expr, pattern, escape_char } = whole else {
            return self.refuse(whole, "this form of `LIKE`");
        };
        let escape = match escape_char.as_deref().map(|e| self.node(e)).transpose()? {
            None => None,
            Some(Node::Text(text)) => Some(text),
            Some(_) => return self.refuse(whole, "an escape that is no constant"),
        };
        Ok(Node::Like { expr: self.boxed(expr)?, pattern: self.boxed(pattern)?, escape, negated: *negated })
    }

    fn case(&self, whole: &ast::Expr) -> Read {
        let ast::Expr::Case { operand, conditions, else_result, .. } = whole else {
            return self.refuse(whole, "this form");
        };
        let mut whens = Vec::with_capacity(conditions.len());
        for when in conditions {
            whens.push((self.node(&when.condition)?, self.node(&when.result)?));
        }
        Ok(Node::Case {
            operand: operand.as_deref().map(|e| self.boxed(e)).transpose()?,
            whens,
            otherwise: else_result.as_deref().map(|e| self.boxed(e)).transpose()?,
        })
    }

    fn function(&self, whole: &ast::Expr, function: &ast::Function) -> Read {
        let Some(name) = simple_name(&function.name) else { return self.refuse(whole, "this function name") };
        let plain = !function.uses_odbc_syntax
            && function.filter.is_none()
            && function.over.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let lower = name.to_ascii_lowercase();
        match &function.args {
            // `user` and the like: SQL reads a function, a check means the column
            FunctionArguments::None if plain => Ok(clock(&lower).map_or(Node::Column(name), Node::Now)),
            FunctionArguments::List(list) if plain && list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
                let mut args = Vec::with_capacity(list.args.len());
                for arg in &list.args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg else {
                        return self.refuse(whole, "this kind of argument");
                    };
                    args.push(self.node(arg)?);
                }
                Ok(call(lower, args))
            }
            _ => self.refuse(whole, "an aggregate or window function"),
        }
    }
}

pub(super) fn call(name: String, args: Vec<Node>) -> Node {
    if args.is_empty()
        && let Some(clock) = clock(&name)
    {
        return Node::Now(clock);
    }
    let name = match name.as_str() {
        "char_length" | "character_length" => "length".to_owned(),
        "substring" => "substr".to_owned(),
        "ceiling" => "ceil".to_owned(),
        _ => name,
    };
    Node::Call(name, args)
}

pub(super) fn clock(name: &str) -> Option<Clock> {
    Some(match name {
        "current_timestamp" | "now" => Clock::Timestamp,
        "current_date" => Clock::Date,
        "current_time" => Clock::Time,
        _ => return None,
    })
}

/// A function name of one part, in letters that need no quotes anywhere.
fn simple_name(name: &ObjectName) -> Option<String> {
    let [part] = name.0.as_slice() else { return None };
    let ident = part.as_ident()?;
    let plain = ident.quote_style.is_none()
        && ident.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !ident.value.starts_with(|c: char| c.is_ascii_digit());
    plain.then(|| ident.value.clone())
}

fn operator(op: &BinaryOperator) -> Option<Op> {
    Some(match op {
        BinaryOperator::Or => Op::Or,
        BinaryOperator::And => Op::And,
        BinaryOperator::Eq => Op::Eq,
        BinaryOperator::NotEq => Op::NotEq,
        BinaryOperator::Lt => Op::Less,
        BinaryOperator::LtEq => Op::LessEq,
        BinaryOperator::Gt => Op::Greater,
        BinaryOperator::GtEq => Op::GreaterEq,
        BinaryOperator::Plus => Op::Plus,
        BinaryOperator::Minus => Op::Minus,
        BinaryOperator::Multiply => Op::Times,
        BinaryOperator::Divide => Op::Divide,
        BinaryOperator::Modulo => Op::Modulo,
        BinaryOperator::StringConcat => Op::Concat,
        BinaryOperator::BitwiseAnd => Op::BitAnd,
        BinaryOperator::BitwiseOr => Op::BitOr,
        _ => return None,
    })
}

fn cast_type(ty: &DataType) -> Option<CastType> {
    Some(match ty {
        DataType::Int(None)
        | DataType::Integer(None)
        | DataType::BigInt(None)
        | DataType::SmallInt(None)
        | DataType::Signed
        | DataType::SignedInteger => CastType::Integer,
        DataType::Double(ExactNumberInfo::None) | DataType::DoublePrecision | DataType::Real => CastType::Double,
        DataType::Decimal(ExactNumberInfo::PrecisionAndScale(p, s))
        | DataType::Numeric(ExactNumberInfo::PrecisionAndScale(p, s)) => CastType::Decimal(*p, *s),
        DataType::Text | DataType::Varchar(None) | DataType::Char(None) => CastType::Text,
        DataType::Date => CastType::Date,
        DataType::Time(None, ast::TimezoneInfo::None) => CastType::Time,
        DataType::Timestamp(None, ast::TimezoneInfo::None) | DataType::Datetime(None) => CastType::Timestamp,
        _ => return None,
    })
}
