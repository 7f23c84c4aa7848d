//! Generating from a build script.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Dates, FILE, Input, Layer, Options};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity};
use crate::ir::DialectName;
use crate::output::hash::Hash;
use crate::output::{FileSet, Folder};
use crate::pipeline;
use crate::render::Layout;

/// Generates `models.rs` into `OUT_DIR` from a spec: all that a `build.rs` needs.
///
/// ```no_run
/// // In the `main` of build.rs:
/// pilaster_generator::build("models.yaml");
/// ```
///
/// Problems are shown, and errors end the build.
pub fn build(spec: impl Into<PathBuf>) {
    Generator::new().spec(spec).run_in_build_script();
}

/// A generator with settings of its own, which go over those of `pilaster.toml`.
///
/// ```no_run
/// // In the `main` of build.rs:
/// pilaster_generator::Generator::new().spec("models.yaml").derive("Hash").run_in_build_script();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Generator {
    layer: Layer,
}

impl Generator {
    /// A generator that reads `models.yaml` and writes `models.rs`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads this spec.
    pub fn spec(mut self, path: impl Into<PathBuf>) -> Self {
        self.layer.input = Some(Input::Spec(path.into()));
        self
    }

    /// Reads this database, by URL; needs the feature of its kind, for instance `live-sqlite`.
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.layer.input = Some(Input::Database(url.into()));
        self
    }

    /// Writes `<name>.rs`, for `pilaster::models!("name")`.
    pub fn module(mut self, name: impl Into<String>) -> Self {
        self.layer.module = Some(name.into());
        self
    }

    /// Takes the migrations of this folder into the code, for `schema::migrate`; without a name those of `migrations`, if
    /// there are any.
    pub fn migrations(mut self, folder: impl Into<PathBuf>) -> Self {
        self.layer.migrations = Some(folder.into());
        self
    }

    /// Whether the migrations are taken into the code; they are, where there are any. For a second spec in a package.
    pub fn embed_migrations(mut self, on: bool) -> Self {
        self.layer.embed = Some(on);
        self
    }

    /// Derives serde's traits.
    pub fn serde(mut self, on: bool) -> Self {
        self.layer.serde = Some(on);
        self
    }

    /// Derives one more trait, by path.
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.layer.derives.get_or_insert_default().push(path.into());
        self
    }

    /// Takes only tables that match a pattern with `*`; of several, any. For databases.
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.layer.include.get_or_insert_default().push(pattern.into());
        self
    }

    /// Leaves out tables that match a pattern with `*`. For databases.
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.layer.exclude.get_or_insert_default().push(pattern.into());
        self
    }

    /// Decides a Rust name, by `table`, `table.column`, `table.relation` or `table.relation(column, …)`. For
    /// databases.
    pub fn name(mut self, sql: impl Into<String>, rust: impl Into<String>) -> Self {
        self.layer.names.push((sql.into(), rust.into()));
        self
    }

    /// Decides the type of a `table.column`. For databases.
    pub fn column_type(mut self, column: impl Into<String>, ty: impl Into<String>) -> Self {
        self.layer.types.push((column.into(), ty.into()));
        self
    }

    /// Uses the templates of this folder before the built-in ones.
    pub fn templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.layer.templates = Some(folder.into());
        self
    }

    /// Names the runtime crate by another path than `::pilaster`.
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.layer.runtime = Some(path.into());
        self
    }

    /// Uses the date and time types of this crate.
    pub fn dates(mut self, dates: Dates) -> Self {
        self.layer.dates = Some(dates);
        self
    }

    /// Requires that everything works on these databases, and leaves out the others.
    pub fn dialects(mut self, dialects: impl IntoIterator<Item = DialectName>) -> Self {
        self.layer.dialects = Some(dialects.into_iter().collect());
        self
    }

    /// Makes warnings errors.
    pub fn strict(mut self, on: bool) -> Self {
        self.layer.strict = Some(on);
        self
    }

    /// The files, in memory, with the warnings. Relative paths start at the current folder.
    ///
    /// # Errors
    /// All problems, when one of them is an error.
    pub fn generate(self, layout: Layout) -> Result<(FileSet, Diagnostics), Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let files = with_file(self.layer, Path::new(""), &mut diagnostics)
            .and_then(|options| pipeline::generate(&options, layout, &mut diagnostics));
        match files {
            Some(files) => Ok((files, diagnostics)),
            None => Err(diagnostics),
        }
    }

    /// Does what a `build.rs` has to do: reads the settings, writes the file to `OUT_DIR` when an input changed, tells
    /// cargo what to watch, shows problems, and ends the process when one of them is an error.
    pub fn run_in_build_script(self) {
        let out_dir = std::env::var_os("OUT_DIR");
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
        if run(self.layer, &root, out_dir, &mut out, &mut err) == Outcome::Failed {
            let _ = out.flush();
            std::process::exit(1);
        }
    }
}

/// What a build script did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing: the inputs are those of the last run.
    Fresh,
    /// It generated.
    Generated,
    /// There were errors.
    Failed,
}

/// Settings over those of `pilaster.toml` in the folder, if there is one.
fn with_file(layer: Layer, root: &Path, diagnostics: &mut Diagnostics) -> Option<Options> {
    let path = root.join(FILE);
    let below = if path.is_file() {
        super::read(&pipeline::read(&path, diagnostics)?, root, diagnostics)
    } else {
        Layer::default()
    };
    match layer.over(below).options(root) {
        Ok(options) => (!diagnostics.has_errors()).then_some(options),
        Err(found) => {
            diagnostics.extend(found);
            None
        }
    }
}

/// Writing to cargo cannot be helped when it fails, so results of it are let go.
fn run(layer: Layer, root: &Path, out_dir: Option<OsString>, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let mut diagnostics = Diagnostics::default();
    // A file that is watched and absent makes cargo run the script at every build, so an absent one is not watched.
    watch(out, &root.join(FILE));
    let options = with_file(layer, root, &mut diagnostics);
    let outcome = match (options, out_dir) {
        (Some(options), Some(out_dir)) => write(&options, Path::new(&out_dir), out, &mut diagnostics),
        (None, _) => Outcome::Failed,
        (Some(_), None) => {
            let message = "OUT_DIR is not set, so this is no build script";
            let help = "run `pilaster generate` to write code into a folder";
            diagnostics.push(Diagnostic::error(codes::OUTPUT_IO, Place::None, message).help(help));
            Outcome::Failed
        }
    };
    show(&diagnostics, out, err);
    outcome
}

fn write(options: &Options, out_dir: &Path, out: &mut dyn Write, diagnostics: &mut Diagnostics) -> Outcome {
    watch_inputs(options, out);
    let file = format!("{}.rs", options.module);
    let folder = Folder::shared(out_dir, &file);
    let inputs = fingerprint(options);
    if inputs.as_ref().is_some_and(|inputs| folder.is_fresh(inputs)) {
        return Outcome::Fresh;
    }
    let Some(files) = pipeline::generate(options, Layout::File(file), diagnostics) else { return Outcome::Failed };
    // A run with warnings is not remembered, because the next one would not show them.
    let inputs = inputs.filter(|_| diagnostics.is_empty());
    match folder.write_for(&files, inputs.as_deref()) {
        Ok(_) => Outcome::Generated,
        Err(found) => {
            diagnostics.extend(found);
            Outcome::Failed
        }
    }
}

fn watch(out: &mut dyn Write, path: &Path) {
    if path.exists() {
        let _ = writeln!(out, "cargo::rerun-if-changed={}", path.display());
    }
}

fn watch_inputs(options: &Options, out: &mut dyn Write) {
    match &options.input {
        Input::Spec(path) => watch(out, path),
        Input::Database(url) => {
            if let Ok(crate::url::Target::Sqlite(path)) = crate::url::parse(url) {
                watch(out, &path);
            }
        }
    }
    if pipeline::embeds(options) {
        // Cargo looks at everything in a folder, so that it sees files that come and go.
        watch(out, &options.migrations.folder);
    }
    options.templates.iter().for_each(|folder| watch(out, folder));
}

/// A hash of everything that decides the output: inputs, settings, and this program. `None` when it cannot be known:
/// a database changes without its file changing.
fn fingerprint(options: &Options) -> Option<String> {
    let Input::Spec(path) = &options.input else { return None };
    let hash = Hash::default().part(env!("CARGO_PKG_VERSION")).part(&program()?).part(&format!("{options:?}"));
    let mut hash = hash.part(&fs::read_to_string(path).ok()?);
    for source in pipeline::revisions(options, &mut Diagnostics::default())? {
        hash = hash.part(&source.name).part(&source.text);
    }
    for (name, text) in pipeline::templates(options.templates.as_deref(), &mut Diagnostics::default())? {
        hash = hash.part(&name).part(&text);
    }
    Some(hash.to_string())
}

/// Length and time of the build script: a generator that is being worked on keeps its version.
fn program() -> Option<String> {
    let found = fs::metadata(std::env::current_exe().ok()?).ok()?;
    Some(format!("{} {:?}", found.len(), found.modified().ok()?))
}

/// Warnings go through cargo, which shows nothing else of a build script that succeeds.
fn show(diagnostics: &Diagnostics, out: &mut dyn Write, err: &mut dyn Write) {
    for item in diagnostics {
        let mut one = Diagnostics::default();
        one.push(item.clone());
        let text = one.render(false);
        if item.severity == Severity::Error {
            let _ = writeln!(err, "{text}");
            continue;
        }
        for line in text.lines() {
            let _ = writeln!(out, "cargo::warning={line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Project {
        dir: tempfile::TempDir,
    }

    impl Project {
        fn new(spec: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("models.yaml"), spec).unwrap();
            fs::create_dir(dir.path().join("out")).unwrap();
            Self { dir }
        }

        fn run(&self, generator: Generator) -> (Outcome, String, String) {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let out_dir = self.dir.path().join("out").into_os_string();
            let outcome = run(generator.layer, self.dir.path(), Some(out_dir), &mut out, &mut err);
            let text =
                |bytes| String::from_utf8(bytes).unwrap().replace(&self.dir.path().display().to_string(), "ROOT");
            (outcome, text(out), text(err))
        }
    }

    #[test]
    fn cargo_watches_what_exists() {
        let project = Project::new("");
        let (_, out, _) = project.run(Generator::new());
        assert_eq!(out.replace('\\', "/"), "cargo::rerun-if-changed=ROOT/models.yaml\n");
        fs::write(project.dir.path().join(FILE), "[generate]\ntemplates = \"own\"\n").unwrap();
        fs::create_dir(project.dir.path().join("own")).unwrap();
        let (_, out, _) = project.run(Generator::new());
        let watched: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("cargo::rerun-if-changed=")).collect();
        assert_eq!(watched.join(" ").replace('\\', "/"), "ROOT/pilaster.toml ROOT/models.yaml ROOT/own");
    }

    #[test]
    fn mistakes_in_the_settings_fail_the_build() {
        let project = Project::new("");
        fs::write(project.dir.path().join(FILE), "[generat]\n").unwrap();
        let (outcome, _, err) = project.run(Generator::new());
        assert_eq!(outcome, Outcome::Failed);
        assert!(err.contains("P0702") && err.contains("did you mean `generate`?"), "{err}");
    }

    #[test]
    fn without_a_folder_it_is_no_build_script() {
        let project = Project::new("");
        let mut err = Vec::new();
        let outcome = run(Layer::default(), project.dir.path(), None, &mut Vec::new(), &mut err);
        assert_eq!(outcome, Outcome::Failed);
        assert!(String::from_utf8(err).unwrap().contains("OUT_DIR"));
    }

    #[test]
    fn the_fingerprint_tells_inputs_apart() {
        let project = Project::new("a");
        let options = |layer: Layer| layer.options(project.dir.path()).unwrap();
        let first = fingerprint(&options(Layer::default())).unwrap();
        assert_eq!(Some(first.clone()), fingerprint(&options(Layer::default())));
        let serde = Layer { serde: Some(true), ..Layer::default() };
        assert_ne!(Some(first.clone()), fingerprint(&options(serde)));
        fs::write(project.dir.path().join("models.yaml"), "b").unwrap();
        assert_ne!(Some(first), fingerprint(&options(Layer::default())));
        let live = Layer { input: Some(Input::Database("sqlite://x".into())), ..Layer::default() };
        assert_eq!(fingerprint(&options(live)), None);
    }

    #[test]
    fn unchanged_inputs_do_nothing() {
        let project = Project::new("models: {}");
        let options = Layer::default().options(project.dir.path()).unwrap();
        let out = project.dir.path().join("out");
        let files = FileSet { files: [("models.rs".to_owned(), String::new())].into() }.with_headers();
        Folder::shared(&out, "models.rs").write_for(&files, fingerprint(&options).as_deref()).unwrap();
        assert_eq!(project.run(Generator::new()).0, Outcome::Fresh);
        assert_ne!(project.run(Generator::new().serde(true)).0, Outcome::Fresh);
    }

    const NOTES: &str = "pilaster: 1\nmodels:\n  Note:\n    columns: { id: bigint primary }\n";

    /// A file that leads to the spec above, or from there to a column more.
    fn revision(id: &str, parents: &str, change: &str) -> String {
        format!(
            "pilaster_migration: 1\nrevision: {id}\nparents: [{parents}]\nmessage: m\nup:\n  - {change}\ndown: []\n"
        )
    }

    const CREATE: &str =
        "create_table: { table: note, columns: [{ name: id, type: bigint, default: auto }], primary_key: [id] }";

    impl Project {
        fn write(&self, path: &str, text: &str) {
            let path = self.dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn code(&self) -> String {
            fs::read_to_string(self.dir.path().join("out/models.rs")).unwrap()
        }
    }

    #[test]
    fn migrations_are_built_in_and_watched() {
        let project = Project::new(NOTES);
        assert_eq!(project.run(Generator::new()).0, Outcome::Generated);
        assert!(!project.code().contains("fn migrate"));
        project.write("migrations/a.yaml", &revision("a", "", CREATE));
        let (outcome, out, err) = project.run(Generator::new());
        assert_eq!((outcome, err.as_str()), (Outcome::Generated, ""));
        assert!(out.replace('\\', "/").contains("cargo::rerun-if-changed=ROOT/migrations\n"), "{out}");
        assert!(project.code().contains("pub fn migrate<") && project.code().contains("r#\"revision a\n"));
        assert_eq!(project.run(Generator::new()).0, Outcome::Fresh);
        project.write("migrations/a.yaml", &revision("a", "", CREATE).replace("message: m", "message: edited"));
        assert_eq!(project.run(Generator::new()).0, Outcome::Generated);
        assert!(project.code().contains("message edited"));
        project.write("migrations/b.yaml", &revision("b", "a", "execute: { sql: SELECT 1 }"));
        assert_eq!(project.run(Generator::new()).0, Outcome::Generated);
        fs::remove_file(project.dir.path().join("migrations/b.yaml")).unwrap();
        assert_eq!(project.run(Generator::new()).0, Outcome::Generated);
        assert!(!project.code().contains("revision b"));
        let (outcome, out, _) = project.run(Generator::new().embed_migrations(false));
        assert_eq!(outcome, Outcome::Generated);
        assert!(!project.code().contains("fn migrate") && !out.contains("ROOT/migrations"), "{out}");
    }

    #[test]
    fn a_folder_of_migrations_that_is_named_has_to_be_there() {
        let project = Project::new(NOTES);
        project.write(FILE, "[migrations]\nfolder = \"db/history\"\n");
        let (outcome, _, err) = project.run(Generator::new());
        assert_eq!(outcome, Outcome::Failed);
        assert!(err.contains("error[P0706]") && err.contains("pilaster db init"), "{err}");
        project.write("db/history/a.yaml", &revision("a", "", CREATE));
        assert_eq!(project.run(Generator::new()).0, Outcome::Generated);
        project.write("elsewhere/x.yaml", &revision("x", "", CREATE));
        assert_eq!(
            project.run(Generator::new().migrations(project.dir.path().join("elsewhere"))).0,
            Outcome::Generated
        );
        assert!(project.code().contains("revision x"));
    }

    #[test]
    fn mistakes_in_revisions_fail_the_build_all_at_once() {
        let project = Project::new(NOTES);
        project.write("migrations/a.yaml", &revision("a", "", "create_tabel: {}"));
        project.write("migrations/b.yaml", &revision("b", "a", "drop_table: 5"));
        let (outcome, _, err) = project.run(Generator::new());
        assert_eq!(outcome, Outcome::Failed);
        let err = err.replace('\\', "/");
        assert!(err.contains("ROOT/migrations/a.yaml:6:5") && err.contains("ROOT/migrations/b.yaml:6:"), "{err}");
    }

    #[test]
    fn a_spec_that_went_on_without_its_migrations_is_told_at_every_run() {
        let project = Project::new(&NOTES.replace("primary", "primary, text: text null"));
        project.write("migrations/a.yaml", &revision("a", "", CREATE));
        for _ in 0..2 {
            let (outcome, out, err) = project.run(Generator::new());
            assert_eq!((outcome, err.as_str()), (Outcome::Generated, ""));
            assert!(out.contains("cargo::warning=warning[P0811]: ") && out.contains("add column note.text"), "{out}");
            assert!(out.contains("pilaster db migrate -m"), "{out}");
        }
        let (outcome, _, err) = project.run(Generator::new().strict(true));
        assert_eq!(outcome, Outcome::Failed);
        assert!(err.contains("error[P0811]"), "{err}");
    }
}
