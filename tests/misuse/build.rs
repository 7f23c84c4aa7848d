//! Generates the models that are misused.

use pilaster_generator::Generator;

fn main() {
    Generator::new().spec("models.yaml").run_in_build_script();
}
