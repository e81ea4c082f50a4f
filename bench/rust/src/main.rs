//! The Rust worker of `make bench`: one subject in one process, which responds to lines of JSON
//!
//! usage: `flagstaff-bench SUBJECT FOLDER`, where FOLDER contains the documents that `bench/harness` writes.
//! `bench/harness/worker.py` describes the lines. `flagstaff-bench import VENDOR FILE` prints a vendor's file as a document of ours.

mod feed;
mod measure;
mod memory;
mod subject;
mod subjects;
mod threads;
mod worker;

use std::error::Error;
use std::fs;
use std::io::{Write as _, stdout};
use std::path::Path;

use flagstaff_import::{Options, Verdict, convert};

use crate::subjects::{Engine, Eppo, LaunchDarkly, Sdk, Unleash};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(subject), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: flagstaff-bench SUBJECT FOLDER".into());
    };
    if let ("import", Some(file)) = (subject.as_str(), arguments.next()) {
        return import(&folder, Path::new(&file));
    }
    let folder = Path::new(&folder);
    match subject.as_str() {
        "flagstaff" => worker::run::<Sdk>(folder),
        "flagstaff-core" => worker::run::<Engine>(folder),
        "eppo" => worker::run::<Eppo>(folder),
        "launchdarkly" => worker::run::<LaunchDarkly>(folder),
        "unleash" => worker::run::<Unleash>(folder),
        _ => Err(format!("unknown subject `{subject}`").into()),
    }
}

/// Prints a vendor's file as a document of ours; a flag that cannot be exact is an error
fn import(vendor: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let imported = convert(
        vendor.parse()?,
        &Options::default(),
        &fs::read_to_string(file)?,
    )?;
    let refused = imported
        .report
        .iter()
        .find(|flag| flag.verdict == Verdict::Refused);
    if let Some(flag) = refused {
        return Err(format!(
            "{vendor}: `{}` is not taken over: {:?}",
            flag.flag, flag.notes
        )
        .into());
    }
    write!(stdout(), "{}", imported.document)?;
    Ok(())
}
