//! The templates of Pilaster's generator, embedded.
