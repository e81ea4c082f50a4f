//! The workloads of `bench/`, each called by one function, so that callgrind can count the instructions of a call
//!
//! usage: `flagstaff-instructions FOLDER WORKLOAD CALLS [uncounted]`, where FOLDER contains the documents that `bench/harness` writes

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use flagstaff::{Client, Context};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, workload, calls, ..] = arguments.as_slice() else {
        return Err("usage: flagstaff-instructions FOLDER WORKLOAD CALLS [uncounted]".into());
    };
    let calls = calls.parse()?;
    let set = if workload == "W5" { "bulk" } else { "single" };
    let path = Path::new(folder).join(format!("flagstaff-{set}.json"));
    let document = fs::read_to_string(path)?;
    // A client of a server, which counts its evaluations; it is not started.
    let client = Client::builder("http://127.0.0.1:1", "key")
        .usage(arguments.get(3).is_none_or(|usage| usage != "uncounted"))
        .bootstrap(document)
        .build()?;
    let context = user();
    match workload.as_str() {
        "W1" => counted(calls, || {
            client.get_boolean_value(black_box("w1"), false, black_box(&context))
        }),
        "W2" => counted(calls, || {
            client.get_boolean_value(black_box("w2"), false, black_box(&context))
        }),
        "W3" => counted(calls, || {
            client.get_string_value(black_box("w3"), "", black_box(&context))
        }),
        "W4" => counted(calls, || {
            client.get_boolean_value(black_box("w4"), false, black_box(&context))
        }),
        "W5" => counted(calls, || client.evaluate_all(black_box(&context))),
        _ => return Err(format!("unknown workload `{workload}`").into()),
    }
    Ok(())
}

/// The user of `bench/harness/workloads.py`
fn user() -> Context {
    Context::new("user-7777")
        .with("country", "SE")
        .with("plan", "free")
        .with("age", 17)
        .with("appVersion", "2.0.9")
        .with("email", "alice@example.com")
}

/// The counted function, including the drop of the results
#[inline(never)]
fn counted<T>(calls: u32, call: impl Fn() -> T) {
    for _ in 0..calls {
        black_box(call());
    }
}
