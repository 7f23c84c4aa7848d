//! Generates the models of the behaviour suite, and leaves the goldens out while they are being blessed.

#![allow(clippy::unwrap_used)]

use pilaster_generator::Generator;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(bless)");
    println!("cargo::rerun-if-env-changed=PILASTER_BLESS");
    // A golden that does not compile could otherwise never be replaced.
    if std::env::var_os("PILASTER_BLESS").is_some() {
        println!("cargo::rustc-cfg=bless");
    }
    Generator::new().spec("specs/suite.yaml").module("suite").run_in_build_script();
    Generator::new().spec("specs/shop.yaml").module("shop").run_in_build_script();
    Generator::new().spec("specs/postgres.yaml").module("postgres").run_in_build_script();
    Generator::new().spec("specs/mysql.yaml").module("mysql").run_in_build_script();
    Generator::new().spec("specs/unsigned.yaml").module("unsigned").run_in_build_script();
    Generator::new().spec("specs/session.yaml").module("session").run_in_build_script();
    Generator::new().spec("specs/deferred.yaml").module("deferred").run_in_build_script();
    Generator::new().spec(wide()).module("wide").run_in_build_script();
}

/// A spec of one table with 400 columns beside its key, and a function that sets all of them.
fn wide() -> std::path::PathBuf {
    let columns = (0..400).map(|at| format!("      c{at}: integer null\n")).collect::<String>();
    let setters = (0..400).map(|at| format!(".c{at}(n - {at})")).collect::<String>();
    let folder = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let fill = format!("fn fill(n: i32) -> NewWide {{ NewWide::new(){setters} }}");
    std::fs::write(folder.join("wide_fill.rs"), fill).unwrap();
    let spec = folder.join("wide.yaml");
    std::fs::write(&spec, format!("pilaster: 1\nmodels:\n  Wide:\n    columns:\n      id: bigint primary\n{columns}"))
        .unwrap();
    spec
}
