//! The workloads of `bench/`, each called by one function, so that callgrind can count the instructions of a call
//!
//! usage: `flagstaff-instructions FOLDER WORKLOAD CALLS [uncounted]`, where FOLDER contains the documents that `bench/harness` writes
//!
//! A workload is one of W1 to W5, W3 of a vendor such as `unleash-W3`, whose flags are imported first, or `unleash-import`, the reading
//! of 2,000 flags.

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use flagstaff::{Client, Context};
use flagstaff_import::{ImportError, Options, Vendor, convert};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, workload, calls, ..] = arguments.as_slice() else {
        return Err("usage: flagstaff-instructions FOLDER WORKLOAD CALLS [uncounted]".into());
    };
    let calls = calls.parse()?;
    let (vendor, workload) = match workload.split_once('-') {
        Some((vendor, workload)) => (Some(vendor), workload),
        None => (None, workload.as_str()),
    };
    let set = match workload {
        "W5" => "bulk",
        "import" => "imported",
        _ => "single",
    };
    let name = vendor.unwrap_or("flagstaff");
    let text = fs::read_to_string(Path::new(folder).join(format!("{name}-{set}.json")))?;
    let document = match vendor.map(str::parse).transpose()? {
        Some(vendor) if workload == "import" => {
            let failure = Cell::new(None);
            counted(calls, || {
                failure.set(imported(vendor, black_box(&text)).err());
            });
            return failure.take().map_or(Ok(()), |error| Err(error.into()));
        }
        Some(vendor) => imported(vendor, &text)?,
        None => text,
    };
    // A client of a server, which counts its evaluations; it is not started.
    let client = Client::builder("http://127.0.0.1:1", "key")
        .usage(arguments.get(3).is_none_or(|usage| usage != "uncounted"))
        .bootstrap(document)
        .build()?;
    let context = user();
    match workload {
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

/// A document of ours with the flags of a vendor's file
fn imported(vendor: Vendor, text: &str) -> Result<String, ImportError> {
    Ok(convert(vendor, &Options::default(), text)?
        .document
        .to_string())
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
