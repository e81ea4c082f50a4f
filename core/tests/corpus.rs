//! Replays what fuzzing has found worth keeping: `core/fuzz/corpus`, through the fuzz targets themselves

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "there it is a library")]
mod targets;

use std::io;
use std::panic::catch_unwind;
use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut replayed = Vec::new();
    let mut failed = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let data = std::fs::read(&path)?;
        if catch_unwind(|| target(&data)).is_err() {
            failed.push(path.clone());
        }
        replayed.push(path);
    }
    assert!(!replayed.is_empty(), "no corpus in {}", folder.display());
    assert!(failed.is_empty(), "these inputs fail: {failed:#?}");
    Ok(())
}

#[test]
fn documents_load() -> io::Result<()> {
    replay("load", targets::load)
}

#[test]
fn documents_evaluate() -> io::Result<()> {
    replay("evaluate", targets::evaluate)
}

#[test]
fn replicas_follow() -> io::Result<()> {
    replay("replica", targets::replica)
}
