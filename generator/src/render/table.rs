//! The list of all outputs: which template makes which file.

use super::{Layout, Options};
use crate::plan::CodePlan;

/// One piece of a file; pieces are made side by side.
#[derive(Debug, Clone)]
pub(super) struct Job<'a> {
    /// Path of the file. Pieces of one file follow each other.
    pub path: String,
    /// Name of the template.
    pub template: &'a str,
    /// The position of the model it is about, if it is about one.
    pub model: Option<usize>,
    /// Where one item stands from another.
    pub up: &'static str,
    /// Whether it is Rust, to be checked and formatted.
    pub rust: bool,
}

/// Files made once per schema in a folder.
const PER_SCHEMA: [(&str, &str); 4] = [
    ("folder", "mod.rs"),
    ("enums", "enums.rs"),
    ("folder_migrations", "migrations.rs"),
    ("folder_schema", "schema.rs"),
];

/// Files made once per model in a folder.
const PER_MODEL: [(&str, &str); 4] = [
    ("folder_model_mod", "mod.rs"),
    ("folder_model", "model.rs"),
    ("folder_query", "query.rs"),
    ("folder_relations", "relations.rs"),
];

/// Every piece of every file of a plan, in order.
pub(super) fn jobs<'a>(plan: &'a CodePlan, options: &'a Options) -> Vec<Job<'a>> {
    let mut jobs = match &options.layout {
        Layout::File(name) => single(plan, name),
        Layout::Folder => folder(plan),
    };
    jobs.extend(extra(options));
    jobs
}

fn single<'a>(plan: &CodePlan, name: &str) -> Vec<Job<'a>> {
    let models = (0..plan.models.len()).map(|at| job(name.to_owned(), "single_model", Some(at), ""));
    std::iter::once(job(name.to_owned(), "single", None, "")).chain(models).collect()
}

fn folder(plan: &CodePlan) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    for (template, path) in PER_SCHEMA {
        let needed = match template {
            "enums" => !plan.enums.is_empty() || !plan.customs.is_empty(),
            "folder_migrations" => plan.migrations.is_some(),
            _ => true,
        };
        if needed {
            jobs.push(job(path.to_owned(), template, None, ""));
        }
    }
    for (at, model) in plan.models.iter().enumerate() {
        for (template, file) in PER_MODEL {
            if template != "folder_relations" || !model.relations.is_empty() {
                jobs.push(job(format!("{}/{file}", model.module), template, Some(at), "super::super::"));
            }
        }
    }
    jobs
}

fn job<'a>(path: String, template: &'a str, model: Option<usize>, up: &'static str) -> Job<'a> {
    Job { path, template, model, up, rust: true }
}

/// A template of the user's whose name is a file name renders that file from the same plan.
fn extra(options: &Options) -> impl Iterator<Item = Job<'_>> {
    let named = options.templates.keys().map(|name| template_name(name)).filter(|name| name.contains('.'));
    named.map(|name| Job { rust: name.ends_with(".rs"), ..job(name.to_owned(), name, None, "") })
}

/// The name of a template: its file's, without the ending.
pub(super) fn template_name(file: &str) -> &str {
    file.strip_suffix(".jinja").unwrap_or(file)
}
