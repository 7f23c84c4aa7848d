//! Enums and custom types.

use quote::quote;
use serde::Serialize;

use super::{Context, tokens};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::{CustomType, EnumType, SqlType};

/// What the enum template gets.
#[derive(Debug, Clone, Serialize)]
pub struct EnumPlan {
    /// Identifier.
    pub name: String,
    /// Documentation.
    pub doc: String,
    /// Derive attributes.
    pub derive: String,
    /// The name as a string literal.
    pub literal: String,
    /// Variants in order of declaration.
    pub variants: Vec<VariantPlan>,
    /// All labels, as a slice literal.
    pub labels: String,
}

/// One variant.
#[derive(Debug, Clone, Serialize)]
pub struct VariantPlan {
    /// Identifier.
    pub name: String,
    /// Label in the database, as a string literal.
    pub label: String,
    /// Documentation.
    pub doc: String,
    /// serde's rename attribute, or nothing.
    pub attribute: String,
}

/// What the custom type template gets.
#[derive(Debug, Clone, Serialize)]
pub struct CustomPlan {
    /// Identifier of the marker.
    pub marker: String,
    /// Path of the Rust type.
    pub value: String,
    /// Path of the codec.
    pub codec: String,
    /// Whether the column beneath holds text.
    pub text: bool,
    /// Documentation.
    pub doc: String,
}

pub(super) fn plan_enum(context: &Context<'_>, item: &EnumType) -> EnumPlan {
    let variants = item.variants.iter().map(|variant| {
        let label = &variant.label;
        let attribute =
            if context.options.serde { quote!(#[serde(rename = #label)]).to_string() } else { String::new() };
        VariantPlan {
            name: tokens::ident(&variant.name).to_string(),
            label: quote!(#label).to_string(),
            doc: tokens::own_doc(&[format!("Label {}.", tokens::code(label))]).to_string(),
            attribute,
        }
    });
    let literal = &item.name;
    let labels = item.variants.iter().map(|variant| &variant.label);
    EnumPlan {
        name: tokens::ident(&item.name).to_string(),
        doc: tokens::own_doc(&[format!("Enum {}.", tokens::code(&item.sql_name.to_string()))]).to_string(),
        derive: context.derive(&["Debug", "Clone", "Copy", "PartialEq", "Eq", "Hash", "PartialOrd", "Ord"]),
        literal: quote!(#literal).to_string(),
        variants: variants.collect(),
        labels: quote!(&[#(#labels),*]).to_string(),
    }
}

pub(super) fn plan_custom(
    context: &Context<'_>,
    item: &CustomType,
    diagnostics: &mut Diagnostics,
) -> Option<CustomPlan> {
    let _ = context;
    let mut parse = |text: &str| match syn::parse_str::<syn::Type>(text) {
        Ok(ty) => Some(quote!(#ty).to_string()),
        Err(_) => {
            let place = Place::Object(format!("type `{}`", item.name));
            diagnostics.push(Diagnostic::error(codes::PLAN_PATH, place, format!("`{text}` is not a Rust type")));
            None
        }
    };
    let value = parse(&item.rust)?;
    let codec = item.with.as_deref().map_or_else(|| Some(value.clone()), &mut parse)?;
    Some(CustomPlan {
        marker: tokens::ident(&format!("{}Column", item.name)).to_string(),
        value,
        codec,
        text: matches!(item.sql, SqlType::String(_) | SqlType::Text | SqlType::Raw(_)),
        doc: tokens::own_doc(&[format!("The column type {}, carried by its codec.", tokens::code(&item.name))])
            .to_string(),
    })
}
