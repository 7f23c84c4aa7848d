//! Checks that a rendered text is Rust, and prints it.

use crate::codes;
use crate::diag::{Diagnostic, Place};

/// The text, checked and printed with blank lines between items.
pub(super) fn format(text: &str, template: &str) -> Result<String, Diagnostic> {
    let file = syn::parse_file(text).map_err(|error| not_rust(text, template, &error))?;
    let (attrs, items) = (file.attrs, file.items);
    let mut out = String::with_capacity(text.len());
    let mut modules = false;
    if !attrs.is_empty() {
        out.push_str(&prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs, items: Vec::new() }));
    }
    for item in items {
        // Declarations of modules and imports stay together.
        let line = matches!(item, syn::Item::Mod(syn::ItemMod { content: None, .. }) | syn::Item::Use(_));
        if !out.is_empty() && !(line && modules) {
            out.push('\n');
        }
        modules = line;
        let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] };
        out.push_str(&prettyplease::unparse(&file));
    }
    Ok(space_members(&out))
}

/// prettyplease sets no blank lines between the methods of an `impl`.
fn space_members(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let (mut member_end, mut after_member) = (None, false);
    for line in text.lines() {
        if line.starts_with("impl") {
            member_end = Some("    }");
        } else if line.starts_with('}') {
            (member_end, after_member) = (None, false);
        }
        if after_member && !line.is_empty() {
            out.push('\n');
        }
        after_member = member_end == Some(line);
        out.push_str(line);
        out.push('\n');
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
