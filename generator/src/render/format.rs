//! Checks that a rendered text is Rust, and prints it.
//!
//! prettyplease sets no blank lines between items, nor between the members of an `impl`, so it gets them one by one.

use syn::{File, ImplItem, Item, ItemImpl};

use crate::codes;
use crate::diag::{Diagnostic, Place};

/// The text, checked and printed with blank lines between items.
pub(super) fn format(text: &str, template: &str) -> Result<String, Diagnostic> {
    let file = syn::parse_file(text).map_err(|error| not_rust(text, template, &error))?;
    let (attrs, items) = (file.attrs, file.items);
    let mut out = String::with_capacity(text.len());
    let mut modules = false;
    if !attrs.is_empty() {
        out.push_str(&prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs, items: Vec::new() }));
    }
    for item in items {
        // Declarations of modules and imports stay together.
        let line = matches!(item, Item::Mod(syn::ItemMod { content: None, .. }) | Item::Use(_));
        if !(out.is_empty() || line && modules) {
            out.push('\n');
        }
        modules = line;
        match item {
            Item::Impl(item) => print_impl(item, &mut out),
            item => out.push_str(&print(item)),
        }
    }
    Ok(out)
}

fn print(item: Item) -> String {
    prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] })
}

/// An `impl` with blank lines between its members; types and constants of one line stay together.
fn print_impl(mut item: ItemImpl, out: &mut String) {
    let members = std::mem::take(&mut item.items);
    let empty = print(Item::Impl(item));
    let Some(head) = empty.strip_suffix("}\n").filter(|_| !members.is_empty()) else {
        out.push_str(&empty);
        return;
    };
    out.push_str(head);
    out.push('\n');
    let mut before: Option<bool> = None;
    for member in members {
        let is_value = matches!(member, ImplItem::Const(_) | ImplItem::Type(_));
        let text = print_member(member);
        let short = is_value && text.lines().count() == 1;
        if before.is_some_and(|before| !(before && short)) {
            out.push('\n');
        }
        before = Some(short);
        out.push_str(&text);
    }
    out.push_str("}\n");
}

/// A member as it stands in an `impl`, indented.
fn print_member(member: ImplItem) -> String {
    const HEAD: &str = "impl X {\n";
    let Ok(mut around) = syn::parse_str::<ItemImpl>("impl X {}") else { return String::new() };
    around.items.push(member);
    let text = print(Item::Impl(around));
    let inner = text.strip_prefix(HEAD).and_then(|text| text.strip_suffix("}\n"));
    inner.unwrap_or_default().to_owned()
}

fn not_rust(text: &str, template: &str, error: &syn::Error) -> Diagnostic {
    let line = error.span().start().line;
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
    let place = Place::Object(format!("template \"{template}\", line {line} of what it renders"));
    let message = format!("the template renders something that is not Rust: {error}: `{shown}`");
    let help = "if the template is one of yours, mend it; otherwise this is a bug of the generator";
    Diagnostic::error(codes::NOT_RUST, place, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_members_are_apart() {
        let text = "mod a; mod b; use a::A; struct S; impl S {} \
            impl<T> B for S where T: Copy { type A = u8; const B: u8 = 1; \
            const C: &'static str = r#\"x\n    ;\n    }\ny\"#; /// Doc.\nfn a() {} fn b() {} }";
        let expected = "mod a;
mod b;
use a::A;

struct S;

impl S {}

impl<T> B for S
where
    T: Copy,
{
    type A = u8;
    const B: u8 = 1;

    const C: &'static str = r#\"x
    ;
    }
y\"#;

    /// Doc.
    fn a() {}

    fn b() {}
}
";
        assert_eq!(format(text, "t").unwrap(), expected);
    }
}
