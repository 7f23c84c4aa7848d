//! From the plan to checked and formatted Rust files. Knows templates and Rust syntax, and nothing of the IR.

mod format;
mod table;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::output::FileSet;
use crate::plan::CodePlan;

/// How the code is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One file of this name, for `OUT_DIR`.
    File(String),
    /// A folder with a module per model.
    Folder,
}

/// What rendering needs beside the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How the code is laid out.
    pub layout: Layout,
    /// Templates by file name: `model.jinja` takes the place of ours, `routes.rs.jinja` renders one more file.
    pub templates: BTreeMap<String, String>,
}

/// Where one item stands from another in a layout: what the plan has to know of it.
#[must_use]
pub fn root(layout: &Layout) -> &'static str {
    match layout {
        Layout::File(_) => "",
        Layout::Folder => "super::super::",
    }
}

/// Renders, checks and formats every file of a plan.
///
/// # Errors
/// A template that does not render, or that renders something that is not Rust: with the template's name and line.
pub fn render(plan: &CodePlan, options: &Options) -> Result<FileSet, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let Some(environment) = environment(options, &mut diagnostics) else { return Err(diagnostics) };
    let shared = Shared::of(plan);
    let jobs = table::jobs(plan, options);
    let texts = side_by_side(&jobs, |job| job.run(&environment, &shared));
    let mut files = FileSet::default();
    for (job, text) in jobs.into_iter().zip(texts) {
        match text {
            Ok(text) => {
                let file: &mut String = files.files.entry(job.path).or_default();
                if !file.is_empty() {
                    file.push('\n');
                }
                file.push_str(&text);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(files) }
}

/// The results of jobs, in their order. Formatting takes most of the generator's time, so it is shared out.
fn side_by_side<J: Sync, T: Send>(jobs: &[J], run: impl Fn(&J) -> T + Sync) -> Vec<T> {
    /// Fewer jobs than this are not worth a thread.
    const FEW: usize = 16;
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len() / FEW);
    if threads < 2 {
        return jobs.iter().map(run).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Vec<Vec<(usize, T)>> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else { return done };
                done.push((at, run(job)));
            }
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = vec![work()];
        for other in others {
            match other.join() {
                Ok(results) => done.push(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn environment<'a>(options: &'a Options, diagnostics: &mut Diagnostics) -> Option<Environment<'a>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    let ours = pilaster_templates::TEMPLATES.iter().map(|(name, text)| (*name, *text));
    let theirs = options.templates.iter().map(|(name, text)| (table::template_name(name), text.as_str()));
    for (name, text) in ours.chain(theirs) {
        if let Err(error) = environment.add_template(name, text) {
            diagnostics.push(template_error(name, &error));
        }
    }
    (!diagnostics.has_errors()).then_some(environment)
}

fn template_error(name: &str, error: &minijinja::Error) -> Diagnostic {
    let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
    let name = error.name().unwrap_or(name);
    let place = Place::Object(format!("template \"{name}\"{line}"));
    Diagnostic::error(codes::TEMPLATE, place, format!("the template does not render: {error}"))
}

/// The plan as templates see it, made once: a folder has four files per model.
struct Shared {
    krate: Value,
    std: Value,
    enums: Value,
    customs: Value,
    models: Value,
    schema: Value,
    migrations: Value,
}

impl Shared {
    fn of(plan: &CodePlan) -> Self {
        Self {
            krate: Value::from(&plan.krate),
            std: Value::from(Serde(&plan.std)),
            enums: Value::from(Serde(&plan.enums)),
            customs: Value::from(Serde(&plan.customs)),
            models: Value::from(Serde(&plan.models)),
            schema: Value::from(Serde(&plan.schema)),
            migrations: Value::from(Serde(&plan.migrations)),
        }
    }
}

impl table::Job<'_> {
    fn run(&self, environment: &Environment<'_>, shared: &Shared) -> Result<String, Diagnostic> {
        let template =
            environment.get_template(self.template).map_err(|error| template_error(self.template, &error))?;
        let model = self.model.map(|at| shared.models.get_item_by_index(at)).transpose();
        let context = context! {
            krate => shared.krate.clone(),
            std => shared.std.clone(),
            enums => shared.enums.clone(),
            customs => shared.customs.clone(),
            models => shared.models.clone(),
            schema => shared.schema.clone(),
            migrations => shared.migrations.clone(),
            model => model.map_err(|error| template_error(self.template, &error))?,
            up => self.up,
        };
        let text = template.render(context).map_err(|error| template_error(self.template, &error))?;
        if self.rust { format::format(&text, self.template) } else { Ok(text) }
    }
}
