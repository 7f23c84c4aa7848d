//! `pilaster new`: a project to start from.

use super::args::NewArgs;
use super::json::Json;
use super::{Context, Report};
use crate::output::{self, FileSet};

/// Path and text of each file. The manifest's template has another name, or cargo would take its folder for a package
/// and leave it out of ours.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("starter/Cargo.toml.in")),
    ("build.rs", include_str!("starter/build.rs.in")),
    ("models.yaml", include_str!("starter/models.yaml")),
    ("src/main.rs", include_str!("starter/main.rs.in")),
    ("pilaster.toml", include_str!("starter/pilaster.toml")),
    (".gitignore", include_str!("starter/gitignore")),
];

pub(super) fn run(context: &mut Context, args: &NewArgs) -> Option<Report> {
    let dir = context.path(&args.dir);
    let name = package_name(&dir.file_name().unwrap_or_default().to_string_lossy());
    let version = env!("CARGO_PKG_VERSION");
    let fill = |text: &str| text.replace("{{name}}", &name).replace("{{version}}", version);
    let files = FILES.iter().map(|(path, text)| ((*path).to_owned(), fill(text)));
    let files = FileSet { files: files.collect() };
    if let Err(found) = output::create(&dir, &files) {
        context.diagnostics.extend(found);
        return None;
    }
    let dir = dir.display().to_string();
    let text = format!("{dir}: a blog over SQLite\n\n    cd {dir}\n    cargo run\n");
    let facts = vec![("dir", Json::Text(dir)), ("written", Json::texts(files.files.into_keys()))];
    Some(Report { text, facts })
}

/// A name that cargo takes, as near to the folder's as it gets.
fn package_name(folder: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = folder.chars().map(plain).collect();
    let name = name.trim_matches('-');
    let reserved = name.is_empty() || syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err();
    // A package may not have the name of one it depends on.
    let dependency = ["pilaster", "pilaster-generator", "tokio", "test", "build", "core", "std"].contains(&name);
    if reserved || dependency { format!("my-{name}").trim_end_matches('-').to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages() {
        for (folder, name) in [
            ("blog", "blog"),
            ("My Blog_2", "my-blog-2"),
            ("2blog", "my-2blog"),
            ("", "my"),
            ("..", "my"),
            ("fn", "my-fn"),
            ("tokio", "my-tokio"),
            ("été", "t"),
        ] {
            assert_eq!(package_name(folder), name, "{folder}");
        }
    }
}
