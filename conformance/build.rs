//! Extracts the Rust quick start from the README, for `examples/quickstart.rs`

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const MARKER: &str = "<!-- test: rust -->";

fn main() -> Result<(), Box<dyn Error>> {
    let readme = Path::new("../README.md");
    println!("cargo::rerun-if-changed={}", readme.display());
    let text = fs::read_to_string(readme).unwrap_or_default();
    // Without the block only the example fails to compile, not the suite.
    let program = block(&text).unwrap_or(r#"compile_error!("README.md has no Rust quick start");"#);
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("quickstart.rs"),
        program,
    )?;
    Ok(())
}

/// The content of the fenced block after the marker
fn block(readme: &str) -> Option<&str> {
    let (_, after) = readme.split_once(MARKER)?;
    let (_, fenced) = after.split_once("```rust\n")?;
    let (program, _) = fenced.split_once("```")?;
    Some(program)
}
