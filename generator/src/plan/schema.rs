//! The statements that create and drop everything.

use quote::quote;
use serde::Serialize;

use super::Context;
use crate::ddl::{self, Notes};
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
pub(super) fn plan(context: &Context<'_>, migrated: bool, diagnostics: &mut Diagnostics) -> SchemaPlan {
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
            let cannot = if complete { "the tables will differ" } else { "the tables cannot be created" };
            diagnostics.extend(ddl::one_finding(cannot, dialect, &found));
        }
        complete.then_some(statements)
    };
    let create =
        script(context, create(DialectName::Sqlite), create(DialectName::Postgres), create(DialectName::Mysql));
    let notes = if migrated { Notes::Drop } else { Notes::Keep };
    let drop = |dialect| dialects.contains(&dialect).then(|| ddl::drop(schema, dialect, notes));
    let drop = script(context, drop(DialectName::Sqlite), drop(DialectName::Postgres), drop(DialectName::Mysql));
    SchemaPlan { create, drop }
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
