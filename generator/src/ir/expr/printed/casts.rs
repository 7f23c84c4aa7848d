//! The casts that PostgreSQL prints: those that it makes by itself are dropped, those that mean something are kept.

use sqlparser::ast::{self, BinaryOperator, CastKind};

use super::super::ExprError;
use super::super::node::{Node, Op};
use super::super::parse::{Read, Reader};
use super::{Family, Maybe, Printed, arguments, without_casts, without_parentheses};

/// Names of the types of texts, as servers print them.
const TEXTS: &[&str] = &["text", "character varying", "varchar", "bpchar", "character", "citext", "name"];

/// Names of the types of numbers.
const NUMBERS: &[&str] = &["smallint", "integer", "bigint", "numeric", "real", "double precision"];

impl Reader<'_> {
    /// A cast that stands anywhere: it may be dropped from a constant whose type says nothing more, and where a value has the
    /// type already.
    pub(super) fn printed_cast(&self, printed: &Printed<'_>, whole: &ast::Expr, inner: &ast::Expr, ty: &str) -> Maybe {
        if let Some(text) = text(inner) {
            return match is_plain(ty) {
                true => self.typed_constant(whole, text, ty).map(Some),
                // Without the type nothing around it would say what it is.
                false => self.refuse(whole, &format!("a constant of the type `{ty}`")),
            };
        }
        let family = printed.family(inner);
        match without_parentheses(inner) {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(number, _) if NUMBERS.contains(&ty) => Ok(Some(Node::Number(number.clone()))),
                ast::Value::Null => Ok(Some(Node::Null)),
                _ => Ok(None),
            },
            _ if is_own(family, ty) => self.node(inner).map(Some),
            _ if ["smallint", "real"].contains(&ty) || (family == Family::Big && ty == "integer") => {
                self.refuse(whole, &format!("a cast to `{ty}`"))
            }
            // PostgreSQL makes a number of one width of truth values, and we write another one.
            ast::Expr::Function(_) | ast::Expr::Case { .. } | ast::Expr::Identifier(_)
                if ["integer", "bigint"].contains(&ty)
                    && matches!(family, Family::Boolean | Family::Other)
                    && !is_number(inner) =>
            {
                self.refuse(whole, "a cast of what may be a truth value")
            }
            _ => Ok(None),
        }
    }

    pub(super) fn typed_constant(&self, whole: &ast::Expr, text: &str, ty: &str) -> Read {
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

    /// A whole expression, whose place has a type: a constant needs none of its own.
    pub(in super::super) fn printed_whole(&self, expr: &ast::Expr) -> Read {
        match constant_cast(expr) {
            Some((text, ty)) if self.printed.is_some() => self.typed_constant(expr, text, &ty),
            _ => self.node(expr),
        }
    }

    /// A value that is compared with another one: a cast to a wider type changes nothing then, and a constant gets the
    /// type of the other value.
    pub(super) fn compared(&self, expr: &ast::Expr, other: &ast::Expr) -> Read {
        if let Some((text, ty)) = constant_cast(expr)
            && !is_constant(other)
        {
            return self.typed_constant(expr, text, &ty);
        }
        self.node(self.printed.map_or(expr, |printed| printed.narrow(expr, other)))
    }

    /// A value that is one of several which have a type together.
    pub(super) fn result(&self, expr: &ast::Expr, all: &[&ast::Expr]) -> Read {
        let Some((_, ty)) = cast(expr) else { return self.node(expr) };
        let known =
            all.iter().any(|one| !is_constant(one)) || (ty == "numeric" && all.iter().any(|one| is_decimal(one)));
        match constant_cast(expr) {
            Some((text, ty)) if known => self.typed_constant(expr, text, &ty),
            _ if is_constant(expr) && NUMBERS.contains(&ty.as_str()) && !known => {
                self.refuse(expr, "what its cast does")
            }
            _ => self.node(expr),
        }
    }

    pub(super) fn printed_case(
        &self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Read {
        let results: Vec<&ast::Expr> = conditions.iter().map(|when| &when.result).chain(otherwise).collect();
        let when = |when: &ast::CaseWhen| -> Result<(Node, Node), ExprError> {
            let condition = match operand {
                Some(operand) => self.compared(&when.condition, operand)?,
                None => self.node(&when.condition)?,
            };
            Ok((condition, self.result(&when.result, &results)?))
        };
        Ok(Node::Case {
            operand: operand.map(|operand| self.boxed(operand)).transpose()?,
            whens: conditions.iter().map(when).collect::<Result<_, _>>()?,
            otherwise: otherwise.map(|expr| self.result(expr, &results)).transpose()?.map(Box::new),
        })
    }

    /// An operand of arithmetic. A cast is what PostgreSQL does by itself only where the other operand wants it; else the
    /// numbers would be computed in another type without it.
    pub(super) fn term(&self, printed: &Printed<'_>, expr: &ast::Expr, op: Op, other: &ast::Expr) -> Read {
        let Some((inner, ty)) = cast(expr) else { return self.node(expr) };
        let constant = is_constant(expr);
        let implied = match ty.as_str() {
            "numeric" | "double precision" => match without_parentheses(other) {
                // It is kept, or the whole is refused.
                ast::Expr::Cast { .. } => constant && !is_constant(other),
                ast::Expr::Value(_) => ty == "numeric" && is_decimal(other),
                _ => true,
            },
            // These exist for two numbers of one type only.
            "smallint" | "integer" | "bigint" if matches!(op, Op::Modulo | Op::BitAnd | Op::BitOr) => true,
            "integer" => text(inner).is_some(),
            "bigint" => text(inner).is_some_and(|digits| digits.parse::<i32>().is_err()),
            _ => false,
        };
        match constant {
            true if implied => self.node(expr),
            true => self.refuse(expr, "what its cast does"),
            false if implied => self.node(printed.narrow(expr, other)),
            false => self.node(expr),
        }
    }
}

impl Printed<'_> {
    pub(super) fn column(&self, expr: &ast::Expr) -> Option<Family> {
        let ast::Expr::Identifier(name) = without_parentheses(expr) else { return None };
        self.columns.iter().find(|(column, _)| *column == name.value).map(|(_, family)| *family)
    }

    pub(super) fn family(&self, expr: &ast::Expr) -> Family {
        use ast::Expr as E;
        match without_parentheses(expr) {
            E::Cast { data_type, .. } if data_type.to_string().eq_ignore_ascii_case("text") => Family::Text,
            E::BinaryOp { op: BinaryOperator::StringConcat, .. } | E::Substring { .. } | E::Trim { .. } => Family::Text,
            E::Function(function) => match function.name.to_string().to_ascii_lowercase().as_str() {
                "lower" | "upper" | "concat" | "replace" | "substr" | "\"substring\"" | "\"left\"" | "\"right\"" => {
                    Some(Family::Text)
                }
                "length" | "char_length" | "strpos" => Some(Family::Integer),
                "coalesce" => arguments(function).and_then(|args| args.first().map(|first| self.family(first))),
                _ => None,
            }
            .unwrap_or(Family::Other),
            expr => self.column(expr).unwrap_or(Family::Other),
        }
    }

    /// Whether a value is a whole number.
    pub(super) fn is_whole(&self, expr: &ast::Expr) -> bool {
        use BinaryOperator as B;
        match without_parentheses(expr) {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(number, _) => number.bytes().all(|byte| byte.is_ascii_digit()),
                _ => false,
            },
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => self.is_whole(expr),
            ast::Expr::BinaryOp { left, op: B::Plus | B::Minus | B::Multiply | B::Divide | B::Modulo, right } => {
                self.is_whole(left) && self.is_whole(right)
            }
            ast::Expr::Cast { data_type, .. } => {
                ["smallint", "integer", "bigint"].contains(&data_type.to_string().to_ascii_lowercase().as_str())
            }
            expr => matches!(self.family(expr), Family::Small | Family::Integer | Family::Big),
        }
    }

    /// A number without the cast to a wider type that what stands beside it made of it.
    fn narrow<'e>(&self, expr: &'e ast::Expr, other: &ast::Expr) -> &'e ast::Expr {
        let Some((inner, ty)) = cast(expr) else { return expr };
        let ty = ty.as_str();
        let is_double = matches!(self.family(other), Family::Real | Family::Double | Family::Other);
        let fits = match self.column(inner) {
            _ if is_constant(inner) => text(inner).is_none() && NUMBERS.contains(&ty),
            Some(Family::Small) => ["integer", "bigint", "numeric", "double precision"].contains(&ty),
            Some(Family::Integer) => ["bigint", "numeric", "double precision"].contains(&ty),
            Some(Family::Number) => ty == "double precision" && is_double && !is_constant(other),
            Some(Family::Real) => ty == "double precision",
            _ => self.is_whole(inner) && ["numeric", "double precision"].contains(&ty),
        };
        if fits { inner } else { expr }
    }
}

/// Whether a constant of a type is the same without it, wherever it stands.
fn is_plain(ty: &str) -> bool {
    TEXTS.contains(&ty) || NUMBERS.contains(&ty) || ["boolean", "bool"].contains(&ty)
}

/// Whether a value of a family has the type already, as far as anybody can tell. A domain is cast to its type.
fn is_own(family: Family, ty: &str) -> bool {
    match family {
        Family::Text => ["text", "character varying", "varchar"].contains(&ty),
        Family::Char => ["bpchar", "character"].contains(&ty),
        Family::Citext => ty == "citext",
        Family::Small => ty == "smallint",
        Family::Integer => ty == "integer",
        Family::Big => ty == "bigint",
        Family::Number => ty == "numeric",
        Family::Real => ty == "real",
        Family::Double => ty == "double precision",
        Family::Boolean => ty == "boolean",
        Family::Other => false,
    }
}

/// Whether a call gives a number.
fn is_number(expr: &ast::Expr) -> bool {
    let ast::Expr::Function(function) = without_parentheses(expr) else { return false };
    ["abs", "mod", "power", "round", "sqrt", "trunc"].contains(&function.name.to_string().as_str())
}

/// What is cast, and the name of the type.
fn cast(expr: &ast::Expr) -> Option<(&ast::Expr, String)> {
    match without_parentheses(expr) {
        ast::Expr::Cast { kind: CastKind::DoubleColon, expr: inner, data_type, .. } => {
            Some((inner, data_type.to_string().to_ascii_lowercase()))
        }
        _ => None,
    }
}

/// The text of a constant that is a text with a cast, and the name of its type.
fn constant_cast(expr: &ast::Expr) -> Option<(&str, String)> {
    let (inner, ty) = cast(expr)?;
    Some((text(inner)?, ty))
}

fn text(expr: &ast::Expr) -> Option<&str> {
    let ast::Expr::Value(value) = without_parentheses(expr) else { return None };
    match &value.value {
        ast::Value::SingleQuotedString(text) | ast::Value::EscapedStringLiteral(text) => Some(text),
        _ => None,
    }
}

fn is_constant(expr: &ast::Expr) -> bool {
    match without_casts(expr) {
        ast::Expr::Value(_) => true,
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => is_constant(expr),
        _ => false,
    }
}

/// Whether a constant is a fraction by itself.
fn is_decimal(expr: &ast::Expr) -> bool {
    let ast::Expr::Value(value) = without_parentheses(expr) else { return false };
    matches!(&value.value, ast::Value::Number(number, _) if number.contains('.'))
}
