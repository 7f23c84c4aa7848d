//! The statements that create and drop everything.

use quote::quote;
use serde::Serialize;

use super::Context;
use crate::ddl;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::ir::DialectName;

/// What the schema template gets.
#[derive(Debug, Clone, Serialize)]
pub struct SchemaPlan {
    /// CREATE statements.
    pub create: ScriptPlan,
    /// DROP statements.
    pub drop: ScriptPlan,
}

/// Statements per dialect, as Rust expressions of `Option<&[&str]>`.
#[derive(Debug, Clone, Serialize)]
pub struct ScriptPlan {
    /// For SQLite.
    pub sqlite: String,
    /// For PostgreSQL.
    pub postgres: String,
    /// For MySQL and MariaDB.
    pub mysql: String,
}

/// What a dialect cannot do leaves it without a script: a warning here, `Unsupported` when it is run there.
pub(super) fn plan(context: &Context<'_>, diagnostics: &mut Diagnostics) -> SchemaPlan {
    let (schema, options) = (context.schema, context.options);
    let dialects = &options.dialects;
    let mut create = |dialect| {
        if !dialects.contains(&dialect) {
            return None;
        }
        let mut found = Diagnostics::default();
        let statements = ddl::create_missing(schema, dialect, &mut found);
        let complete = !found.has_errors();
        if options.asked {
            diagnostics.extend(found.into_iter().map(|item| Diagnostic { severity: Severity::Warning, ..item }));
        } else {
            diagnostics.extend(summary(dialect, &found));
        }
        complete.then_some(statements)
    };
    let create =
        script(context, create(DialectName::Sqlite), create(DialectName::Postgres), create(DialectName::Mysql));
    let drop = |dialect| dialects.contains(&dialect).then(|| ddl::drop(schema, dialect));
    let drop = script(context, drop(DialectName::Sqlite), drop(DialectName::Postgres), drop(DialectName::Mysql));
    SchemaPlan { create, drop }
}

/// Nobody asked for this database, so what it cannot do is one finding.
fn summary(dialect: DialectName, found: &Diagnostics) -> Option<Diagnostic> {
    let first = found.iter().find(|item| item.severity == Severity::Error).or_else(|| found.iter().next())?;
    let label = ddl::label(dialect);
    let cannot = if found.has_errors() { "cannot be created" } else { "will differ" };
    let more = match found.len() {
        1 => String::new(),
        2 => "; and 1 more problem".to_owned(),
        count => format!("; and {} more problems", count - 1),
    };
    // The first problem names the database at its end by itself.
    let reason = first.message.replace(&format!(" on {label}"), "");
    let message = format!("the tables {cannot} on {label}: {reason}{more}");
    let own = first.help.as_deref().map(|help| format!("{help}; or ")).unwrap_or_default();
    let help = format!("{own}list the databases you need, as `dialects: [sqlite]` at the top of the spec");
    Some(Diagnostic::warning(first.code, first.place.clone(), message).help(help))
}

fn script(
    context: &Context<'_>,
    sqlite: Option<Vec<String>>,
    postgres: Option<Vec<String>>,
    mysql: Option<Vec<String>>,
) -> ScriptPlan {
    let (some, none) = (&context.std.some, &context.std.none);
    let literal = |statements: Option<Vec<String>>| match statements {
        Some(statements) => quote!(#some(&[#(#statements),*])).to_string(),
        None => none.to_string(),
    };
    ScriptPlan { sqlite: literal(sqlite), postgres: literal(postgres), mysql: literal(mysql) }
}
