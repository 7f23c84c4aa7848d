//! The page on migrations, from its top to its end, in a fresh folder.
#![allow(clippy::unwrap_used, clippy::panic)]

mod pages;

use std::fs;
use std::path::Path;

use pilaster_generator::cli::{self, Surroundings};

use pages::{Block, page_blocks, words};

/// What the person who reads the page has around: a clock, and an editor that changes nothing.
const AROUND: Surroundings = Surroundings {
    colour: false,
    confirm: None,
    env: Some(|key| (key == "EDITOR").then(|| "true".to_owned())),
    // 2026-11-22 22:30
    now: Some(1_795_386_600),
};

/// Runs a line of a page in the current folder; gives what it said.
fn run(line: &str, place: &str) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run_in(AROUND, words(line), &mut out, &mut err);
    let said = String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap();
    assert_eq!(code, 0, "{place}: {line}\n{said}");
    said
}

/// Files that a page shows are written, commands run, and a revision that they have written is the one that is shown.
fn follow(Block { place, language, text }: &Block) -> Vec<(String, String)> {
    let file = ["models.yaml", "pilaster.toml"].into_iter().find(|name| text.starts_with(&format!("# {name}\n")));
    if let Some(file) = file {
        fs::write(file, text).unwrap();
    }
    if let Some(id) = text.lines().find_map(|line| line.strip_prefix("revision: ")) {
        let path = format!("migrations/{id}.yaml");
        if Path::new(&path).exists() {
            assert_eq!(&fs::read_to_string(&path).unwrap(), text, "{place}");
        }
    }
    let lines = text.lines().filter(|line| language == "sh" && line.starts_with("pilaster "));
    lines.map(|line| (line.to_owned(), run(line, place))).collect()
}

/// What a program carries must be what its spec says; after a change of either spec, run `pilaster db migrate` there.
#[test]
fn the_migrations_of_the_guide_and_of_the_example_lead_to_their_specs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [root.to_owned(), root.join("../build-example")] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let words = ["pilaster", "-C", &folder.display().to_string(), "db", "check"].map(str::to_owned);
        let code = cli::run_in(AROUND, words, &mut out, &mut err);
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
    }
}

// The only one that changes the current folder.
#[test]
fn the_commands_of_the_page_work_in_their_order() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("guide/migrations.md");
    let text = fs::read_to_string(&page).unwrap();
    let project = tempfile::tempdir().unwrap();
    std::env::set_current_dir(project.path()).unwrap();
    let ran: Vec<(String, String)> = page_blocks(&page, &text).iter().flat_map(follow).collect();

    // The tutorial's own commands, and what comes of them.
    let said = |start: &str| {
        let found = ran.iter().find(|(line, _)| line.starts_with(start));
        found.map_or_else(|| panic!("no `{start}`"), |(_, said)| said.as_str())
    };
    assert_eq!(said("pilaster db init"), "migrations made\n");
    assert!(said("pilaster db migrate -m \"Initial migration\"").contains("create table post"));
    assert_eq!(said("pilaster db upgrade"), "applied 20261122_2230_initial_migration\n");
    assert!(said("pilaster db current").contains("20261122_2231_views applied at"));
    assert_eq!(said("pilaster db downgrade"), "taken back 20261122_2231_views\n");
    assert!(Path::new("migrations/20261122_2231_views.yaml").exists());
    assert!(ran.len() > 20, "{ran:#?}");
}
