//! Reads `pilaster.toml`. Every mistake is reported, with its place.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Dates, Input, Layer, dialect};
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place, SourceText, suggest_help};

/// Reads settings. Paths in them are relative to the folder, which is that of the file.
pub fn read(source: &Arc<SourceText>, folder: &Path, diagnostics: &mut Diagnostics) -> Layer {
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader { source, folder, found: Vec::new(), layer: Layer::default() };
    for error in errors {
        reader.error(codes::SETTINGS_SYNTAX, error.span().unwrap_or_default(), error.message().to_owned());
    }
    reader.root(root.get_ref());
    // Tables come sorted by key; people read files from the top.
    reader.found.sort_by_key(|(start, _)| *start);
    diagnostics.extend(reader.found.into_iter().map(|(_, diagnostic)| diagnostic));
    reader.layer
}

type Value<'t> = Spanned<DeValue<'t>>;

struct Reader<'a> {
    source: &'a Arc<SourceText>,
    folder: &'a Path,
    found: Vec<(usize, Diagnostic)>,
    layer: Layer,
}

const SECTIONS: &[&str] = &["generate", "database", "migrations", "tables", "names", "types"];
/// All but the URL are the runtime's, which reads the same section.
const DATABASE: &[&str] = &[
    "url",
    "max_connections",
    "acquire_timeout",
    "idle_timeout",
    "max_lifetime",
    "statement_cache",
    "busy_timeout",
    "create_if_missing",
    "read_only",
    "echo",
    "slow_statement",
    "statement_timeout",
    "share_connections",
];
const GENERATE: &[&str] =
    &["spec", "database", "out", "module", "serde", "derives", "templates", "runtime", "dates", "dialects", "strict"];

impl Reader<'_> {
    fn root(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            if !SECTIONS.contains(&name) {
                self.unknown(key.span(), name, SECTIONS);
                continue;
            }
            let DeValue::Table(section) = value.get_ref() else {
                self.wrong(value, &format!("`{name}` is a section"), &format!("write `[{name}]`"));
                continue;
            };
            match name {
                "generate" => self.generate(section),
                "database" => self.section(section, DATABASE, |reader, key, value| {
                    if key == "url" {
                        reader.layer.database_url = reader.text(value);
                    }
                }),
                "migrations" => self.section(section, &["folder", "embed"], |reader, key, value| match key {
                    "folder" => {
                        reader.layer.migrations = reader.text(value).map(|path| reader.folder.join(path));
                    }
                    _ => reader.layer.embed = reader.flag(value),
                }),
                "tables" => self.section(section, &["schemas", "include", "exclude"], |reader, key, value| match key {
                    "schemas" => reader.layer.schemas = reader.texts(value),
                    "include" => reader.layer.include = reader.texts(value),
                    _ => reader.layer.exclude = reader.texts(value),
                }),
                "names" => self.layer.names = self.pairs(section),
                _ => self.layer.types = self.pairs(section),
            }
        }
    }

    fn generate(&mut self, section: &DeTable<'_>) {
        self.section(section, GENERATE, |reader, key, value| match key {
            "spec" => reader.layer.input = reader.text(value).map(|path| Input::Spec(reader.folder.join(path))),
            // After `spec`, which comes later in the alphabet: see below.
            "database" => {}
            "out" => reader.layer.out = reader.text(value).map(|path| reader.folder.join(path)),
            "templates" => reader.layer.templates = reader.text(value).map(|path| reader.folder.join(path)),
            "module" => reader.layer.module = reader.text(value),
            "runtime" => reader.layer.runtime = reader.text(value),
            "derives" => reader.layer.derives = reader.texts(value),
            "serde" => reader.layer.serde = reader.flag(value),
            "strict" => reader.layer.strict = reader.flag(value),
            "dates" => reader.dates(value),
            _ => reader.dialects(value),
        });
        let Some(value) = section.get("database") else { return };
        if section.contains_key("spec") {
            self.error(codes::NO_INPUT, value.span(), "`spec` and `database` exclude each other".to_owned());
        } else {
            self.layer.input = self.text(value).map(Input::Database);
        }
    }

    fn section(&mut self, section: &DeTable<'_>, known: &[&str], mut take: impl FnMut(&mut Self, &str, &Value<'_>)) {
        for (key, value) in section {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                take(self, name, value);
            } else {
                self.unknown(key.span(), name, known);
            }
        }
    }

    fn dates(&mut self, value: &Value<'_>) {
        match self.text(value).as_deref() {
            Some("chrono") => self.layer.dates = Some(Dates::Chrono),
            Some("jiff") => self.layer.dates = Some(Dates::Jiff),
            Some(word) => {
                let message = format!("there is no support for dates of `{word}`");
                self.wrong(value, &message, "the crates for dates are `chrono` and `jiff`");
            }
            None => {}
        }
    }

    fn dialects(&mut self, value: &Value<'_>) {
        let Some(words) = self.texts(value) else { return };
        let mut found: Vec<_> = words.iter().filter_map(|word| dialect(word)).collect();
        if found.len() < words.len() || found.is_empty() {
            let message = match words.iter().find(|word| dialect(word).is_none()) {
                Some(word) => format!("there is no database `{word}`"),
                None => "no database is listed".to_owned(),
            };
            self.wrong(value, &message, "the databases are `sqlite`, `postgres` and `mysql`");
            return;
        }
        found.sort_unstable();
        found.dedup();
        self.layer.dialects = Some(found);
    }

    /// `"table.column" = "text"`, also as nested tables: `table.column = "text"` is the same in TOML's eyes.
    fn pairs(&mut self, section: &DeTable<'_>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (key, value) in section {
            match value.get_ref() {
                DeValue::Table(inner) => {
                    let inner = self.pairs(inner);
                    pairs.extend(inner.into_iter().map(|(rest, text)| (format!("{}.{rest}", key.get_ref()), text)));
                }
                _ => pairs.extend(self.text(value).map(|text| (key.get_ref().to_string(), text))),
            }
        }
        pairs
    }

    fn text(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong(value, "this is no text", "write it in quotes");
                None
            }
        }
    }

    fn texts(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        match value.get_ref() {
            DeValue::Array(items) => Some(items.iter().filter_map(|item| self.text(item)).collect()),
            _ => {
                self.wrong(value, "this is no list of texts", "write `[\"…\", \"…\"]`");
                None
            }
        }
    }

    fn flag(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                self.wrong(value, "this is neither `true` nor `false`", "write one of them, without quotes");
                None
            }
        }
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, known: &[&str]) {
        let place = self.place(span.clone());
        let diagnostic = Diagnostic::error(codes::SETTINGS_KEY, place, format!("unknown key `{name}`"));
        let help = suggest_help(name, "keys", known.iter().copied());
        self.found.push((span.start, diagnostic.help(help)));
    }

    fn wrong(&mut self, value: &Value<'_>, message: &str, help: &str) {
        let span = value.span();
        let diagnostic = Diagnostic::error(codes::SETTINGS_VALUE, self.place(span.clone()), message);
        self.found.push((span.start, diagnostic.help(help)));
    }

    fn error(&mut self, code: Code, span: Range<usize>, message: String) {
        let place = self.place(span.clone());
        self.found.push((span.start, Diagnostic::error(code, place, message)));
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::Text { source: Arc::clone(self.source), span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::DialectName;

    fn read_text(text: &str) -> (Layer, String) {
        let source = Arc::new(SourceText { name: "pilaster.toml".into(), text: text.into() });
        let mut diagnostics = Diagnostics::default();
        let layer = read(&source, Path::new("base"), &mut diagnostics);
        let said = diagnostics.iter().map(|item| match &item.place {
            Place::Text { span, .. } => {
                let help = item.help.iter().filter(|_| item.code == codes::SETTINGS_VALUE);
                let help = help.map(|help| format!("; {help}")).collect::<String>();
                format!("{} {:?} {}{help}\n", item.code.id, &text[span.clone()], item.message)
            }
            other => panic!("{other:?}"),
        });
        (layer, said.collect())
    }

    #[test]
    fn everything_there_is() {
        let (layer, said) = read_text(
            r#"
            [generate]
            spec = "spec/models.yaml"
            out = "src/db"
            module = "db"
            serde = true
            derives = ["Hash"]
            templates = "templates"
            runtime = "::my::pilaster"
            dates = "jiff"
            dialects = ["postgres", "sqlite", "postgres"]
            strict = true
            [database]
            url = "sqlite://blog.db"
            [migrations]
            folder = "db/migrations"
            embed = false
            [tables]
            schemas = ["app", "log"]
            include = ["a*"]
            exclude = ["ab"]
            [names]
            people = "Person"
            "people.knows" = "friends"
            [types]
            people.active = "boolean"
            "#,
        );
        assert_eq!(said, "");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let expected = Layer {
            input: Some(Input::Spec("base/spec/models.yaml".into())),
            database_url: Some("sqlite://blog.db".into()),
            migrations: Some("base/db/migrations".into()),
            embed: Some(false),
            out: Some("base/src/db".into()),
            module: Some("db".into()),
            serde: Some(true),
            derives: Some(vec!["Hash".into()]),
            schemas: Some(vec!["app".into(), "log".into()]),
            include: Some(vec!["a*".into()]),
            exclude: Some(vec!["ab".into()]),
            names: vec![pair("people", "Person"), pair("people.knows", "friends")],
            types: vec![pair("people.active", "boolean")],
            templates: Some("base/templates".into()),
            runtime: Some("::my::pilaster".into()),
            dates: Some(Dates::Jiff),
            dialects: Some(vec![DialectName::Sqlite, DialectName::Postgres]),
            strict: Some(true),
        };
        assert_eq!(layer, expected);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let (_, said) = read_text(
            "[generate]\nsepc = \"a\"\nstrict = 1\ndates = \"time\"\ndialects = [\"oracle\"]\nderives = \"Hash\"\n\
             spec = \"a\"\ndatabase = \"sqlite://b\"\n[database]\nurl = 5\n[tabels]\n[names]\na = 1\n",
        );
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [
                "P0702 \"sepc\" unknown key `sepc`",
                "P0703 \"1\" this is neither `true` nor `false`; write one of them, without quotes",
                "P0703 \"\\\"time\\\"\" there is no support for dates of `time`; the crates for dates are `chrono` and `jiff`",
                "P0703 \"[\\\"oracle\\\"]\" there is no database `oracle`; the databases are `sqlite`, `postgres` and `mysql`",
                "P0703 \"\\\"Hash\\\"\" this is no list of texts; write `[\"…\", \"…\"]`",
                "P0704 \"\\\"sqlite://b\\\"\" `spec` and `database` exclude each other",
                "P0703 \"5\" this is no text; write it in quotes",
                "P0702 \"tabels\" unknown key `tabels`",
                "P0703 \"1\" this is no text; write it in quotes",
            ]
        );
    }

    #[test]
    fn broken_toml_is_located() {
        let (_, said) = read_text("[generate\nspec = \"a\"\n");
        assert!(said.starts_with("P0701"), "{said}");
    }
}
