//! What sessions need to know of a model beside its table: hooks of the user's, and rows that belong to its rows.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde::Serialize;

use super::relation::position;
use super::{Context, tokens};
use crate::ir::{ColumnId, Model, ModelId, Ownership, RelationKind};

/// Constants of the traits that generated code implements; empty for most models.
#[derive(Debug, Clone, Serialize)]
pub struct SessionPlan {
    /// Items in the implementation of `Insertable`.
    pub insertable: Vec<String>,
    /// Items in the implementation of `Keyed`.
    pub keyed: Vec<String>,
}

/// A foreign key whose rows sessions look after.
#[derive(PartialEq)]
struct Edge {
    child: ModelId,
    parent: ModelId,
    /// Columns of the child and of the parent.
    on: Vec<(ColumnId, ColumnId)>,
    ownership: Ownership,
}

pub(super) fn plan(context: &Context<'_>, model: &Model) -> SessionPlan {
    let (krate, option, some) = (&context.krate, &context.std.option, &context.std.some);
    let none = |wanted: bool, item: TokenStream| wanted.then(|| item.to_string());
    let hook = |name: &str, of: &str, call: &str, argument: TokenStream| {
        let (name, of, call) = (tokens::ident(name), tokens::ident(of), tokens::ident(call));
        quote!(const #name: #option<fn(#argument) -> __rt::Result<()>> =
            #some(<Self as #krate::#of>::#call);)
    };
    let insert = hook("BEFORE_INSERT", "BeforeInsert", "before_insert", quote!(&mut Self));
    let update = hook("BEFORE_UPDATE", "BeforeUpdate", "before_update", quote!(&mut Self));
    let delete = hook("BEFORE_DELETE", "BeforeDelete", "before_delete", quote!(&Self));
    let edges = edges(context, model);
    let mut keyed: Vec<String> = Vec::new();
    keyed.extend(none(model.hooks.before_update, update));
    keyed.extend(none(model.hooks.before_delete, delete));
    keyed.extend(owned(context, model, &edges));
    keyed.extend(orphans(context, model, &edges));
    SessionPlan { insertable: none(model.hooks.before_insert, insert).into_iter().collect(), keyed }
}

/// The edges at a model, each once, in the order of the schema.
fn edges(context: &Context<'_>, model: &Model) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for (at, from) in context.schema.models.iter().enumerate() {
        let from_id = ModelId::from(at);
        for relation in from.relations.iter().filter(|relation| relation.ownership != Ownership::default()) {
            let (to, ownership) = (relation.target, relation.ownership);
            let edge = match &relation.kind {
                RelationKind::BelongsTo { on, .. } => Edge { child: from_id, parent: to, on: on.clone(), ownership },
                RelationKind::HasOne { on } | RelationKind::HasMany { on } => {
                    let on = on.iter().map(|(here, there)| (*there, *here)).collect();
                    Edge { child: to, parent: from_id, on, ownership }
                }
                RelationKind::ManyToMany { .. } => continue,
            };
            let here = |id: ModelId| std::ptr::eq(context.schema.model(id), model);
            if (here(edge.child) || here(edge.parent)) && !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    edges
}

/// Rows that are deleted with a row of this model.
fn owned(context: &Context<'_>, model: &Model, edges: &[Edge]) -> Option<String> {
    let root = &context.root;
    let items = edges.iter().filter(|edge| edge.ownership.cascade).filter_map(|edge| {
        let (child, parent) = (context.schema.model(edge.child), context.schema.model(edge.parent));
        if !std::ptr::eq(parent, model) {
            return None;
        }
        let pairs: Vec<TokenStream> = edge
            .on
            .iter()
            .map(|(there, here)| Some((position(parent, *here)?, position(child, *there)?)))
            .map(|pair| pair.map(|(here, there)| quote!((#here, #there))))
            .collect::<Option<_>>()?;
        let name = tokens::ident(&child.name);
        Some(quote!(__rt::Owned::new::<#root #name>(&[#(#pairs),*])))
    });
    let items: Vec<TokenStream> = items.collect();
    let constant = quote!(const OWNED: &'static [__rt::Owned] = &[#(#items),*];);
    (!items.is_empty()).then(|| constant.to_string())
}

/// The foreign keys of this model whose rows are deleted when they belong to nothing any more.
fn orphans(context: &Context<'_>, model: &Model, edges: &[Edge]) -> Option<String> {
    let items = edges.iter().filter(|edge| edge.ownership.orphans).filter_map(|edge| {
        let child = context.schema.model(edge.child);
        let at: Vec<Literal> = edge.on.iter().map(|(column, _)| position(child, *column)).collect::<Option<_>>()?;
        std::ptr::eq(child, model).then(|| quote!(&[#(#at),*]))
    });
    let items: Vec<TokenStream> = items.collect();
    let constant = quote!(const ORPHANS: &'static [&'static [usize]] = &[#(#items),*];);
    (!items.is_empty()).then(|| constant.to_string())
}
