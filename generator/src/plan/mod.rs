//! From the IR to exactly what the templates print: every name, type and literal is decided here and handed over as a
//! piece of Rust that `quote` made, so that no input can break out of it.

mod enums;
mod migrations;
mod model;
mod new_row;
mod prelude;
mod relation;
mod rust_type;
mod schema;
mod session;
mod tokens;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::{DialectName, Schema};
use crate::migrate::embed::Embedded;
use crate::names::reserved::beside;

pub use enums::{CustomPlan, EnumPlan, VariantPlan};
pub use migrations::MigrationsPlan;
pub use model::{FieldPlan, FinderPlan, ModelPlan, PartPlan};
pub use new_row::NewFieldPlan;
pub use prelude::PreludePlan;
pub use relation::RelationPlan;
pub use schema::{SchemaPlan, ScriptPlan};
pub use session::SessionPlan;

/// The crate whose types dates and times are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dates {
    /// chrono.
    #[default]
    Chrono,
    /// jiff.
    Jiff,
}

/// What the user decides about the generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Path of the runtime crate, `::pilaster` by default.
    pub crate_path: String,
    /// Derives `serde::Serialize` and `serde::Deserialize` on models, new rows and enums.
    pub serde: bool,
    /// More derives on models, as paths.
    pub derives: Vec<String>,
    /// Types of dates and times.
    pub dates: Dates,
    /// Dialects to write CREATE and DROP statements for.
    pub dialects: Vec<DialectName>,
    /// Whether somebody asked for these dialects: then each thing that one cannot do is told by itself.
    pub asked: bool,
    /// Where one item stands from another: empty in one file, `super::super::` in a folder.
    pub root: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            crate_path: "::pilaster".into(),
            serde: false,
            derives: Vec::new(),
            dates: Dates::default(),
            dialects: vec![DialectName::Sqlite, DialectName::Postgres, DialectName::Mysql],
            asked: false,
            root: String::new(),
        }
    }
}

/// Everything that the templates print.
#[derive(Debug, Clone, Serialize)]
pub struct CodePlan {
    /// Path of the runtime crate.
    pub krate: String,
    /// Names of Rust's prelude.
    pub std: PreludePlan,
    /// Enums.
    pub enums: Vec<EnumPlan>,
    /// Custom types.
    pub customs: Vec<CustomPlan>,
    /// Models.
    pub models: Vec<ModelPlan>,
    /// Creating and dropping.
    pub schema: SchemaPlan,
    /// The migrations, where there are any.
    pub migrations: Option<MigrationsPlan>,
}

/// Plans the code of a schema and of the migrations that lead to it. `None` when there were errors.
pub fn plan(
    schema: &Schema,
    migrations: Option<&Embedded>,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<CodePlan> {
    let context = Context::new(schema, options, diagnostics)?;
    check_type_names(schema, diagnostics);
    let enums = schema.enums.iter().map(|item| enums::plan_enum(&context, item)).collect();
    let customs = schema.customs.iter().filter_map(|item| enums::plan_custom(&context, item, diagnostics)).collect();
    let models: Vec<_> = schema.models.iter().filter_map(|item| model::plan(&context, item, diagnostics)).collect();
    check_modules(&models, diagnostics);
    let script = schema::plan(&context, migrations.is_some(), diagnostics);
    if diagnostics.has_errors() {
        return None;
    }
    let std = PreludePlan::of(schema);
    let migrations = migrations.map(migrations::plan);
    Some(CodePlan { krate: context.krate.to_string(), std, enums, customs, models, schema: script, migrations })
}

/// What every part of the plan needs to know.
struct Context<'a> {
    schema: &'a Schema,
    options: &'a Options,
    krate: proc_macro2::TokenStream,
    root: proc_macro2::TokenStream,
    std: prelude::Prelude,
    derives: Vec<syn::Path>,
}

impl<'a> Context<'a> {
    fn new(schema: &'a Schema, options: &'a Options, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut bad = |what: &str, text: &str| {
            let message = format!("{what} `{text}` is not a Rust path");
            diagnostics.push(Diagnostic::error(codes::PLAN_PATH, Place::None, message));
        };
        let krate = syn::parse_str::<syn::Path>(&options.crate_path);
        if krate.is_err() {
            bad("the crate path", &options.crate_path);
        }
        let mut derives = Vec::new();
        for derive in &options.derives {
            match syn::parse_str::<syn::Path>(derive) {
                Ok(path) => derives.push(path),
                Err(_) => bad("the derive", derive),
            }
        }
        let krate = krate.ok()?;
        let root = options.root.parse().ok()?;
        Some(Self { schema, options, krate: quote::quote!(#krate), root, std: prelude::Prelude::of(schema), derives })
    }

    /// The attributes of a type that is derived for.
    fn derive(&self, always: &[&str]) -> String {
        // What is derived in any case must not be derived twice.
        let fresh = |path: &&syn::Path| path.segments.last().is_none_or(|last| !always.iter().any(|a| last.ident == a));
        let derives = self.derives.iter().filter(fresh);
        let always = always.iter().map(|name| tokens::ident(name));
        let krate = &self.krate;
        let (serde, attribute) = if self.options.serde {
            let path = format!("{}::serde", krate.to_string().replace(' ', ""));
            (
                quote::quote!(, #krate::serde::Serialize, #krate::serde::Deserialize),
                quote::quote!(#[serde(crate = #path)]),
            )
        } else {
            (quote::quote!(), quote::quote!())
        };
        quote::quote!(#[derive(#(#always),* #(, #derives)* #serde)] #attribute).to_string()
    }
}

/// No two models may have one module, which is a folder.
fn check_modules(models: &[ModelPlan], diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for model in models {
        if let Some(other) = seen.insert(&model.module, &model.label) {
            let message =
                format!("the models `{other}` and `{}` would both be in the module `{}`", model.label, model.module);
            let place = Place::Object(format!("model `{}`", model.label));
            let help = "rename one of them; `table:` keeps the name of its table";
            diagnostics.push(Diagnostic::error(codes::TYPE_CLASH, place, message).help(help));
        }
    }
}

/// No two generated types may have one name.
fn check_type_names(schema: &Schema, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let models = schema.models.iter().flat_map(|model| {
        let what = format!("model `{}`", model.name);
        let [new_row, columns] = beside(&model.name);
        [model.name.clone(), new_row, columns].map(|name| (name, what.clone()))
    });
    let enums = schema.enums.iter().map(|item| (item.name.clone(), format!("enum `{}`", item.name)));
    let customs =
        schema.customs.iter().map(|item| (format!("{}Column", item.name), format!("custom type `{}`", item.name)));
    for (name, what) in models.chain(enums).chain(customs) {
        if let Some(other) = seen.get(&name) {
            let message = format!("{what} and {other} would both generate a type `{name}`");
            let help = "rename one of them; `table:` keeps the name of its table";
            diagnostics.push(Diagnostic::error(codes::TYPE_CLASH, Place::Object(what), message).help(help));
            continue;
        }
        seen.insert(name, what);
    }
}

#[cfg(test)]
mod tests;
