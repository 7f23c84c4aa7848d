//! Models for `cases/`: programs that must not compile. The compiler checks all that this package depends on once more for
//! them, so it depends on no database.
#![deny(warnings, missing_docs)]

/// The models, from `models.yaml`.
pub mod models {
    pilaster::models!();
}
