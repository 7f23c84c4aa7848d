//! Small pieces of Rust.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// An identifier of a name that the IR has checked.
pub(super) fn ident(name: &str) -> Ident {
    crate::names::ident(name)
}

/// A whole number, without a type behind it.
pub(super) fn number(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}

/// A doc attribute of a text from outside: nothing in it is markup, so that rustdoc runs no code and follows no link.
pub(super) fn doc(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| format!(" {}", escape_markdown(line.trim())));
    quote!(#(#[doc = #lines])*)
}

fn escape_markdown(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if matches!(c, '`' | '[' | ']' | '<' | '>' | '*' | '_' | '\\' | '~' | '#' | '|') {
            out.push('\\');
        }
        if c.is_control() {
            continue;
        }
        out.push(c);
    }
    out
}

/// A name inside a doc text of ours, as code.
pub(super) fn code(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control() && *c != '`').collect();
    if clean.trim().is_empty() { "(unnamed)".into() } else { format!("`{clean}`") }
}

/// Several doc lines of ours, as they are.
pub(super) fn own_doc(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| format!(" {line}"));
    quote!(#(#[doc = #lines])*)
}
