//! Laws of this repository, checked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pilaster_generator::codes;
use pilaster_tests::models::{NewUser, User};

/// A source file: its path from the root with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The code without its tests: what stands before `#[cfg(test)]`, without comments.
    fn code(&self) -> String {
        let shipped = match self.text.find("#[cfg(test)]\nmod tests {") {
            Some(end) => self.text.get(..end).unwrap_or(&self.text),
            None => &self.text,
        };
        shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| line.split_once(" // ").map_or(line, |(code, _)| code))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
            || self.path.ends_with("/round_trip.rs")
    }

    fn is_shipped(&self) -> bool {
        !self.is_test()
            && ["generator/src/", "runtime/src/", "templates/src/"].iter().any(|at| self.path.starts_with(at))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All sources that people write: not what is generated, and not what a build leaves behind.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for part in ["generator", "runtime", "templates", "tests", "build-example", "bench"] {
        walk(&root().join(part), part, &mut found);
    }
    assert!(found.len() > 100, "the sources are not where they are looked for");
    found
}

fn walk(folder: &Path, path: &str, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{path}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && name != "expected" && !name.starts_with('.') {
                walk(&entry.path(), &path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(Source { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

/// Fails with all breaches of a law at once.
fn obey(law: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{law}:\n  {}", breaches.join("\n  "));
}

#[test]
fn every_file_says_what_it_is_for() {
    let missing = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    obey("a file begins with `//! ` and a sentence", missing.map(|source| source.path).collect());
}

#[test]
fn files_are_of_readable_length() {
    let long = sources().into_iter().filter(|source| !source.is_test());
    let long = long.filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > 600).then(|| format!("{}: {lines}", source.path))
    });
    obey("a file has at most 600 lines", long.collect());
}

/// Files below a path must not contain a text.
struct Barrier {
    why: &'static str,
    below: &'static str,
    except: &'static [&'static str],
    never: &'static [&'static str],
}

const BARRIERS: &[Barrier] = &[
    Barrier {
        why: "names know strings only",
        below: "generator/src/names",
        except: &[],
        never: &["crate::ir", "crate::plan", "crate::source"],
    },
    Barrier {
        why: "the IR knows neither where it came from nor where it goes",
        below: "generator/src/ir",
        except: &[],
        never: &[
            "crate::source",
            "crate::plan",
            "crate::render",
            "crate::output",
            "crate::ddl",
            "minijinja",
            "std::fs",
        ],
    },
    Barrier {
        why: "the plan knows neither templates nor disk",
        below: "generator/src/plan",
        except: &[],
        never: &["minijinja", "crate::render", "crate::output", "crate::source", "std::fs"],
    },
    Barrier {
        why: "rendering never sees the IR",
        below: "generator/src/render",
        except: &[],
        never: &["crate::ir", "crate::source", "std::fs"],
    },
    Barrier {
        why: "output knows paths and bytes",
        below: "generator/src/output",
        except: &[],
        never: &["crate::ir", "crate::plan", "crate::render", "crate::source", "crate::config"],
    },
    Barrier {
        why: "diagnostics know nothing else",
        below: "generator/src/diag",
        except: &[],
        never: &["crate::ir", "crate::plan", "crate::source", "crate::config"],
    },
    Barrier {
        why: "a source knows one format and not what becomes of it",
        below: "generator/src/source",
        except: &[],
        never: &["crate::plan", "crate::render", "crate::output", "minijinja"],
    },
    Barrier {
        why: "migrations are values: no disk, no connections, no Rust side",
        below: "generator/src/migrate",
        except: &[],
        never: &["crate::plan", "crate::render", "source::live", "rusqlite", "std::fs", "crate::cli"],
    },
    Barrier {
        why: "the YAML source is not the live one",
        below: "generator/src/source/yaml",
        except: &[],
        never: &["source::live"],
    },
    Barrier {
        why: "the live source is not the YAML one",
        below: "generator/src/source/live",
        except: &[],
        never: &["source::yaml"],
    },
    Barrier {
        why: "expressions and SQL DDL are the only places for sqlparser",
        below: "generator/src",
        except: &["generator/src/ir/expr", "generator/src/source/ddl"],
        never: &["sqlparser"],
    },
    Barrier {
        why: "serde_yaml is kept to one file, so that it can be replaced",
        below: "generator/src",
        except: &["generator/src/spec/yaml_text.rs"],
        never: &["serde_yaml::", "use serde_yaml"],
    },
    Barrier {
        why: "minijinja is kept to rendering",
        below: "generator/src",
        except: &["generator/src/render"],
        never: &["minijinja::", "use minijinja"],
    },
    Barrier {
        why: "statements know nothing of the queries that make them",
        below: "runtime/src/sql",
        except: &[],
        never: &[
            "crate::query",
            "crate::relation",
            "crate::driver",
            "crate::pool",
            "crate::transaction",
            "crate::executor",
        ],
    },
    Barrier {
        why: "a driver gets text and gives rows",
        below: "runtime/src/driver",
        except: &[],
        never: &[
            "crate::query",
            "crate::relation",
            "crate::sql::Writer",
            "crate::sql::Node",
            "crate::pool",
            "crate::transaction",
        ],
    },
    Barrier {
        why: "the runner of migrations has statements that are written already",
        below: "runtime/src/migrate",
        except: &[],
        never: &["crate::query", "crate::relation", "crate::session", "crate::sql::Writer", "crate::sql::Node"],
    },
    Barrier {
        why: "SQLite's library is kept to its driver",
        below: "runtime/src",
        except: &["runtime/src/driver/sqlite"],
        never: &["rusqlite"],
    },
    Barrier {
        why: "values and rows are the bottom",
        below: "runtime/src/value.rs",
        except: &[],
        never: &["crate::sql", "crate::query", "crate::driver", "crate::row", "crate::convert"],
    },
    Barrier { why: "errors are the bottom", below: "runtime/src/error.rs", except: &[], never: &["crate::"] },
    Barrier {
        why: "the runtime never sees the generator",
        below: "runtime",
        except: &[],
        never: &["pilaster_generator"],
    },
];

#[test]
fn layers_keep_apart() {
    let sources = sources();
    let mut breaches = Vec::new();
    for Barrier { why, below, except, never } in BARRIERS {
        let inside = |path: &str, part: &str| {
            path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.', '_']))
        };
        let mut seen = 0;
        for source in sources.iter().filter(|source| inside(&source.path, below) && !source.is_test()) {
            seen += 1;
            if except.iter().any(|part| inside(&source.path, part) || source.path == *part) {
                continue;
            }
            let code = source.code();
            let found = never.iter().filter(|text| code.contains(*text));
            breaches.extend(found.map(|text| format!("{}: `{text}`: {why}", source.path)));
        }
        assert!(seen > 0, "{below} is gone; correct this law");
    }
    obey("layers keep apart", breaches);
}

#[test]
fn codes_are_unique_and_used() {
    let mut breaches = Vec::new();
    let mut ids = BTreeMap::new();
    for code in codes::ALL {
        if let Some(other) = ids.insert(code.id, code.meaning) {
            breaches.push(format!("{} means both `{other}` and `{}`", code.id, code.meaning));
        }
        let number = code.id.strip_prefix('P').map(str::len);
        if number != Some(4) || code.meaning.is_empty() || code.meaning.ends_with('.') {
            breaches
                .push(format!("{}: a code is `P` and four digits, its meaning a phrase without a full stop", code.id));
        }
    }
    let sources = sources();
    let list = sources.iter().find(|source| source.path == "generator/src/codes.rs").unwrap();
    let names: BTreeSet<&str> = list
        .text
        .lines()
        .filter(|line| line.contains(" = \"P"))
        .filter_map(|line| line.trim().split(' ').next())
        .collect();
    assert_eq!(names.len(), codes::ALL.len());
    for name in names {
        let wanted = format!("codes::{name}");
        let used = sources.iter().any(|source| {
            source.is_shipped()
                && source.code().match_indices(&wanted).any(|(at, _)| {
                    let next = source.code().get(at + wanted.len()..).and_then(|rest| rest.chars().next());
                    !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
                })
        });
        if !used {
            breaches.push(format!("{name} is not used"));
        }
    }
    obey("codes are unique and used", breaches);
}

/// The one file that talks to a C library by hand.
const AUDITED: &str = "runtime/src/driver/sqlite/stmt.rs";

#[test]
fn unsafe_code_stands_in_one_file() {
    let words =
        |source: &Source| source.code().split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
    let sources = sources();
    let found = sources.iter().filter(|source| source.is_shipped() && source.path != AUDITED && words(source));
    // The name of a keyword in a list of keywords is no code.
    let found = found.filter(|source| source.path != "generator/src/names/reserved.rs");
    obey("unsafe code stands in one file", found.map(|source| source.path.clone()).collect());
}

/// The one place that may panic, as its documentation says: indexing a session by a key of another one.
const PANICS: (&str, &str) = ("runtime/src/session/mod.rs", "Err(error) => panic!(\"{error}\"),");

#[test]
fn shipped_code_does_not_panic_on_purpose() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.is_shipped()) {
        for (number, line) in source.code().lines().enumerate() {
            let calls = [".unwrap()", ".expect(\"", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
            let documented = source.path == PANICS.0 && line.trim() == PANICS.1;
            if let Some(call) = calls.iter().find(|call| line.contains(**call) && !documented) {
                breaches.push(format!("{} (about line {}): `{call}`", source.path, number + 1));
            }
        }
    }
    obey("shipped code returns errors", breaches);
}

/// What a statement waits for is held by its future, which is moved to the heap once. What is rare (opening a connection,
/// preparing), or needs much room (many rows), is kept apart, or every statement would pay for its room.
#[tokio::test]
async fn the_future_of_a_statement_is_small() {
    const MOST: usize = 2048;
    let db = pilaster::Db::connect("sqlite::memory:").await.unwrap();
    let sizes = [
        ("all", size_of_val(&*User::query().all(&db))),
        ("first", size_of_val(&*User::query().first(&db))),
        ("one", size_of_val(&*User::query().one(&db))),
        ("page", size_of_val(&*User::query().paginate(1, 10, &db))),
        ("count", size_of_val(&*User::query().count(&db))),
        ("get", size_of_val(&*User::get(&db, 1))),
        ("update", size_of_val(&*User::update().all_rows().set(|u| u.age, 1).run(&db))),
        ("insert", size_of_val(&*NewUser::new("ann").insert(&db))),
        ("raw SQL", size_of_val(&*db.sql("SELECT 1").one::<i64>())),
    ];
    let large = sizes.iter().filter(|(_, size)| *size > MOST);
    obey("futures of statements take 2 KiB at most", large.map(|(name, size)| format!("{name}: {size}")).collect());
}

/// The generator reads the file that the runtime reads, and refuses what it does not know.
#[test]
fn settings_of_the_runtime_are_known_to_the_generator_and_the_guide() {
    let listed = |path: &str, start: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let (_, list) = text.split_once(start).unwrap();
        let (list, _) = list.split_once("];").unwrap();
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut settings = listed("runtime/src/config.rs", "const NAMES: [&str; 12] = [");
    let guide = fs::read_to_string(root().join("docs/guide/configuration.md")).unwrap();
    let untold = settings.iter().filter(|name| !guide.contains(&format!("\n| `{name}` |")));
    obey("the guide's page on configuration has every setting", untold.cloned().collect());
    settings.insert("url".to_owned());
    assert_eq!(settings, listed("generator/src/config/file.rs", "const DATABASE: &[&str] = &["));
}

#[test]
fn every_behaviour_is_listed() {
    let sources = sources();
    let list = sources.iter().find(|source| source.path == "tests/src/suite/mod.rs").unwrap();
    let listed: BTreeSet<String> = list
        .text
        .split_once("$then! {")
        .and_then(|(_, rest)| rest.split_once("};").or_else(|| rest.split_once("        }\n")))
        .map(|(body, _)| body)
        .unwrap_or_default()
        .split(';')
        .filter_map(|topic| topic.split_once(':'))
        .flat_map(|(topic, names)| names.split(',').map(move |name| format!("{}::{}", topic.trim(), name.trim())))
        .collect();
    let mut missing = Vec::new();
    for source in &sources {
        let Some(topic) = source.path.strip_prefix("tests/src/suite/").and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        for line in source.text.lines().filter(|_| topic != "mod") {
            let name = line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once("(db: &Db)"));
            if let Some((name, _)) = name
                && !listed.contains(&format!("{topic}::{name}"))
            {
                missing.push(format!("{topic}::{name}"));
            }
        }
    }
    obey("a behaviour is listed in tests/src/suite/mod.rs", missing);
}
