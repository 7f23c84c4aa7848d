//! Checks that a rendered text is Rust, and prints it.
//!
//! prettyplease sets no blank lines between items, nor between the members of an `impl`: they are marked by a macro call,
//! whose lines are emptied after printing.

use syn::{ImplItem, Item, parse_str};

use crate::codes;
use crate::diag::{Diagnostic, Place};

/// The name of the macro that marks a blank line; longer when the text has such a word already.
const MARK: &str = "blank_line";

/// The text, checked and printed with blank lines between items.
pub(super) fn format(text: &str, template: &str) -> Result<String, Diagnostic> {
    let mut file = syn::parse_file(text).map_err(|error| not_rust(text, template, &error))?;
    let mut mark = MARK.to_owned();
    while text.contains(&mark) {
        mark.push('_');
    }
    let line = format!("{mark}!();");
    let (Ok(item), Ok(member)) = (parse_str::<Item>(&line), parse_str::<ImplItem>(&line)) else {
        return Ok(prettyplease::unparse(&file));
    };
    let blank = Blank { item, member };
    file.items = blank.between_items(file.items);
    if !file.attrs.is_empty() {
        file.items.insert(0, blank.item.clone());
    }
    let printed = prettyplease::unparse(&file);
    Ok(empty_lines(&printed, &line))
}

/// What stands where a blank line is wanted.
struct Blank {
    item: Item,
    member: ImplItem,
}

impl Blank {
    fn between_items(&self, items: Vec<Item>) -> Vec<Item> {
        let mut out = Vec::with_capacity(2 * items.len());
        let mut before: Option<bool> = None;
        for mut item in items {
            // Declarations of modules and imports stay together.
            let line = matches!(item, Item::Mod(syn::ItemMod { content: None, .. }) | Item::Use(_));
            if before.is_some_and(|before| !(before && line)) {
                out.push(self.item.clone());
            }
            before = Some(line);
            match &mut item {
                Item::Impl(item) => item.items = self.between_members(std::mem::take(&mut item.items)),
                Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) => {
                    *items = self.between_items(std::mem::take(items));
                }
                _ => {}
            }
            out.push(item);
        }
        out
    }

    /// Types and constants stay together, but for constants that hold a block.
    fn between_members(&self, members: Vec<ImplItem>) -> Vec<ImplItem> {
        let mut out = Vec::with_capacity(2 * members.len());
        let mut before: Option<bool> = None;
        for member in members {
            let short = match &member {
                ImplItem::Type(_) => true,
                ImplItem::Const(item) => !matches!(item.expr, syn::Expr::Block(_)),
                _ => false,
            };
            if before.is_some_and(|before| !(before && short)) {
                out.push(self.member.clone());
            }
            before = Some(short);
            out.push(member);
        }
        out
    }
}

/// The text with every line that is nothing but the mark empty.
fn empty_lines(text: &str, mark: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim() == mark {
            out.push('\n');
        } else {
            out.push_str(line);
        }
    }
    out
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
