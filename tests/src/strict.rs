//! Generated code in private modules of a crate that is strict with its own code: none of these lints is about what nobody
//! wrote. Those of clippy are looked at by `cargo clippy`.
#![deny(
    elided_lifetimes_in_paths,
    let_underscore_drop,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    single_use_lifetimes,
    trivial_casts,
    unnameable_types,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    unused_results
)]
#![deny(
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::arithmetic_side_effects,
    clippy::missing_docs_in_private_items
)]
// Lints that many crates forbid, so that code which allows them would not compile.
#![forbid(unsafe_code, clippy::indexing_slicing, clippy::unwrap_used)]

/// As it is committed.
#[rustfmt::skip]
#[path = "../cases/composite_keys/expected/mod.rs"]
mod committed;

/// As a build script makes it.
mod built {
    pilaster::models!("shop");
}
