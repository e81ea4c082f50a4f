//! Embeds the example page, if bindings-wasm has built it, as a table of its files

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../bindings-wasm/example-dist");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(&folder, &mut files)?;
    }
    files.sort();
    let mut table = "static FILES: &[File] = &[\n".to_owned();
    for file in files {
        let path = file
            .strip_prefix(&folder)
            .map_err(io::Error::other)?
            .to_string_lossy()
            .replace('\\', "/");
        let (source, content_type) = (file.to_string_lossy(), content_type(&file));
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "File {{ path: {path:?}, content_type: {content_type:?}, content: include_bytes!({source:?}) }},"
        );
    }
    table.push_str("];\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("example.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        // Browsers compile WebAssembly as it arrives only under this type.
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
