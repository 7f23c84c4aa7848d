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

/// A text of many lines as people would write it, if it can be: a raw string has no escapes, and so holds nothing that does
/// not show.
pub(super) fn text(text: &str) -> Literal {
    let hidden = |c: char| c != '\n' && is_hidden(c);
    let fence = "#".repeat(1 + longest_fence(text));
    let raw = format!("r{fence}\"{text}\"{fence}");
    match raw.parse() {
        Ok(literal) if !text.contains(hidden) => literal,
        _ => Literal::string(text),
    }
}

/// Characters that do not show, or change the order in which others do. rustc denies the latter in comments too.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The most `#` that stand behind a quote.
fn longest_fence(text: &str) -> usize {
    let behind = text.split('"').skip(1).map(|rest| rest.len() - rest.trim_start_matches('#').len());
    behind.max().unwrap_or(0)
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
        if !is_hidden(c) {
            out.push(c);
        }
    }
    out
}

/// A name inside a doc text of ours, as code.
pub(super) fn code(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !is_hidden(*c) && *c != '`').collect();
    if clean.trim().is_empty() { "(unnamed)".into() } else { format!("`{clean}`") }
}

/// Several doc lines of ours, as they are.
pub(super) fn own_doc(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| format!(" {line}"));
    quote!(#(#[doc = #lines])*)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_raw_where_they_can_be() {
        assert_eq!(text("a \"b\"\n c").to_string(), "r#\"a \"b\"\n c\"#");
        assert_eq!(text("a \"## b").to_string(), "r###\"a \"## b\"###");
        for hidden in ["a\r\nb", "a\u{202e}b", "a\0"] {
            let literal = text(hidden).to_string();
            assert!(literal.starts_with('"') && literal.is_ascii(), "{literal}");
            let read: syn::LitStr = syn::parse_str(&literal).unwrap();
            assert_eq!(read.value(), hidden);
        }
    }
}
