//! Times the calls of a getter, one by one; each includes reading the clock

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;
use flagstaff::{Client, Context};

use crate::report::{Percentiles, percentiles};

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The document
    document: PathBuf,
    /// The boolean flag to evaluate
    flag: String,
    /// The context, as JSON
    context: String,
    /// Number of calls
    calls: usize,
}

/// Times each call, after the same number of untimed calls
pub(crate) fn run(options: &Options) -> Result<Percentiles> {
    let client = Client::from_document(&std::fs::read_to_string(&options.document)?)?;
    let context = Context::from_json(&options.context)?;
    let call = || black_box(client.get_boolean_value(&options.flag, false, &context));
    for _ in 0..options.calls {
        call();
    }
    let time = |_| {
        let begun = Instant::now();
        call();
        begun.elapsed()
    };
    let times = (0..options.calls).map(time).collect();
    percentiles(times).context("no call was measured")
}
