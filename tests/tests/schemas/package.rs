//! A package of the code of all databases, which cargo checks and runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pilaster_generator::ir::Schema;

use super::load::Database;

/// The files of the package, by path, and what its program does.
#[derive(Debug, Default)]
pub struct Package {
    files: BTreeMap<String, String>,
    modules: String,
    reads: String,
}

impl Package {
    /// Adds the code of a database, and that the program reads rows of each of its models.
    pub fn add(&mut self, database: &Database, schema: &Schema, code: Vec<(String, String)>) {
        let module = &database.module;
        for (path, text) in code {
            self.files.insert(format!("src/{module}/{path}"), text);
        }
        let _ = writeln!(self.modules, "mod {module};");
        let _ = writeln!(self.reads, "    let db = Db::connect(&urls[{module:?}])?;");
        for model in &schema.models {
            let _ = writeln!(self.reads, "    read!(&db, {module}::{});", model.name);
        }
        let _ = writeln!(self.reads, "    db.close()?;");
    }

    /// Compiles and runs it; says what was wrong.
    pub fn faults(self, databases: &[Database]) -> Vec<String> {
        let folder = self.write();
        for arguments in [["clippy", "--quiet"], ["build", "--quiet"]] {
            let output = cargo(&folder).args(arguments).output().unwrap();
            if !output.status.success() {
                return vec![String::from_utf8_lossy(&output.stderr).into_owned()];
            }
        }
        let urls = databases.iter().map(|database| format!("{}={}", database.module, database.url));
        let output = cargo(&folder).args(["run", "--quiet", "--"]).args(urls).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let ended = (!output.status.success()).then(|| format!("the program ended with {}", output.status));
        said.lines().map(str::to_owned).chain(ended).collect()
    }

    /// Into a folder of the workspace's target folder, where what is built of it lasts.
    fn write(self) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemas");
        let _ = fs::remove_dir_all(folder.join("src"));
        let Self { mut files, modules, reads } = self;
        files.insert("Cargo.toml".to_owned(), manifest(&root.join("runtime")));
        files.insert("src/main.rs".to_owned(), format!("{HEAD}{modules}{MAIN}{reads}    Ok(())\n}}\n"));
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        folder
    }
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    command
}

fn manifest(runtime: &Path) -> String {
    format!(
        "[package]\nname = \"schemas\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies.pilaster]\n\
         path = {runtime:?}\nfeatures = [\"sqlite\", \"postgres\", \"mysql\", \"chrono\", \"decimal\", \"json\", \"uuid\"]\n"
    )
}

/// Names in other scripts have letters that a crate can allow at its root only.
const HEAD: &str = "//! Code of databases that others made.
#![deny(warnings)]
#![allow(uncommon_codepoints, confusable_idents, mixed_script_confusables)]

use std::collections::HashMap;

use pilaster::blocking::Db;

";

const MAIN: &str = "
macro_rules! read {
    ($db:expr, $model:ty) => {
        if let Err(error) = <$model>::query().limit(5).all($db) {
            eprintln!(\"{}: {error}\", stringify!($model));
        }
    };
}

fn main() -> pilaster::Result<()> {
    let arguments = std::env::args().skip(1);
    let pairs = arguments.filter_map(|pair| pair.split_once('=').map(|(name, url)| (name.to_owned(), url.to_owned())));
    let urls: HashMap<String, String> = pairs.collect();
";
