//! Generates the models, the same as for SQLite.

fn main() {
    pilaster_generator::build("../runtime/models.yaml");
}
