//! Relations of a model.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde::Serialize;

use super::{Context, model, rust_type, tokens};
use crate::ir::{Column, ColumnId, Model, Relation, RelationKind, SqlType, Table, TableId};

/// What the relation template gets.
#[derive(Debug, Clone, Serialize)]
pub struct RelationPlan {
    /// Identifier of the accessor and the handle.
    pub name: String,
    /// Documentation of the accessor.
    pub doc: String,
    /// The target model's type.
    pub target: String,
    /// `Many`, `One` or `Optional`.
    pub cardinality: &'static str,
    /// Whether the accessor gives links.
    pub links: bool,
    /// The metadata, an expression of `RelationMeta`.
    pub meta: String,
}

pub(super) fn plan(context: &Context<'_>, model: &Model, relation: &Relation) -> Option<RelationPlan> {
    let root = &context.root;
    let target_model = context.schema.model(relation.target);
    let target = tokens::ident(&target_model.name);
    let this = tokens::ident(&model.name);
    let name = &relation.name;
    let (cardinality, on, through) = match &relation.kind {
        RelationKind::BelongsTo { on, optional: false } => ("One", pairs(model, target_model, on)?, None),
        RelationKind::BelongsTo { on, optional: true } | RelationKind::HasOne { on } => {
            ("Optional", pairs(model, target_model, on)?, None)
        }
        RelationKind::HasMany { on } => ("Many", pairs(model, target_model, on)?, None),
        RelationKind::ManyToMany { through, near, far } => {
            ("Many", quote!(&[]), Some(between(context, model, target_model, *through, near, far)?))
        }
    };
    let (some, none) = (&context.std.some, &context.std.none);
    let option = match &through {
        Some(through) => quote!(#some(&#through)),
        None => none.clone(),
    };
    let meta = quote!(__rt::RelationMeta {
        name: #name,
        parent: <#root #this as __rt::Model>::META,
        child: <#root #target as __rt::Model>::META,
        on: #on,
        through: #option,
    });
    Some(RelationPlan {
        name: tokens::ident(name).to_string(),
        doc: doc(relation, &target_model.name),
        target: quote!(#root #target).to_string(),
        cardinality,
        links: through.is_some(),
        meta: meta.to_string(),
    })
}

fn doc(relation: &Relation, target: &str) -> String {
    let target = tokens::code(target);
    let line = match &relation.kind {
        RelationKind::BelongsTo { optional: false, .. } => format!("The {target} this belongs to, as a query."),
        RelationKind::BelongsTo { optional: true, .. } => format!("The {target} this belongs to, if any, as a query."),
        RelationKind::HasOne { .. } => format!("The {target} that belongs to this, if any, as a query."),
        RelationKind::HasMany { .. } => format!("Every {target} that belongs to this, as a query."),
        RelationKind::ManyToMany { .. } => format!("Every {target} that is linked with this: a query, and the links."),
    };
    tokens::own_doc(&[line]).to_string()
}

/// The position of a column among the fields of a model, as it is written.
pub(super) fn position(model: &Model, column: ColumnId) -> Option<Literal> {
    model::position(model, column).map(tokens::number)
}

fn pairs(model: &Model, target: &Model, on: &[(ColumnId, ColumnId)]) -> Option<TokenStream> {
    let pairs: Vec<TokenStream> = on
        .iter()
        .map(|(here, there)| Some((position(model, *here)?, position(target, *there)?)))
        .map(|pair| pair.map(|(here, there)| quote!((#here, #there))))
        .collect::<Option<_>>()?;
    Some(quote!(&[#(#pairs),*]))
}

fn between(
    context: &Context<'_>,
    model: &Model,
    target: &Model,
    through: TableId,
    near: &[(ColumnId, ColumnId)],
    far: &[(ColumnId, ColumnId)],
) -> Option<TokenStream> {
    let table = context.schema.table(through);
    let near: Vec<TokenStream> = near
        .iter()
        .map(|(here, between)| {
            let (here, between) = (position(model, *here)?, column(context, table, *between)?);
            Some(quote!((#here, #between)))
        })
        .collect::<Option<_>>()?;
    let far: Vec<TokenStream> = far
        .iter()
        .map(|(between, there)| {
            let (between, there) = (column(context, table, *between)?, position(target, *there)?);
            Some(quote!((#between, #there)))
        })
        .collect::<Option<_>>()?;
    let schema = option(context, table.name.schema.as_deref());
    let name = &table.name.name;
    Some(quote!(__rt::ThroughMeta {
        schema: #schema,
        table: #name,
        near: &[#(#near),*],
        far: &[#(#far),*],
    }))
}

/// The metadata of a column that has no field of its own.
fn column(context: &Context<'_>, table: &Table, id: ColumnId) -> Option<TokenStream> {
    let column = table.column(id);
    let kind = rust_type::of_column(context, column).ok()?.kind;
    Some(meta(context, column, &column.name, &kind))
}

/// The metadata of a column, an expression of `ColumnMeta`.
pub(super) fn meta(context: &Context<'_>, column: &Column, field: &str, kind: &TokenStream) -> TokenStream {
    let name = &column.name;
    let sized = size(context, &column.ty).map(|size| quote!(.sized(#size)));
    let null = column.nullable.then(|| quote!(.null()));
    let computed = column.generated.is_some().then(|| quote!(.computed()));
    quote!(__rt::ColumnMeta::new(#name, #field, #kind) #sized #null #computed)
}

/// How many characters or digits a type has at most.
fn size(context: &Context<'_>, ty: &SqlType) -> Option<Literal> {
    match ty {
        SqlType::String(size) | SqlType::Decimal(Some((size, _))) => Some(Literal::u32_unsuffixed(*size)),
        SqlType::Custom(id) => size(context, &context.schema.custom(*id).sql),
        _ => None,
    }
}

pub(super) fn option(context: &Context<'_>, text: Option<&str>) -> TokenStream {
    let (some, none) = (&context.std.some, &context.std.none);
    match text {
        Some(text) => quote!(#some(#text)),
        None => none.clone(),
    }
}
