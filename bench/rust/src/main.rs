//! The Rust worker of `make bench`: one subject in one process, which responds to lines of JSON
//!
//! usage: `flagstaff-bench SUBJECT FOLDER`, where FOLDER contains the documents that `bench/harness` writes.
//! `bench/harness/worker.py` describes the lines.

mod feed;
mod measure;
mod memory;
mod subject;
mod subjects;
mod threads;
mod worker;

use std::error::Error;
use std::path::Path;

use crate::subjects::{Engine, Eppo, LaunchDarkly, Sdk, Unleash};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(subject), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: flagstaff-bench SUBJECT FOLDER".into());
    };
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
