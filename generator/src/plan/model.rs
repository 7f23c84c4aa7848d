//! Models: the struct, its columns, its key, its finders, and the row that is not stored yet.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde::Serialize;

use super::new_row::{self, NewFieldPlan, NewRow};
use super::relation::{self, RelationPlan};
use super::rust_type::{self, Argument, RustType};
use super::session::SessionPlan;
use super::{Context, tokens};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::{Action, Column, ColumnId, Default, Field, ForeignKey, Model, SqlType, Table, TableKind};
use crate::names;

/// What the model templates get.
#[derive(Debug, Clone, Serialize)]
pub struct ModelPlan {
    /// The module and folder of the model, a plain name.
    pub module: String,
    /// The module as an identifier.
    pub module_ident: String,
    /// Where its file is, as a literal, where that has to be said.
    pub module_path: Option<String>,
    /// The model's name without `r#`, for messages.
    pub label: String,
    /// Identifier of the struct.
    pub name: String,
    /// Identifier of the row that is not stored yet.
    pub new_name: String,
    /// Identifier of the columns.
    pub columns_name: String,
    /// Documentation of the struct.
    pub doc: String,
    /// Derive attributes of the struct and of the new row.
    pub derive: String,
    /// Derive attributes of the new row.
    pub new_derive: String,
    /// Fields in the order of the columns.
    pub fields: Vec<FieldPlan>,
    /// The fields again, in parts that are read together.
    pub parts: Vec<PartPlan>,
    /// The metadata, an expression of `ModelMeta`.
    pub meta: String,
    /// The primary key, if there is one.
    pub key: Option<KeyPlan>,
    /// One finder per unique key.
    pub finders: Vec<FinderPlan>,
    /// Relations.
    pub relations: Vec<RelationPlan>,
    /// Whether rows can be inserted, updated and deleted.
    pub writable: bool,
    /// Fields of the row that is not stored yet.
    pub new_fields: Vec<NewFieldPlan>,
    /// The statements that put them into their columns.
    pub new_puts: Vec<String>,
    /// What sessions need to know of it.
    pub session: SessionPlan,
}

/// One field.
#[derive(Debug, Clone, Serialize)]
pub struct FieldPlan {
    /// Identifier.
    pub name: String,
    /// Documentation.
    pub doc: String,
    /// Rust type, with `Option` where the column may be NULL.
    pub ty: String,
    /// The type that stands in `Column<…>`.
    pub marker: String,
    /// Position.
    pub at: usize,
    /// Where `decode` has its value.
    pub part: String,
}

/// Columns that `decode` reads together.
#[derive(Debug, Clone, Serialize)]
pub struct PartPlan {
    /// The variable of their values.
    pub name: String,
    /// Position of the first.
    pub at: usize,
    /// Their types, a tuple.
    pub types: String,
}

/// The primary key.
#[derive(Debug, Clone, Serialize)]
pub struct KeyPlan {
    /// Type of the key.
    pub ty: String,
    /// Type of the argument of `get`.
    pub argument: String,
    /// The argument `key` as a key.
    pub convert: String,
    /// The key of `self`.
    pub of_self: String,
    /// The types of its columns: one, or a tuple.
    pub columns: String,
    /// Positions of its columns.
    pub positions: Vec<usize>,
}

/// A finder by a unique key.
#[derive(Debug, Clone, Serialize)]
pub struct FinderPlan {
    /// Identifier.
    pub name: String,
    /// Identifier of the key.
    pub constant: String,
    /// Documentation.
    pub doc: String,
    /// Positions of the columns.
    pub columns: Vec<usize>,
    /// `name: type` of each argument.
    pub arguments: Vec<String>,
    /// The types of the columns: one, or a tuple.
    pub types: String,
    /// The arguments as a value of them.
    pub key: String,
}

pub(super) fn plan(context: &Context<'_>, model: &Model, diagnostics: &mut Diagnostics) -> Option<ModelPlan> {
    let table = context.schema.table(model.table);
    let typed = type_fields(context, model, table, diagnostics)?;
    let columns: Vec<Planned<'_>> = typed;
    let fields = columns.iter().map(|column| field_plan(context, column)).collect();
    let module = names::module(&model.name);
    let writable = table.kind == TableKind::Table;
    let new_row = if writable { new_row::plan(context, model, &columns) } else { NewRow::default() };
    let doc_table = format!("A row of the table {}.", tokens::code(&table.name.name));
    let doc = match &model.doc {
        Some(text) => {
            let (first, rest) = (tokens::own_doc(&[doc_table, String::new()]), tokens::doc(text));
            quote!(#first #rest)
        }
        None => tokens::own_doc(&[doc_table]),
    };
    // Without it, rustc looks for no file whose name has other letters.
    let path = (!module.is_ascii()).then(|| format!("{module}/mod.rs"));
    Some(ModelPlan {
        module_ident: tokens::ident(&module).to_string(),
        module_path: path.map(|path| quote!(#path).to_string()),
        module,
        label: model.name.clone(),
        name: tokens::ident(&model.name).to_string(),
        new_name: tokens::ident(&names::new_row(&model.name)).to_string(),
        columns_name: tokens::ident(&names::columns(&model.name)).to_string(),
        doc: doc.to_string(),
        derive: context.derive(&["Debug", "Clone", "PartialEq"]),
        new_derive: quote!(#[derive(Debug, Clone)]).to_string(),
        fields,
        parts: columns.chunks(PART).map(|chunk| part_plan(context, chunk)).collect(),
        meta: meta(context, model, table, &columns).to_string(),
        key: key_plan(context, model, table, &columns),
        finders: finders(context, model, table, &columns),
        relations: model.relations.iter().filter_map(|item| relation::plan(context, model, item)).collect(),
        writable,
        new_fields: new_row.fields,
        new_puts: new_row.puts,
        session: super::session::plan(context, model),
    })
}

/// A field with its column and type.
pub(super) struct Planned<'a> {
    pub at: usize,
    pub field: &'a Field,
    pub column: &'a Column,
    pub ty: RustType,
}

impl Planned<'_> {
    pub(super) fn nullable(&self, context: &Context<'_>, inner: &TokenStream) -> TokenStream {
        let option = &context.std.option;
        if self.column.nullable { quote!(#option<#inner>) } else { inner.clone() }
    }

    /// Type and conversion of an argument `name` of this column's own type.
    pub(super) fn argument(&self, context: &Context<'_>, name: &TokenStream) -> (TokenStream, TokenStream) {
        let (value, into) = (&self.ty.value, &context.std.into);
        match self.ty.argument {
            Argument::Into => (quote!(impl #into<#value>), quote!(#name.into())),
            Argument::Exact => (value.clone(), name.clone()),
        }
    }
}

fn type_fields<'a>(
    context: &Context<'_>,
    model: &'a Model,
    table: &'a Table,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Planned<'a>>> {
    let mut columns = Vec::with_capacity(model.fields.len());
    for (at, field) in model.fields.iter().enumerate() {
        let column = table.column(field.column);
        match rust_type::of_column(context, column) {
            Ok(ty) => columns.push(Planned { at, field, column, ty }),
            Err(what) => {
                let place = Place::Object(format!("table \"{}\", column \"{}\"", table.name.name, column.name));
                let message = format!("columns of type {what} have no Rust type yet");
                let help = "use `text` or `json`, or a custom type over one of them";
                diagnostics.push(Diagnostic::error(codes::TYPE_UNSUPPORTED, place, message).help(help));
            }
        }
    }
    (columns.len() == model.fields.len()).then_some(columns)
}

/// How many columns are read together at most: the longest tuple that the runtime reads.
const PART: usize = 16;

/// The variable of the part that begins at a position.
fn part_name(at: usize) -> String {
    format!("from_{at}")
}

fn part_plan(context: &Context<'_>, columns: &[Planned<'_>]) -> PartPlan {
    let at = columns.first().map_or(0, |first| first.at);
    let types = columns.iter().map(|planned| planned.nullable(context, &planned.ty.marker));
    PartPlan { name: part_name(at), at, types: quote!((#(#types,)*)).to_string() }
}

fn field_plan(context: &Context<'_>, planned: &Planned<'_>) -> FieldPlan {
    let Planned { at, field, column, ty } = planned;
    let mut line = format!("Column {}: {}", tokens::code(&column.name), ty.label);
    if column.generated.is_some() {
        line.push_str(", computed by the database");
    }
    line.push('.');
    let own = tokens::own_doc(&[line]);
    let comment = column.comment.as_deref().map(|text| {
        let (blank, text) = (tokens::own_doc(&[String::new()]), tokens::doc(text));
        quote!(#blank #text)
    });
    FieldPlan {
        name: tokens::ident(&field.name).to_string(),
        doc: quote!(#own #comment).to_string(),
        ty: planned.nullable(context, &ty.value).to_string(),
        marker: planned.nullable(context, &ty.marker).to_string(),
        at: *at,
        part: format!("{}.{}", part_name(at - at % PART), at % PART),
    }
}

/// The position of a column among the fields of a model.
pub(super) fn position(model: &Model, column: ColumnId) -> Option<usize> {
    model.fields.iter().position(|field| field.column == column)
}

/// The positions of the primary key, if all of it is in the model.
fn key_positions(model: &Model, table: &Table) -> Vec<usize> {
    table.primary_key.iter().map(|column| position(model, *column)).collect::<Option<_>>().unwrap_or_default()
}

fn meta(context: &Context<'_>, model: &Model, table: &Table, columns: &[Planned<'_>]) -> TokenStream {
    let (name, sql) = (&model.name, &table.name.name);
    let schema = table.name.schema.as_deref().map(|schema| {
        let schema = relation::option(context, Some(schema));
        quote!(schema: #schema,)
    });
    let items =
        columns.iter().map(|planned| relation::meta(context, planned.column, &planned.field.name, &planned.ty.kind));
    let key = key_positions(model, table);
    let some = &context.std.some;
    let counted = key.iter().copied().find(|&at| columns.get(at).is_some_and(is_counted));
    let auto_key = counted.map(tokens::number).map(|at| quote!(auto_key: #some(#at),));
    let version = columns
        .iter()
        .position(|planned| planned.field.version)
        .map(tokens::number)
        .map(|at| quote!(version: #some(#at),));
    let list = |name: TokenStream, items: Vec<TokenStream>| (!items.is_empty()).then(|| quote!(#name: &[#(#items),*],));
    let key = list(quote!(key), key.iter().map(|at| tokens::number(*at).into_token_stream()).collect());
    let uniques = unique_keys(model, table).into_iter().map(|columns| positions(&columns)).collect();
    let uniques = list(quote!(uniques), uniques);
    let keys = table.foreign_keys.iter().filter_map(|key| foreign_key(context, model, key)).collect();
    let foreign_keys = list(quote!(foreign_keys), keys);
    quote!(__rt::ModelMeta {
        model: #name,
        #schema
        table: #sql,
        columns: &[#(#items),*],
        #key
        #auto_key
        #version
        #uniques
        #foreign_keys
        texts: #some(|| {
            static TEXTS: __rt::Texts = __rt::Texts::new();
            &TEXTS
        }),
        ..__rt::ModelMeta::EMPTY
    })
}

/// Foreign keys between whole models; what points outside of them does not matter to the order of writes.
fn foreign_key(context: &Context<'_>, model: &Model, key: &ForeignKey) -> Option<TokenStream> {
    let target = context.schema.models.iter().find(|target| target.table == key.table)?;
    let table = &context.schema.table(key.table).name;
    let columns: Vec<usize> = key.columns.iter().map(|column| position(model, *column)).collect::<Option<_>>()?;
    let targets: Vec<usize> = key.references.iter().map(|column| position(target, *column)).collect::<Option<_>>()?;
    let (columns, targets) = (positions(&columns), positions(&targets));
    let (schema, name, deferred) = (relation::option(context, table.schema.as_deref()), &table.name, key.deferred);
    let on_delete = match key.on_delete {
        Action::NoAction | Action::Restrict => quote!(Refuse),
        Action::Cascade => quote!(Cascade),
        Action::SetNull | Action::SetDefault => quote!(Set),
    };
    Some(quote!(__rt::ForeignKeyMeta {
        columns: #columns,
        schema: #schema,
        table: #name,
        targets: #targets,
        on_delete: __rt::OnDelete::#on_delete,
        deferred: #deferred,
    }))
}

/// Positions as a slice.
fn positions(columns: &[usize]) -> TokenStream {
    let columns = columns.iter().copied().map(tokens::number);
    quote!(&[#(#columns),*])
}

fn is_counted(planned: &Planned<'_>) -> bool {
    matches!(planned.column.default, Some(Default::AutoIncrement))
}

fn key_plan(context: &Context<'_>, model: &Model, table: &Table, columns: &[Planned<'_>]) -> Option<KeyPlan> {
    let positions = key_positions(model, table);
    let key: Vec<&Planned<'_>> = positions.iter().map(|&at| columns.get(at)).collect::<Option<_>>()?;
    let [first, rest @ ..] = key.as_slice() else { return None };
    let columns = key.iter().map(|planned| &planned.ty.marker);
    if rest.is_empty() {
        let (argument, convert) = first.argument(context, &quote!(key));
        return Some(KeyPlan {
            ty: first.ty.value.to_string(),
            argument: argument.to_string(),
            convert: convert.to_string(),
            of_self: owned(first).to_string(),
            columns: first.ty.marker.to_string(),
            positions,
        });
    }
    let types = key.iter().map(|planned| &planned.ty.value);
    let ty = quote!((#(#types),*));
    let parts = key.iter().map(|planned| owned(planned));
    Some(KeyPlan {
        ty: ty.to_string(),
        argument: ty.to_string(),
        convert: "key".into(),
        of_self: quote!((#(#parts),*)).to_string(),
        columns: quote!((#(#columns),*)).to_string(),
        positions,
    })
}

/// The value of a field of `self`, in a form that clippy finds in order whatever the type is.
fn owned(planned: &Planned<'_>) -> TokenStream {
    let name = tokens::ident(&planned.field.name);
    match &planned.column.ty {
        SqlType::Custom(_) => quote!(::core::clone::Clone::clone(&self.#name)),
        ty if rust_type::is_copy(ty) => quote!(self.#name),
        _ => quote!(self.#name.clone()),
    }
}

/// One finder per unique constraint and unique index over whole columns, named after its fields.
fn finders(context: &Context<'_>, model: &Model, table: &Table, columns: &[Planned<'_>]) -> Vec<FinderPlan> {
    let mut finders: Vec<FinderPlan> = Vec::new();
    for positions in unique_keys(model, table) {
        let found: Option<Vec<&Planned<'_>>> = positions.iter().map(|&at| columns.get(at)).collect();
        let Some(found) = found else { continue };
        let mut finder = finder(context, &found);
        if !finders.iter().any(|known| known.name == finder.name) {
            while finders.iter().any(|known| known.constant == finder.constant) {
                finder.constant.push('_');
            }
            finders.push(finder);
        }
    }
    finders
}

/// Unique constraints and unique indexes over whole columns, as positions of fields.
fn unique_keys(model: &Model, table: &Table) -> Vec<Vec<usize>> {
    let constraints = table.uniques.iter().map(|unique| unique.columns.clone());
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let indexes = indexes.filter_map(|index| {
        let column = |part: &crate::ir::IndexPart| match part.target {
            crate::ir::IndexTarget::Column(column) => Some(column),
            crate::ir::IndexTarget::Expr(_) => None,
        };
        index.parts.iter().map(column).collect::<Option<Vec<ColumnId>>>()
    });
    let positions = |unique: Vec<ColumnId>| unique.iter().map(|column| position(model, *column)).collect();
    constraints.chain(indexes).filter_map(positions).collect()
}

fn finder(context: &Context<'_>, columns: &[&Planned<'_>]) -> FinderPlan {
    let names: Vec<&str> = columns.iter().map(|planned| planned.field.name.as_str()).collect();
    let (mut arguments, mut values) = (Vec::new(), Vec::new());
    for planned in columns {
        let name = tokens::ident(&planned.field.name);
        let (ty, convert) = planned.argument(context, &quote!(#name));
        arguments.push(quote!(#name: #ty).to_string());
        values.push(convert);
    }
    let types: Vec<_> = columns.iter().map(|planned| &planned.ty.marker).collect();
    let (types, key) = match (types.as_slice(), values.as_slice()) {
        ([ty], [value]) => (quote!(#ty), value.clone()),
        _ => (quote!((#(#types),*)), quote!((#(#values),*))),
    };
    let name = format!("by_{}", names.join("_and_"));
    FinderPlan {
        constant: name.to_uppercase(),
        name: tokens::ident(&name).to_string(),
        doc: tokens::own_doc(&[format!("The row with this unique {}, if there is one.", names.join(" and "))])
            .to_string(),
        columns: columns.iter().map(|planned| planned.at).collect(),
        arguments,
        types: types.to_string(),
        key: key.to_string(),
    }
}
