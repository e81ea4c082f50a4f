//! Writes the JavaScript that loads a module which was compiled with `wasm-bindgen`: `wasm-bindgen --target web` without its tools
//! for tests and downloads
//!
//! usage: `flagstaff-wasm-bindgen MODULE OUT_DIR`

#![forbid(unsafe_code)]

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: flagstaff-wasm-bindgen MODULE OUT_DIR";
    let (module, folder) = (
        arguments.next().context(usage)?,
        arguments.next().context(usage)?,
    );
    Bindgen::new()
        .web(true)?
        .input_path(module)
        .typescript(true)
        // Bundlers look for every `new URL(…, import.meta.url)`, and this one would name a file that the package does not have.
        .omit_default_module_path(true)
        .demangle(true)
        .generate(folder)
}
