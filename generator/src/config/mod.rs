//! Settings of a run: where they come from and what they are when nothing is said.
//!
//! Each source of settings (`pilaster.toml`, the environment, flags or a build script's calls) gives a [`Layer`]; a
//! later one goes [over](Layer::over) an earlier one, and the result becomes [`Options`].

mod file;
mod script;

use std::path::{Path, PathBuf};

pub use crate::plan::Dates;
pub use file::read;
pub use script::{Generator, build};

use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::DialectName;
use crate::ir::infer::Overrides;

/// The name of the settings file.
pub const FILE: &str = "pilaster.toml";

/// The spec that is read when no other is named.
pub const SPEC: &str = "models.yaml";

/// The folder of the migrations when no other is named.
pub const MIGRATIONS: &str = "migrations";

/// All databases, in the order in which they are written.
pub const DIALECTS: [DialectName; 3] = [DialectName::Sqlite, DialectName::Postgres, DialectName::Mysql];

/// What models are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A YAML spec.
    Spec(PathBuf),
    /// A live database, by URL.
    Database(String),
}

/// What one source of settings says; `None` and empty is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// What to read.
    pub input: Option<Input>,
    /// The database that `pilaster db` works on.
    pub database_url: Option<String>,
    /// The folder of the migrations.
    pub migrations: Option<PathBuf>,
    /// Whether generated code carries the migrations.
    pub embed: Option<bool>,
    /// The folder for committed code.
    pub out: Option<PathBuf>,
    /// Name of the module, and of the one file in a build script.
    pub module: Option<String>,
    /// Whether models derive serde's traits.
    pub serde: Option<bool>,
    /// Paths of further derives.
    pub derives: Option<Vec<String>>,
    /// Schemas of a server to read.
    pub schemas: Option<Vec<String>>,
    /// Tables to take.
    pub include: Option<Vec<String>>,
    /// Tables to leave out.
    pub exclude: Option<Vec<String>>,
    /// Rust names by SQL name.
    pub names: Vec<(String, String)>,
    /// Types by column.
    pub types: Vec<(String, String)>,
    /// A folder of templates that go before the built-in ones.
    pub templates: Option<PathBuf>,
    /// Path of the runtime crate.
    pub runtime: Option<String>,
    /// Date and time types.
    pub dates: Option<Dates>,
    /// The databases that everything must work on.
    pub dialects: Option<Vec<DialectName>>,
    /// Whether warnings are errors.
    pub strict: Option<bool>,
}

impl Layer {
    /// This layer over another: what this one says counts, what it leaves open is the other's. Names and types are
    /// taken from both.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let join = |mut below: Vec<(String, String)>, above: Vec<(String, String)>| {
            below.retain(|(key, _)| !above.iter().any(|(other, _)| other == key));
            below.extend(above);
            below
        };
        Self {
            input: self.input.or(below.input),
            database_url: self.database_url.or(below.database_url),
            migrations: self.migrations.or(below.migrations),
            embed: self.embed.or(below.embed),
            out: self.out.or(below.out),
            module: self.module.or(below.module),
            serde: self.serde.or(below.serde),
            derives: self.derives.or(below.derives),
            schemas: self.schemas.or(below.schemas),
            include: self.include.or(below.include),
            exclude: self.exclude.or(below.exclude),
            names: join(below.names, self.names),
            types: join(below.types, self.types),
            templates: self.templates.or(below.templates),
            runtime: self.runtime.or(below.runtime),
            dates: self.dates.or(below.dates),
            dialects: self.dialects.or(below.dialects),
            strict: self.strict.or(below.strict),
        }
    }

    /// What the environment says: `DATABASE_URL`.
    #[must_use]
    pub fn from_env(read: impl Fn(&str) -> Option<String>) -> Self {
        let database_url = read("DATABASE_URL").filter(|url| !url.is_empty());
        Self { database_url, ..Self::default() }
    }

    /// The options of a run. Without an input it is `models.yaml` in the given folder, if that exists.
    ///
    /// # Errors
    /// When there is nothing to read, or a module's name or a path is no Rust.
    pub fn options(self, root: &Path) -> Result<Options, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let spec = root.join(SPEC);
        let input = self.input.or_else(|| spec.is_file().then_some(Input::Spec(spec)));
        if input.is_none() {
            let message = "there is nothing to generate from: no spec and no database is named";
            let help = format!("write `{SPEC}`, or name a spec with `--spec` or `generate.spec` in `{FILE}`");
            diagnostics.push(Diagnostic::error(codes::NO_INPUT, Place::None, message).help(help));
        }
        let module = self.module.unwrap_or_else(|| "models".to_owned());
        let runtime = self.runtime.unwrap_or_else(|| "::pilaster".to_owned());
        let derives = self.derives.unwrap_or_default();
        if !is_module(&module) {
            let message = format!("{module:?} is no name of a module");
            diagnostics.push(Diagnostic::error(codes::SETTINGS_VALUE, Place::None, message));
        }
        for path in derives.iter().chain([&runtime]).filter(|path| syn::parse_str::<syn::Path>(path).is_err()) {
            let message = format!("{path:?} is no path of Rust");
            let help = "write a path such as `serde::Serialize` or `::pilaster`";
            diagnostics.push(Diagnostic::error(codes::SETTINGS_VALUE, Place::None, message).help(help));
        }
        let Some(input) = input.filter(|_| !diagnostics.has_errors()) else { return Err(diagnostics) };
        Ok(Options {
            input,
            database_url: self.database_url,
            migrations: Migrations {
                named: self.migrations.is_some(),
                folder: self.migrations.unwrap_or_else(|| root.join(MIGRATIONS)),
                embed: self.embed.unwrap_or(true),
            },
            out: self.out.unwrap_or_else(|| root.join("src").join(&module)),
            module,
            serde: self.serde.unwrap_or(false),
            derives,
            schemas: self.schemas.unwrap_or_default(),
            overrides: Overrides {
                include: self.include.unwrap_or_default(),
                exclude: self.exclude.unwrap_or_default(),
                names: self.names,
                types: self.types,
            },
            templates: self.templates,
            runtime,
            dates: self.dates.unwrap_or_default(),
            required: self.dialects.is_some(),
            dialects: self.dialects.unwrap_or_else(|| DIALECTS.to_vec()),
            strict: self.strict.unwrap_or(false),
        })
    }
}

/// The migrations of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrations {
    /// Their folder.
    pub folder: PathBuf,
    /// Whether somebody named it, so that it has to be there.
    pub named: bool,
    /// Whether generated code carries them.
    pub embed: bool,
}

/// Everything a run needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What to read.
    pub input: Input,
    /// The database that `pilaster db` works on.
    pub database_url: Option<String>,
    /// The migrations.
    pub migrations: Migrations,
    /// The folder for committed code.
    pub out: PathBuf,
    /// Name of the module, and of the one file in a build script.
    pub module: String,
    /// Whether models derive serde's traits.
    pub serde: bool,
    /// Paths of further derives.
    pub derives: Vec<String>,
    /// Schemas of a server to read: of PostgreSQL those of the search path without one, of MySQL the URL's database.
    pub schemas: Vec<String>,
    /// Decisions about inferred models.
    pub overrides: Overrides,
    /// A folder of templates that go before the built-in ones.
    pub templates: Option<PathBuf>,
    /// Path of the runtime crate.
    pub runtime: String,
    /// Date and time types.
    pub dates: Dates,
    /// The databases to write statements for.
    pub dialects: Vec<DialectName>,
    /// Whether somebody asked for these databases: what one of them cannot do is then an error, else a warning.
    pub required: bool,
    /// Whether warnings are errors.
    pub strict: bool,
}

/// Whether a text can be a module and the stem of its file.
fn is_module(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok() && name.is_ascii()
}

/// The dialect of a word in settings and flags.
#[must_use]
pub fn dialect(word: &str) -> Option<DialectName> {
    match word.to_ascii_lowercase().as_str() {
        "sqlite" => Some(DialectName::Sqlite),
        "postgres" | "postgresql" => Some(DialectName::Postgres),
        "mysql" | "mariadb" => Some(DialectName::Mysql),
        _ => None,
    }
}

/// The word of a dialect in settings, flags and features.
#[must_use]
pub fn word(dialect: DialectName) -> &'static str {
    match dialect {
        DialectName::Sqlite => "sqlite",
        DialectName::Postgres => "postgres",
        DialectName::Mysql => "mysql",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_names_add_up() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let file = Layer {
            module: Some("file".into()),
            serde: Some(true),
            names: vec![pair("a", "A"), pair("b", "B")],
            ..Layer::default()
        };
        let env = Layer::from_env(|key| (key == "DATABASE_URL").then(|| "sqlite://env.db".to_owned()));
        let flags = Layer { module: Some("flag".into()), names: vec![pair("a", "X")], ..Layer::default() };
        let all = flags.over(env.over(file));
        assert_eq!(all.module.as_deref(), Some("flag"));
        assert_eq!(all.serde, Some(true));
        assert_eq!(all.database_url.as_deref(), Some("sqlite://env.db"));
        assert_eq!(all.names, [pair("b", "B"), pair("a", "X")]);
    }

    #[test]
    fn what_is_left_open() {
        let root = tempfile::tempdir().unwrap();
        let codes = |layer: Layer| -> Vec<&str> {
            layer.options(root.path()).unwrap_err().iter().map(|item| item.code.id).collect()
        };
        assert_eq!(codes(Layer::default()), ["P0704"]);
        let bad = Layer {
            input: Some(Input::Spec("x.yaml".into())),
            module: Some("no-module".into()),
            derives: Some(vec!["serde::Serialize)]".into()]),
            ..Layer::default()
        };
        assert_eq!(codes(bad), ["P0703", "P0703"]);
        std::fs::write(root.path().join(SPEC), "").unwrap();
        let options = Layer::default().options(root.path()).unwrap();
        assert_eq!(options.input, Input::Spec(root.path().join(SPEC)));
        assert_eq!((options.dialects.len(), options.required), (3, false));
        assert_eq!(options.out, root.path().join("src").join("models"));
        let folder = root.path().join("migrations");
        assert_eq!(options.migrations, Migrations { folder, named: false, embed: true });
        let one = Layer { dialects: Some(vec![DialectName::Sqlite]), ..Layer::default() };
        assert!(one.options(root.path()).unwrap().required);
    }
}
