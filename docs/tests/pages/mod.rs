//! The pages of the project and the blocks in them.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

/// Every page of the project, with its text.
pub fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name)).into();
    for folder in ["docs", "docs/guide", "generator", "runtime", "templates", "build-example"] {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    pages.sort();
    pages.into_iter().map(|page| (page.clone(), fs::read_to_string(page).unwrap())).collect()
}

/// A fenced block.
pub struct Block {
    /// Its page and line.
    pub place: String,
    /// What stands behind the fence.
    pub language: String,
    pub text: String,
}

/// The fenced blocks of a page, in order.
pub fn page_blocks(page: &Path, text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match (open, line.strip_prefix("```")) {
            (false, Some(word)) => {
                let place = format!("{}:{}", page.display(), at + 1);
                found.push(Block { place, language: word.to_owned(), text: String::new() });
                open = true;
            }
            (true, Some(_)) => open = false,
            (true, None) => {
                let block = found.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            (false, None) => {}
        }
    }
    assert!(!open, "{}: a block does not end", page.display());
    found
}

/// The fenced blocks of a language, with their places.
pub fn blocks(language: &str) -> Vec<(String, String)> {
    let all = pages().into_iter().flat_map(|(page, text)| page_blocks(&page, &text));
    let found: Vec<_> = all.filter(|block| block.language == language).map(|block| (block.place, block.text)).collect();
    assert!(!found.is_empty(), "no blocks of {language}");
    found
}

/// The words of a command, as a shell takes them: quotes hold words together, and a comment ends the line.
pub fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        let (command, comment) = part.split_once('#').map_or((part, false), |(command, _)| (command, true));
        words.extend(command.split_whitespace().map(str::to_owned));
        if comment {
            break;
        }
    }
    words
}
