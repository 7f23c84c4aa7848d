//! Generates the models of `models.yaml`, and tests from the pages.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A fenced block of Rust.
struct Block {
    /// Where it begins in its page.
    line: usize,
    refused: bool,
    code: String,
}

fn main() -> io::Result<()> {
    pilaster_generator::build("models.yaml");
    pilaster_generator::Generator::new()
        .spec("baskets.yaml")
        .module("baskets")
        .embed_migrations(false)
        .run_in_build_script();
    pilaster_generator::Generator::new().spec("jobs.yaml").module("jobs").embed_migrations(false).run_in_build_script();
    // What surrounds the blocks that must not compile does compile, so they are refused for what they say.
    let around = doc_test("", "User::query().all(&db).await?;\n");
    let (mut tests, mut refused) = (String::new(), format!("#[doc = {around:?}]\npub mod surroundings {{}}\n"));
    for page in pages()? {
        println!("cargo::rerun-if-changed={}", page.display());
        write_page(&page, &blocks(&page, &fs::read_to_string(&page)?)?, &mut tests, &mut refused);
    }
    println!("cargo::rerun-if-changed=guide");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    fs::write(out.join("guide.rs"), tests)?;
    fs::write(out.join("refused.rs"), refused)
}

/// The README and the pages of the guide, in order.
fn pages() -> io::Result<Vec<PathBuf>> {
    let mut pages: Vec<PathBuf> = fs::read_dir("guide")?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    pages.push(PathBuf::from("../README.md"));
    pages.sort();
    Ok(pages)
}

/// The Rust blocks of a page. What could escape being run is refused.
fn blocks(page: &Path, text: &str) -> io::Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside: Option<bool> = None;
    for (at, line) in text.lines().enumerate() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(word)) => {
                let rust = word.starts_with("rust");
                if rust && !["rust", "rust,compile_fail"].contains(&word) {
                    let place = format!("{}:{}: a block is `rust` or `rust,compile_fail`", page.display(), at + 1);
                    return Err(io::Error::other(place));
                }
                if rust {
                    blocks.push(Block { line: at + 1, refused: word != "rust", code: String::new() });
                }
                inside = Some(rust);
            }
            (Some(_), Some(_)) => inside = None,
            (Some(true), None) => {
                if let Some(block) = blocks.last_mut() {
                    block.code.push_str(line);
                    block.code.push('\n');
                }
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn write_page(page: &Path, blocks: &[Block], tests: &mut String, refused: &mut String) {
    let name = page.file_stem().unwrap_or_default().to_string_lossy().to_lowercase().replace('-', "_");
    let shown = page.display().to_string();
    let (programs, rest): (Vec<&Block>, Vec<&Block>) =
        blocks.iter().filter(|block| !block.refused).partition(|block| block.code.contains("fn main()"));
    // Writing to a string cannot fail.
    for Block { line, code, .. } in programs {
        let _ = write!(tests, "mod {name}_{line} {{\n// {shown}:{line}\n{code}\n");
        // A build script belongs to a build: it is compiled, and `main` above shows that it works.
        let runs = !code.contains("pilaster_generator::");
        let test = if runs { "#[test]\nfn runs() { super::in_folder(|| main().unwrap()) }" } else { "" };
        let _ = writeln!(tests, "{test}\n}}");
    }
    if !rest.is_empty() {
        let _ = write!(tests, "#[tokio::test]\nasync fn {name}() -> Outcome {{\n");
        let _ = writeln!(tests, "use pilaster_docs::*;\nlet db = blog().await?;");
        for Block { line, code, .. } in rest {
            let _ = write!(tests, "// {shown}:{line}\n{code}");
        }
        let _ = writeln!(tests, "Ok(())\n}}");
    }
    for Block { line, code, .. } in blocks.iter().filter(|block| block.refused) {
        let text = doc_test("compile_fail", code);
        let _ = writeln!(refused, "/// At {shown}:{line}:\n///\n#[doc = {text:?}]\npub mod {name}_{line} {{}}");
    }
}

/// Code as a documentation test, in the scope that the other blocks have.
fn doc_test(word: &str, code: &str) -> String {
    let head = "# use pilaster_docs::*;\n# async fn block() -> pilaster::Result<()> {\n# let db = blog().await?;\n";
    format!("```{word}\n{head}{code}# Ok(()) }}\n```")
}
