//! Generates the models of the behaviour suite, and leaves the goldens out while they are being blessed.

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
}
