//! Compiles the crate again when the build of the admin UI has changed, which the macro that embeds it does not notice

fn main() {
    println!("cargo::rerun-if-changed=admin");
}
