//! Generates the models from `models.yaml`.

fn main() {
    pilaster_generator::build("models.yaml");
}
