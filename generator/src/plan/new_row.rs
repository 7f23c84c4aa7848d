//! The row that is not stored yet: its fields, which of them `new` asks for, and what they put into which column.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde::Serialize;

use super::model::{Planned, position};
use super::rust_type::Argument as Taken;
use super::{Context, tokens};
use crate::ir::{ColumnId, Model, Relation, RelationKind, SqlType};

/// One field of the row that is not stored yet.
#[derive(Debug, Clone, Serialize)]
pub struct NewFieldPlan {
    /// Identifier.
    pub name: String,
    /// Documentation.
    pub doc: String,
    /// Rust type.
    pub ty: String,
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
    /// Generic parameters of the setter, in their brackets; empty for most.
    pub setter_generics: String,
    /// Documentation of the setter.
    pub setter_doc: String,
}

/// The row that is not stored yet.
#[derive(Debug, Default)]
pub(super) struct NewRow {
    pub fields: Vec<NewFieldPlan>,
    /// The statements that put the fields, and what else a new row begins with, into their columns.
    pub puts: Vec<String>,
}

/// Names that a setter would hide.
const NEW_METHODS: [&str; 3] = ["new", "insert", "on_conflict"];

/// What setters are documented to do.
const SETS: &str = "Sets the column.";
const SETS_OR_NULL: &str = "Sets the column; `None` is NULL.";

/// A foreign key of several columns that one field can stand for.
struct Composite<'a> {
    relation: &'a Relation,
    /// Positions of its columns, in the order of the key that it refers to.
    columns: Vec<usize>,
    /// All of its columns can be NULL, or none.
    nullable: bool,
}

impl Composite<'_> {
    fn has(&self, at: usize) -> bool {
        self.columns.contains(&at)
    }

    /// The column in whose place it stands.
    fn first(&self) -> Option<usize> {
        self.columns.iter().copied().min()
    }
}

pub(super) fn plan(context: &Context<'_>, model: &Model, columns: &[Planned<'_>]) -> NewRow {
    let composites = composites(context, model, columns);
    let mut row = NewRow::default();
    for planned in columns.iter().filter(|planned| planned.column.generated.is_none()) {
        if planned.field.version {
            row.puts.extend(first_version(planned));
            continue;
        }
        let composite = composites.iter().find(|composite| composite.has(planned.at));
        if let Some(composite) = composite.filter(|composite| composite.first() == Some(planned.at)) {
            row.fields.push(composite_field(context, composite, columns));
            row.puts.push(composite_put(context, model, composite, columns).to_string());
        }
        // Columns of a key that may be absent can be given one by one as well.
        if composite.is_none_or(|composite| composite.nullable) {
            row.fields.push(field(context, model, planned));
        }
        if composite.is_none() {
            row.puts.push(put(context, model, planned).to_string());
        }
    }
    row
}

/// A counter that the database does not start, we start at 1. It counts by itself, so nobody sets it.
fn first_version(planned: &Planned<'_>) -> Option<String> {
    let (at, marker) = (tokens::number(planned.at), &planned.ty.marker);
    planned.column.default.is_none().then(|| quote!(out.column::<#marker>(#at, &1);).to_string())
}

fn field(context: &Context<'_>, model: &Model, planned: &Planned<'_>) -> NewFieldPlan {
    let (name, column, ty) = (tokens::ident(&planned.field.name), planned.column, &planned.ty);
    let target = reference_target(context, model, planned);
    let inner = match &target {
        Some(target) => quote!(__rt::Ref<#target>),
        None => ty.value.clone(),
    };
    let (option, some) = (&context.std.option, &context.std.some);
    let has_default = column.default.is_some();
    let (field_ty, doc) = match (column.nullable, has_default) {
        (true, true) => (quote!(#option<#option<#inner>>), "left to the database when `None`"),
        (false, true) => (quote!(#option<#inner>), "left to the database when `None`"),
        (true, false) => (quote!(#option<#inner>), "NULL when `None`"),
        (false, false) => (inner, "required"),
    };
    let Argument { ty: argument, convert, generics } = match column.nullable {
        true => nullable_argument(context, planned, target.as_ref()),
        false => argument(context, planned, target.as_ref()),
    };
    let required = !column.nullable && !has_default;
    let convert = if has_default { quote!(#some(#convert)) } else { convert };
    NewFieldPlan {
        doc: tokens::own_doc(&[format!("Column {}: {}; {doc}.", tokens::code(&column.name), ty.label)]).to_string(),
        ty: field_ty.to_string(),
        argument: argument.to_string(),
        convert: convert.to_string(),
        required,
        initial: context.std.none.to_string(),
        setter: !required && has_setter(&planned.field.name),
        setter_generics: generics.to_string(),
        setter_doc: tokens::own_doc(&[if column.nullable { SETS_OR_NULL } else { SETS }.into()]).to_string(),
        name: name.to_string(),
    }
}

/// An argument, how it becomes the value, and the generic parameters that it needs.
struct Argument {
    ty: TokenStream,
    convert: TokenStream,
    generics: TokenStream,
}

fn argument(context: &Context<'_>, planned: &Planned<'_>, target: Option<&TokenStream>) -> Argument {
    let name = tokens::ident(&planned.field.name);
    let (ty, convert) = match target {
        Some(target) => (quote!(impl __rt::IntoRef<#target>), quote!(#name.into_ref())),
        None => planned.argument(context, &quote!(#name)),
    };
    Argument { ty, convert, generics: TokenStream::new() }
}

/// The argument of a column that may be NULL: a value or an `Option` of it. Where only the type itself is taken, that is
/// `Into<Option<T>>`, by which the compiler finds the type of a number. So it is of JSON, too, which can be made of an
/// `Option`: nobody could tell whether JSON's own null or NULL is meant.
fn nullable_argument(context: &Context<'_>, planned: &Planned<'_>, target: Option<&TokenStream>) -> Argument {
    let (name, value) = (tokens::ident(&planned.field.name), &planned.ty.value);
    let (option, into) = (&context.std.option, &context.std.into);
    let generics = quote!(<__H>);
    match target {
        Some(target) => Argument {
            ty: quote!(impl __rt::IntoNullableRef<#target, __H>),
            convert: quote!(#name.into_nullable_ref()),
            generics,
        },
        None if planned.ty.argument == Taken::Exact || planned.column.ty == SqlType::Json => Argument {
            ty: quote!(impl #into<#option<#value>>),
            convert: quote!(#name.into()),
            generics: TokenStream::new(),
        },
        None => Argument {
            ty: quote!(impl __rt::IntoNullable<#value, __H>),
            convert: quote!(#name.into_nullable()),
            generics,
        },
    }
}

fn has_setter(name: &str) -> bool {
    !NEW_METHODS.contains(&name)
}

/// The statement that puts a column's field into the column.
fn put(context: &Context<'_>, model: &Model, planned: &Planned<'_>) -> TokenStream {
    let (name, at) = (tokens::ident(&planned.field.name), tokens::number(planned.at));
    let marker = match reference_target(context, model, planned) {
        Some(target) => {
            let marker = &planned.ty.marker;
            quote!(__rt::Refers<#marker, #target>)
        }
        None => planned.ty.marker.clone(),
    };
    let marker = planned.nullable(context, &marker);
    // NULL is written out, so that rows with and without a value are inserted by one statement.
    match planned.column.default {
        Some(_) => quote!(out.maybe::<#marker>(#at, &self.#name);),
        None => quote!(out.column::<#marker>(#at, &self.#name);),
    }
}

/// One field for all columns of a foreign key.
fn composite_field(context: &Context<'_>, composite: &Composite<'_>, columns: &[Planned<'_>]) -> NewFieldPlan {
    let relation = composite.relation;
    let (root, target) = (&context.root, tokens::ident(&context.schema.model(relation.target).name));
    let (name, target) = (tokens::ident(&relation.name), quote!(#root #target));
    let (option, none) = (&context.std.option, &context.std.none);
    let covered: Vec<&Planned<'_>> = columns.iter().filter(|planned| composite.has(planned.at)).collect();
    let names: Vec<String> = covered.iter().map(|planned| tokens::code(&planned.column.name)).collect();
    let ty = quote!(__rt::Ref<#target>);
    let (ty, argument, convert, doc) = if composite.nullable {
        let argument = quote!(impl __rt::IntoNullableRef<#target, __H>);
        (quote!(#option<#ty>), argument, quote!(#name.into_nullable_ref()), "each by itself when `None`")
    } else {
        (ty, quote!(impl __rt::IntoRef<#target>), quote!(#name.into_ref()), "required")
    };
    NewFieldPlan {
        doc: tokens::own_doc(&[format!("Columns {}, as the row they refer to; {doc}.", names.join(" and "))])
            .to_string(),
        ty: ty.to_string(),
        argument: argument.to_string(),
        convert: convert.to_string(),
        required: !composite.nullable,
        initial: none.to_token_stream().to_string(),
        setter: composite.nullable && has_setter(&relation.name),
        setter_generics: if composite.nullable { quote!(<__H>).to_string() } else { String::new() },
        setter_doc: tokens::own_doc(&[format!("Sets {}, to refer to this row.", names.join(" and "))]).to_string(),
        name: name.to_string(),
    }
}

/// The statement that puts it into its columns, or, where it is absent, what these have by themselves.
fn composite_put(
    context: &Context<'_>,
    model: &Model,
    composite: &Composite<'_>,
    columns: &[Planned<'_>],
) -> TokenStream {
    let (some, none) = (&context.std.some, &context.std.none);
    let name = tokens::ident(&composite.relation.name);
    let at = composite.columns.iter().copied().map(tokens::number);
    let at = quote!(&[#(#at),*]);
    if !composite.nullable {
        return quote!(out.refer(#at, &self.#name););
    }
    let covered = columns.iter().filter(|planned| composite.has(planned.at));
    let alone = covered.map(|planned| put(context, model, planned));
    quote!(match &self.#name {
        #some(row) => out.refer(#at, row),
        #none => { #(#alone)* }
    })
}

/// The foreign keys that one field can stand for. Of two that share a column the first one does: the other's own columns
/// are given by themselves, so that two rows cannot disagree on what is in the shared one.
fn composites<'a>(context: &Context<'_>, model: &'a Model, columns: &[Planned<'_>]) -> Vec<Composite<'a>> {
    let mut found: Vec<Composite<'a>> = Vec::new();
    for relation in &model.relations {
        if let Some(composite) = composite(context, model, relation, columns)
            && !found.iter().any(|known| composite.columns.iter().any(|&at| known.has(at)))
        {
            found.push(composite);
        }
    }
    found
}

/// The foreign key of a relation, if it has several columns and leads to the whole of a primary key.
fn composite<'a>(
    context: &Context<'_>,
    model: &Model,
    relation: &'a Relation,
    columns: &[Planned<'_>],
) -> Option<Composite<'a>> {
    let RelationKind::BelongsTo { on, .. } = &relation.kind else { return None };
    let target = context.schema.model(relation.target);
    let table = context.schema.table(target.table);
    if on.len() < 2 || on.len() != table.primary_key.len() {
        return None;
    }
    let column = |there: &ColumnId| {
        position(target, *there)?;
        let here = on.iter().find(|(_, other)| other == there).and_then(|(here, _)| position(model, *here))?;
        let planned = columns.get(here)?;
        let plain = planned.column.generated.is_none() && planned.column.default.is_none() && !planned.field.version;
        (plain && planned.column.ty == table.column(*there).ty).then_some(here)
    };
    let at: Vec<usize> = table.primary_key.iter().map(column).collect::<Option<_>>()?;
    let nullable = |at: &usize| columns.get(*at).is_some_and(|planned| planned.column.nullable);
    let all = at.iter().all(nullable);
    (all || !at.iter().any(nullable)).then_some(Composite { relation, columns: at, nullable: all })
}

/// The model that a column refers to, by itself, by the whole of that model's primary key.
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
