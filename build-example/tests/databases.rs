//! One spec, one program: the URL chooses among three databases, and what comes back is the same.
#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used)]

#[path = "../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;

use std::process::Command;

use pilaster::blocking::Db;

/// What the program says on a database, without what each database says in its own words: its SQL, its name, and its
/// message about a name that is taken.
fn told(url: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_build-example")).arg(url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let own = ["SQL  ", "->   connected to", "->   a name that is taken"];
    let text = String::from_utf8(output.stdout).unwrap();
    let is_common = |line: &&str| {
        let indented = line.starts_with("           ");
        !indented && !own.iter().any(|own| line.trim_start().starts_with(own))
    };
    text.lines().filter(is_common).map(without_key).collect()
}

/// Servers count keys on for rows that they refuse, so that keys differ from there on.
fn without_key(line: &str) -> String {
    match line.split_once("update User ") {
        Some((head, rest)) => format!("{head}update User{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => line.to_owned(),
    }
}

/// The same on a new database of a server, which is dropped afterwards.
fn told_by(server: &str, name: &str, url: &str) -> Vec<String> {
    let admin = |sql: String| Db::connect(server).unwrap().sql(sql).batch().unwrap();
    admin(format!("CREATE DATABASE {name}"));
    let told = told(url);
    admin(format!("DROP DATABASE {name}"));
    told
}

fn is_required(kind: &str) -> bool {
    std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == kind))
}

/// The URL of another database on the same server.
fn beside(server: &str, name: &str) -> String {
    let (base, query) =
        server.split_once('?').map_or((server, String::new()), |(base, query)| (base, format!("?{query}")));
    let (scheme, place) = base.split_once("://").unwrap_or(("", base));
    format!("{scheme}://{}/{name}{query}", place.split('/').next().unwrap_or(place))
}

#[test]
fn the_whole_tutorial_says_the_same_on_every_database() {
    let folder = std::env::temp_dir().join(format!("pilaster-example-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let expected = told(&format!("sqlite://{}", folder.join("blog.db").display()));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(expected.len() > 100, "{expected:?}");
    let name = servers_mysql::unique_name();
    match servers::postgres() {
        Ok(server) => assert_eq!(told_by(&server, &name, &beside(&server, &name)), expected, "PostgreSQL"),
        Err(why) => {
            assert!(!is_required("postgres"), "{why}");
            eprintln!("skipped: {why}");
        }
    }
    if let Some(server) = servers_mysql::server() {
        assert_eq!(told_by(server, &name, &servers_mysql::url(server, &name)), expected, "MySQL");
    }
}
