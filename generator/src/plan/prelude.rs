//! Names of Rust's prelude in generated code: short, unless the schema has a type of such a name.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use serde::Serialize;

use crate::ir::Schema;

/// How generated code says what it needs of the prelude.
#[derive(Debug, Clone)]
pub(super) struct Prelude {
    pub option: TokenStream,
    pub some: TokenStream,
    pub none: TokenStream,
    pub string: TokenStream,
    pub vec: TokenStream,
    pub into: TokenStream,
}

/// The same, as templates get it.
#[derive(Debug, Clone, Serialize)]
pub struct PreludePlan {
    /// `Option`.
    pub option: String,
    /// `Some`.
    pub some: String,
    /// `None`.
    pub none: String,
    /// `Ok`.
    pub ok: String,
    /// `Clone`.
    pub clone: String,
    /// `Copy`.
    pub copy: String,
    /// `IntoIterator`.
    pub into_iterator: String,
}

/// Every name that is used short. A type of one of them makes all of them long, so that a file reads in one way.
const NAMES: [&str; 10] = ["Option", "Some", "None", "Ok", "String", "Vec", "Into", "Clone", "Copy", "IntoIterator"];

/// Whether none of the types that will be generated hides a name of the prelude.
fn is_free(schema: &Schema) -> bool {
    let models = schema.models.iter().map(|model| &model.name);
    let enums = schema.enums.iter().map(|item| &item.name);
    let types: BTreeSet<&str> = models.chain(enums).map(String::as_str).collect();
    !NAMES.iter().any(|name| types.contains(name))
}

impl Prelude {
    pub(super) fn of(schema: &Schema) -> Self {
        if is_free(schema) {
            return Self {
                option: quote!(Option),
                some: quote!(Some),
                none: quote!(None),
                string: quote!(String),
                vec: quote!(Vec),
                into: quote!(Into),
            };
        }
        Self {
            option: quote!(::core::option::Option),
            some: quote!(::core::option::Option::Some),
            none: quote!(::core::option::Option::None),
            string: quote!(::std::string::String),
            vec: quote!(::std::vec::Vec),
            into: quote!(::core::convert::Into),
        }
    }
}

impl PreludePlan {
    pub(super) fn of(schema: &Schema) -> Self {
        let free = is_free(schema);
        let name = |path: &str, name: &str| if free { name.to_owned() } else { format!("::core::{path}::{name}") };
        Self {
            option: name("option", "Option"),
            some: name("option::Option", "Some"),
            none: name("option::Option", "None"),
            ok: name("result::Result", "Ok"),
            clone: name("clone", "Clone"),
            copy: name("marker", "Copy"),
            into_iterator: name("iter", "IntoIterator"),
        }
    }
}
