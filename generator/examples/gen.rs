//! throwaway
use pilaster_generator::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut d = diag::Diagnostics::default();
    let input = if a[1].ends_with(".yaml") { config::Input::Spec(a[1].clone().into()) } else { config::Input::Database(a[1].clone()) };
    let o = config::Layer { input: Some(input), ..Default::default() }.options(std::path::Path::new(".")).unwrap();
    let layout = if a[2] == "-" { render::Layout::File("models.rs".into()) } else { render::Layout::Folder };
    let f = pipeline::generate(&o, layout, &mut d);
    eprint!("{}", d.render(true));
    if let Some(f) = f { for (p, t) in f.files { if a[2]=="-" { println!("{t}"); } else { let p = std::path::Path::new(&a[2]).join(p); std::fs::create_dir_all(p.parent().unwrap()).unwrap(); std::fs::write(p, t).unwrap(); } } }
}
