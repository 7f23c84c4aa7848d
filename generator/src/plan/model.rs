//! Models: the struct, its columns, its key, its finders, and the row that is not stored yet.

use proc_macro2::TokenStream;
use quote::quote;
use serde::Serialize;

use super::relation::{self, RelationPlan};
use super::rust_type::{self, Argument, RustType};
use super::session::SessionPlan;
use super::{Context, tokens};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::{Action, Column, ColumnId, Default, Field, ForeignKey, Model, RelationKind, SqlType, Table, TableKind};

/// What the model templates get.
#[derive(Debug, Clone, Serialize)]
pub struct ModelPlan {
    /// The module and folder of the model, a plain name.
    pub module: String,
    /// The module as an identifier.
    pub module_ident: String,
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
    /// The values of `key`, each a `Result<Value>`.
    pub values: Vec<String>,
    /// The key out of `row`, as a `Result`.
    pub decode: String,
    /// Whether the database counts it.
    pub counted: bool,
}

/// A finder by a unique key.
#[derive(Debug, Clone, Serialize)]
pub struct FinderPlan {
    /// Identifier.
    pub name: String,
    /// Documentation.
    pub doc: String,
    /// Positions of the columns.
    pub columns: Vec<usize>,
    /// `name: type` of each argument.
    pub arguments: Vec<String>,
    /// Statements that turn each argument into a value of its column.
    pub locals: Vec<String>,
    /// The value of each argument, a `Result<Value>`.
    pub values: Vec<String>,
}

/// One field of the row that is not stored yet.
#[derive(Debug, Clone, Serialize)]
pub struct NewFieldPlan {
    /// Identifier.
    pub name: String,
    /// Documentation.
    pub doc: String,
    /// Rust type.
    pub ty: String,
    /// Position of the column.
    pub at: usize,
    /// The type of the argument or setter.
    pub argument: String,
    /// The argument as the field's value.
    pub convert: String,
    /// Whether it is an argument of `new`.
    pub required: bool,
    /// What `new` sets it to, when it is no argument.
    pub initial: String,
    /// Whether there is a setter.
    pub setter: bool,
    /// Whether `None` leaves it to the database.
    pub optional: bool,
    /// The value of `value`, a reference to the field's inner value, as a `Result<Value>`.
    pub encode: String,
}

/// Names that a setter would hide.
const NEW_METHODS: [&str; 2] = ["new", "insert"];

pub(super) fn plan(context: &Context<'_>, model: &Model, diagnostics: &mut Diagnostics) -> Option<ModelPlan> {
    let table = context.schema.table(model.table);
    let typed = type_fields(context, model, table, diagnostics)?;
    let columns: Vec<Planned<'_>> = typed;
    let fields = columns.iter().map(|column| field_plan(column)).collect();
    let module = match crate::names::field(&model.name) {
        // The names of our own modules beside it.
        name if name == "schema" || name == "enums" => format!("{name}_"),
        name => name,
    };
    let writable = table.kind == TableKind::Table;
    let new_fields = if writable { new_fields(context, model, &columns) } else { Vec::new() };
    let doc_table = format!("A row of the table {}.", tokens::code(&table.name.name));
    let doc = match &model.doc {
        Some(text) => {
            let (first, rest) = (tokens::own_doc(&[doc_table, String::new()]), tokens::doc(text));
            quote!(#first #rest)
        }
        None => tokens::own_doc(&[doc_table]),
    };
    Some(ModelPlan {
        module_ident: tokens::ident(&module).to_string(),
        module,
        label: model.name.clone(),
        name: tokens::ident(&model.name).to_string(),
        new_name: tokens::ident(&format!("New{}", model.name)).to_string(),
        columns_name: tokens::ident(&format!("{}Columns", model.name)).to_string(),
        doc: doc.to_string(),
        derive: context.derive(&["Debug", "Clone", "PartialEq"]),
        new_derive: quote!(#[derive(Debug, Clone, PartialEq)]).to_string(),
        fields,
        meta: meta(context, model, table, &columns).to_string(),
        key: key_plan(context, model, table, &columns),
        finders: finders(context, model, table, &columns),
        relations: model.relations.iter().filter_map(|item| relation::plan(context, model, item)).collect(),
        writable,
        new_fields,
        session: super::session::plan(context, model),
    })
}

/// A field with its column and type.
struct Planned<'a> {
    at: usize,
    field: &'a Field,
    column: &'a Column,
    ty: RustType,
}

impl Planned<'_> {
    fn nullable(&self, inner: &TokenStream) -> TokenStream {
        if self.column.nullable { quote!(::core::option::Option<#inner>) } else { inner.clone() }
    }

    /// Type and conversion of an argument `name` of this column's own type.
    fn argument(&self, name: &TokenStream) -> (TokenStream, TokenStream) {
        let value = &self.ty.value;
        match self.ty.argument {
            Argument::Into => (quote!(impl ::core::convert::Into<#value>), quote!(#name.into())),
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

fn field_plan(planned: &Planned<'_>) -> FieldPlan {
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
        ty: planned.nullable(&ty.value).to_string(),
        marker: planned.nullable(&ty.marker).to_string(),
        at: *at,
    }
}

fn position(model: &Model, column: ColumnId) -> Option<usize> {
    model.fields.iter().position(|field| field.column == column)
}

/// The positions of the primary key, if all of it is in the model.
fn key_positions(model: &Model, table: &Table) -> Vec<usize> {
    table.primary_key.iter().map(|column| position(model, *column)).collect::<Option<_>>().unwrap_or_default()
}

fn meta(context: &Context<'_>, model: &Model, table: &Table, columns: &[Planned<'_>]) -> TokenStream {
    let krate = &context.krate;
    let (name, sql) = (&model.name, &table.name.name);
    let schema = relation::option(table.name.schema.as_deref());
    let items = columns.iter().map(|planned| {
        let (name, field, kind) = (&planned.column.name, &planned.field.name, &planned.ty.kind);
        let (nullable, generated) = (planned.column.nullable, planned.column.generated.is_some());
        quote!(#krate::codegen::ColumnMeta {
            name: #name, field: #field, kind: #kind, nullable: #nullable, generated: #generated,
        })
    });
    let key = key_positions(model, table);
    let option = |at: Option<usize>| match at {
        Some(at) => quote!(::core::option::Option::Some(#at)),
        None => quote!(::core::option::Option::None),
    };
    let auto_key = option(key.iter().copied().find(|&at| columns.get(at).is_some_and(is_counted)));
    let version = option(columns.iter().position(|planned| planned.field.version));
    let uniques = unique_keys(model, table).into_iter().map(|columns| quote!(&[#(#columns),*]));
    let foreign_keys = table.foreign_keys.iter().filter_map(|key| foreign_key(context, model, key));
    quote!(#krate::codegen::ModelMeta {
        model: #name,
        schema: #schema,
        table: #sql,
        columns: &[#(#items),*],
        key: &[#(#key),*],
        auto_key: #auto_key,
        version: #version,
        uniques: &[#(#uniques),*],
        foreign_keys: &[#(#foreign_keys),*],
    })
}

/// Foreign keys between whole models; what points outside of them does not matter to the order of writes.
fn foreign_key(context: &Context<'_>, model: &Model, key: &ForeignKey) -> Option<TokenStream> {
    let krate = &context.krate;
    let target = context.schema.models.iter().find(|target| target.table == key.table)?;
    let table = &context.schema.table(key.table).name;
    let columns: Vec<usize> = key.columns.iter().map(|column| position(model, *column)).collect::<Option<_>>()?;
    let targets: Vec<usize> = key.references.iter().map(|column| position(target, *column)).collect::<Option<_>>()?;
    let (schema, name, deferred) = (relation::option(table.schema.as_deref()), &table.name, key.deferred);
    let on_delete = match key.on_delete {
        Action::NoAction | Action::Restrict => quote!(Refuse),
        Action::Cascade => quote!(Cascade),
        Action::SetNull | Action::SetDefault => quote!(Set),
    };
    Some(quote!(#krate::codegen::ForeignKeyMeta {
        columns: &[#(#columns),*],
        schema: #schema,
        table: #name,
        targets: &[#(#targets),*],
        on_delete: #krate::codegen::OnDelete::#on_delete,
        deferred: #deferred,
    }))
}

fn is_counted(planned: &Planned<'_>) -> bool {
    matches!(planned.column.default, Some(Default::AutoIncrement))
}

fn key_plan(context: &Context<'_>, model: &Model, table: &Table, columns: &[Planned<'_>]) -> Option<KeyPlan> {
    let krate = &context.krate;
    let positions = key_positions(model, table);
    let key: Vec<&Planned<'_>> = positions.iter().map(|&at| columns.get(at)).collect::<Option<_>>()?;
    let [first, rest @ ..] = key.as_slice() else { return None };
    let encode = |planned: &Planned<'_>, value: TokenStream| {
        let marker = &planned.ty.marker;
        quote!(<#marker as #krate::codegen::ColumnType>::encode(#value)).to_string()
    };
    let decode = |planned: &Planned<'_>, at: usize| {
        let marker = &planned.ty.marker;
        quote!(row.get::<#marker>(#at))
    };
    if rest.is_empty() {
        let (argument, convert) = first.argument(&quote!(key));
        let ty = &first.ty.value;
        return Some(KeyPlan {
            ty: ty.to_string(),
            argument: argument.to_string(),
            convert: convert.to_string(),
            of_self: owned(first).to_string(),
            values: vec![encode(first, quote!(key))],
            decode: decode(first, 0).to_string(),
            counted: is_counted(first),
        });
    }
    let types = key.iter().map(|planned| &planned.ty.value);
    let ty = quote!((#(#types),*));
    let parts_of_self = key.iter().map(|planned| owned(planned));
    let parts = key.iter().enumerate().map(|(at, planned)| decode(planned, at));
    let index = |at: usize| {
        let at = syn::Index::from(at);
        quote!(&key.#at)
    };
    Some(KeyPlan {
        ty: ty.to_string(),
        argument: ty.to_string(),
        convert: "key".into(),
        of_self: quote!((#(#parts_of_self),*)).to_string(),
        values: key.iter().enumerate().map(|(at, planned)| encode(planned, index(at))).collect(),
        decode: quote!(::core::result::Result::Ok((#(#parts?),*))).to_string(),
        counted: false,
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
        let finder = finder(context, &found);
        if !finders.iter().any(|known| known.name == finder.name) {
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
    let krate = &context.krate;
    let names: Vec<&str> = columns.iter().map(|planned| planned.field.name.as_str()).collect();
    let mut arguments = Vec::new();
    let (mut locals, mut values) = (Vec::new(), Vec::new());
    for planned in columns {
        let name = tokens::ident(&planned.field.name);
        let (ty, convert) = planned.argument(&quote!(#name));
        let (value, marker) = (&planned.ty.value, &planned.ty.marker);
        arguments.push(quote!(#name: #ty).to_string());
        locals.push(quote!(let #name: #value = #convert;).to_string());
        values.push(
            quote!(<#marker as #krate::codegen::ColumnType>::encode(&#name).map(#krate::codegen::Value::into_owned))
                .to_string(),
        );
    }
    FinderPlan {
        name: tokens::ident(&format!("by_{}", names.join("_and_"))).to_string(),
        doc: tokens::own_doc(&[format!("The row with this unique {}, if there is one.", names.join(" and "))])
            .to_string(),
        columns: columns.iter().map(|planned| planned.at).collect(),
        arguments,
        locals,
        values,
    }
}

fn new_fields(context: &Context<'_>, model: &Model, columns: &[Planned<'_>]) -> Vec<NewFieldPlan> {
    columns
        .iter()
        .filter(|planned| planned.column.generated.is_none())
        .map(|planned| new_field(context, model, planned))
        .collect()
}

fn new_field(context: &Context<'_>, model: &Model, planned: &Planned<'_>) -> NewFieldPlan {
    let krate = &context.krate;
    let (name, column, ty) = (tokens::ident(&planned.field.name), planned.column, &planned.ty);
    let marker = &ty.marker;
    let reference = reference(context, model, planned);
    let inner = reference.clone().unwrap_or_else(|| ty.value.clone());
    let some = quote!(::core::option::Option::Some);
    let none = quote!(::core::option::Option::None);
    let encode = match (&reference, column.nullable) {
        (Some(_), false) => quote!(value.encode::<#marker>()),
        (Some(_), true) => {
            quote!(match value { #some(value) => value.encode::<#marker>(), #none => ::core::result::Result::Ok(#krate::codegen::Value::Null) })
        }
        (None, _) => {
            let marker = planned.nullable(marker);
            quote!(<#marker as #krate::codegen::ColumnType>::encode(value))
        }
    };
    let (argument, convert) = match &reference {
        Some(_) => {
            let target = reference_target(context, model, planned);
            (quote!(impl #krate::codegen::IntoRef<#target>), quote!(#name.into_ref()))
        }
        None => planned.argument(&quote!(#name)),
    };
    let option = quote!(::core::option::Option);
    let has_default = column.default.is_some();
    // A counter that the database does not start, we start at 1.
    let counter = planned.field.version && !has_default;
    let required = !column.nullable && !has_default && !counter;
    let (field_ty, argument, set) = match (column.nullable, has_default) {
        _ if counter => (inner, argument, convert),
        (false, false) => (inner, argument, convert),
        (true, true) => (
            quote!(#option<#option<#inner>>),
            quote!(impl ::core::convert::Into<#option<#inner>>),
            quote!(#some(#name.into())),
        ),
        (true, false) | (false, true) => (quote!(#option<#inner>), argument, quote!(#some(#convert))),
    };
    let doc = match (column.nullable, has_default) {
        (_, true) => "left to the database when `None`",
        (true, false) => "NULL when `None`",
        (false, false) => "required",
    };
    let doc = if counter { "starts at 1" } else { doc };
    NewFieldPlan {
        doc: tokens::own_doc(&[format!("Column {}: {}; {doc}.", tokens::code(&column.name), ty.label)]).to_string(),
        ty: field_ty.to_string(),
        at: planned.at,
        argument: argument.to_string(),
        convert: set.to_string(),
        required,
        initial: if counter { quote!(1).to_string() } else { none.to_string() },
        setter: !required && !NEW_METHODS.contains(&planned.field.name.as_str()),
        // NULL is written out, so that rows with and without a value are inserted by one statement.
        optional: has_default,
        encode: encode.to_string(),
        name: name.to_string(),
    }
}

/// `Ref<Target>` for a column that is a foreign key, by itself, to the whole primary key of another model.
fn reference(context: &Context<'_>, model: &Model, planned: &Planned<'_>) -> Option<TokenStream> {
    let krate = &context.krate;
    let target = reference_target(context, model, planned)?;
    Some(quote!(#krate::codegen::Ref<#target>))
}

fn reference_target(context: &Context<'_>, model: &Model, planned: &Planned<'_>) -> Option<TokenStream> {
    let target = model.relations.iter().find_map(|relation| {
        let RelationKind::BelongsTo { on, .. } = &relation.kind else { return None };
        let [(here, there)] = on.as_slice() else { return None };
        let target = context.schema.model(relation.target);
        let table = context.schema.table(target.table);
        let whole_key = table.primary_key.as_slice() == [*there];
        let key_type = &table.column(*there).ty;
        let same = *here == planned.field.column && *key_type == planned.column.ty;
        (whole_key && same && position(target, *there).is_some()).then_some(target)
    })?;
    let (root, name) = (&context.root, tokens::ident(&target.name));
    Some(quote!(#root #name))
}
