//! Misuse that the types forbid, and what the compiler says about it. `TRYBUILD=overwrite cargo test -p pilaster-misuse`
//! writes what it says now.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
