//! The migrations that the code carries, as pieces.

use proc_macro2::Literal;
use quote::quote;
use serde::Serialize;

use super::tokens;
use crate::ddl;
use crate::ir::DialectName;
use crate::migrate::embed::Embedded;

/// The history per dialect, as Rust expressions of `Revisions`.
#[derive(Debug, Clone, Serialize)]
pub struct MigrationsPlan {
    /// For SQLite.
    pub sqlite: String,
    /// For PostgreSQL.
    pub postgres: String,
    /// For MySQL and MariaDB.
    pub mysql: String,
}

/// One text per revision: statics of every step would cost the compiler seconds.
pub(super) fn plan(embedded: &Embedded) -> MigrationsPlan {
    let of = |wanted: DialectName| match embedded.databases.iter().find(|(dialect, _)| *dialect == wanted) {
        Some((_, Ok(texts))) => {
            let texts: Vec<Literal> = texts.iter().map(|text| tokens::text(text)).collect();
            quote!(__rt::Revisions::Texts(&[#(#texts),*])).to_string()
        }
        Some((_, Err(why))) => quote!(__rt::Revisions::Refused(#why)).to_string(),
        None => {
            let why = format!("its code was not generated for {}", ddl::label(wanted));
            quote!(__rt::Revisions::Refused(#why)).to_string()
        }
    };
    MigrationsPlan {
        sqlite: of(DialectName::Sqlite),
        postgres: of(DialectName::Postgres),
        mysql: of(DialectName::Mysql),
    }
}
