//! `flagstaff import --from VENDOR`

use std::io::{self, Write as _};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use flagstaff_core::{Snapshot, Timestamp};
use flagstaff_import::{FlagReport, Imported, Options, Vendor, Verdict, convert};
use serde::Serialize;
use serde_json::{Value, json};

use super::rehash::{Plan, Total};
use super::verify::{Verification, verify};
use super::{ImportArgs, Rehash, Write, download};
use crate::cli::api::MergeMode;
use crate::cli::table::{bad, good, odd, table, visible};
use crate::cli::{CommandError, CommandOutput, Format, argument, check_stdin};
use crate::config::{Secret, SecretParser};

/// Which vendor a file is from, and how its flags are taken over
#[derive(Debug, Args)]
pub(super) struct VendorArgs {
    /// Take over the flags of a file that this vendor's SDKs download; every user keeps the value that he got before
    #[arg(
        long,
        value_name = "VENDOR",
        value_parser = PossibleValuesParser::new(Vendor::ALL.map(Vendor::name)).try_map(|name| name.parse::<Vendor>()),
    )]
    pub(super) from: Option<Vendor>,

    /// A header for a URL, `NAME: VALUE`, or `@FILE` for a file that contains it; may be repeated, and is sent to no other host
    #[arg(long = "header", value_name = "HEADER", value_parser = SecretParser::TEXT, requires = "from")]
    headers: Vec<Secret>,

    /// Write into this file, as JSON, how each flag was taken over
    #[arg(long, value_name = "FILE", requires = "from")]
    report: Option<String>,

    /// Take over the vendor's flag of this key even if it is not exact; may be repeated
    #[arg(long, value_name = "FLAG", requires = "from")]
    approximate: Vec<String>,

    /// Write the other flags if some are not taken over; without it, nothing is written then
    #[arg(long, requires = "from")]
    partial: bool,

    /// Compare with the vendor's answers, one `{"context", "flag", "value"}` a line, before anything is written; `-` is stdin. With a
    /// difference nothing is written
    #[arg(long, value_name = "FILE", requires = "from")]
    verify: Option<String>,

    /// The time at which `--verify` evaluates, for schedules and dates; now by default
    #[arg(long, value_name = "INSTANT", value_parser = crate::cli::parse_now, requires = "verify")]
    now: Option<Timestamp>,

    /// What the file does not contain, as JSON: `fractional` (2 or 3) for flagd; `enabled`, `qaMode`, `forcedVariations`, `url` and
    /// `stickyBuckets` for GrowthBook. `@FILE` is a file
    #[arg(long, value_name = "JSON|@FILE", requires = "from")]
    options: Option<String>,
}

/// What `--format json` prints
#[derive(Serialize)]
struct JsonOutput<'r> {
    /// `revision`, `changes` and `moves`, as the API names them
    #[serde(flatten)]
    answer: Value,
    report: &'r [ReportLine<'r>],
    /// All flags together, if a plan was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    rehash: Option<Total>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Verification>,
    written: bool,
}

/// How a flag was taken over, and where a hash decides it, if a plan was asked for
#[derive(Serialize)]
struct ReportLine<'r> {
    #[serde(flatten)]
    flag: &'r FlagReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    rehash: Option<&'r [flagstaff_analysis::impact::rehash::Rehash]>,
}

/// What a file was converted to, and how many flags have which verdict
struct Conversion {
    imported: Imported,
    plan: Option<Plan>,
    exact: usize,
    remarks: usize,
    refused: usize,
}

/// What decides whether a document may be written
#[derive(Clone, Copy)]
struct Outcome {
    /// Whether every flag is taken over, or may be left out
    is_complete: bool,
    /// Whether no value differs from the vendor's
    is_same: bool,
}

impl Outcome {
    const fn is_success(self) -> bool {
        self.is_complete && self.is_same
    }
}

pub(super) fn import(options: &ImportArgs, vendor: Vendor) -> Result<CommandOutput, CommandError> {
    let conversion = read(options, vendor)?;
    let now = crate::cli::now(options.vendor.now);
    let verify = |name: &String| {
        let imported = &conversion.imported;
        verify(name, (imported, &compiled(imported)?), now)
    };
    let verification = options.vendor.verify.as_ref().map(verify).transpose()?;
    let outcome = Outcome {
        is_complete: conversion.refused == 0 || options.vendor.partial,
        is_same: verification.as_ref().is_none_or(Verification::is_same),
    };
    if options.format == Format::Text {
        print(&conversion.text())?;
        print(
            &verification
                .as_ref()
                .map_or_else(String::new, Verification::text),
        )?;
    }
    let text = match (&conversion.plan, options.format) {
        (Some(plan), Format::Text) => plan.text(),
        (Some(_), Format::Json) => conversion.json(json!({}), verification, false)?,
        (None, _) => show_and_write(options, &conversion, verification, outcome)?,
    };
    Ok(CommandOutput {
        text,
        is_success: outcome.is_success(),
    })
}

/// Shows what the document changes in the environment, and writes it, unless something speaks against it
fn show_and_write(
    options: &ImportArgs,
    conversion: &Conversion,
    verification: Option<Verification>,
    outcome: Outcome,
) -> Result<String, CommandError> {
    let api = options.place.api.open("import")?;
    let document = conversion.imported.document.to_string();
    let write = |write: Write| {
        let body = ("application/json", document.clone());
        super::put(options, &api, body, write)
    };
    let (mut answer, tag) = write(Write {
        is_dry_run: true,
        if_match: None,
    })?;
    let is_written = outcome.is_success() && !options.dry_run;
    // Only what was shown is written.
    let write_shown = || {
        let written = write(Write {
            is_dry_run: false,
            if_match: tag.clone(),
        });
        match written {
            Err(CommandError::Stale(_)) => Err(CommandError::ChangedSince("Import")),
            other => other.map(|(written, _)| written),
        }
    };
    if options.format == Format::Json {
        if is_written {
            // The differences are those of the dry run.
            let written = write_shown()?;
            if let (Some(old), Some(new)) = (answer.get_mut("revision"), written.get("revision")) {
                new.clone_into(old);
            }
        }
        return conversion.json(answer, verification, is_written);
    }
    print(&super::report(&answer))?;
    Ok(if is_written {
        super::report(&write_shown()?)
    } else if !outcome.is_complete {
        format!(
            "nothing is written, because {} not taken over; --partial writes the others\n",
            flags_are(conversion.refused)
        )
    } else if outcome.is_same {
        String::new()
    } else {
        "nothing is written, because values differ from the vendor's\n".to_owned()
    })
}

/// Reads and converts the file, and writes the report
fn read(options: &ImportArgs, vendor: Vendor) -> Result<Conversion, CommandError> {
    let asked = &options.vendor;
    if asked.partial && options.mode == MergeMode::Replace {
        return Err(CommandError::Argument {
            option: "--partial",
            expected: "`--mode merge`: a flag that is not taken over would be deleted".to_owned(),
        });
    }
    let files = [Some(&*options.file), asked.verify.as_deref()];
    check_stdin(files.into_iter().flatten())?;
    let convert_options = asked.convert_options()?;
    let text = download::read(&options.file, &asked.headers)?;
    let imported = convert(vendor, &convert_options, &text);
    let imported = imported.map_err(|cause| CommandError::Vendor {
        name: download::shown(&options.file),
        cause,
    })?;
    let is_known = |key: &&String| imported.report.iter().any(|flag| flag.flag == **key);
    if let Some(unknown) = asked.approximate.iter().find(|key| !is_known(key)) {
        return Err(CommandError::Argument {
            option: "--approximate",
            expected: format!("the key of a flag in the file, not `{}`", visible(unknown)),
        });
    }
    let plan = if options.rehash == Some(Rehash::Plan) {
        Some(Plan::of(vendor, &imported, &compiled(&imported)?))
    } else {
        None
    };
    let count = |verdict: Verdict| {
        let flags = imported.report.iter();
        flags.filter(|flag| flag.verdict == verdict).count()
    };
    let conversion = Conversion {
        exact: count(Verdict::Exact),
        remarks: count(Verdict::Remarks),
        refused: count(Verdict::Refused),
        imported,
        plan,
    };
    if let Some(file) = &asked.report {
        let text = crate::cli::json(&conversion.report())?;
        std::fs::write(file, text).map_err(|cause| CommandError::Unwritable {
            name: file.clone(),
            cause,
        })?;
    }
    Ok(conversion)
}

/// The converted flags, to be evaluated or analysed here
fn compiled(imported: &Imported) -> Result<Snapshot, CommandError> {
    Snapshot::from_json(&imported.document.to_string()).map_err(|cause| CommandError::Document {
        name: "the converted flags".to_owned(),
        cause,
    })
}

impl VendorArgs {
    fn convert_options(&self) -> Result<Options, CommandError> {
        let wrong = |expected: String| CommandError::Argument {
            option: "--options",
            expected,
        };
        let given: Value = match &self.options {
            Some(text) => serde_json::from_str(&argument(text)?)
                .map_err(|cause| wrong(format!("a JSON object: {cause}")))?,
            None => json!({}),
        };
        let Some(members) = given.as_object() else {
            return Err(wrong("a JSON object".to_owned()));
        };
        // These two have options of their own on the command line.
        let known = json!(Options::default());
        let is_known = |name: &&String| {
            known.get(name.as_str()).is_some()
                && !["environment", "approximate"].contains(&&***name)
        };
        if let Some(unknown) = members.keys().find(|name| !is_known(name)) {
            let expected =
                "`fractional`, `enabled`, `qaMode`, `forcedVariations`, `url` or `stickyBuckets`";
            return Err(wrong(format!("{expected}, not `{}`", visible(unknown))));
        }
        let options: Result<Options, _> = serde_json::from_value(given);
        let options = options.map_err(|cause| {
            wrong(format!("`fractional`: 2 or 3, `enabled`, `qaMode` and `stickyBuckets`: booleans, `forcedVariations`: an object of numbers, `url`: a text ({cause})"))
        })?;
        Ok(Options {
            approximate: self.approximate.iter().cloned().collect(),
            ..options
        })
    }
}

impl Conversion {
    /// How each flag was taken over
    fn report(&self) -> Vec<ReportLine<'_>> {
        let plan = self.plan.as_ref();
        let line = |flag| ReportLine {
            flag,
            rehash: plan.and_then(|plan| plan.of_flag(&flag.flag)),
        };
        self.imported.report.iter().map(line).collect()
    }

    /// The report for programs
    fn json(
        &self,
        answer: Value,
        verification: Option<Verification>,
        is_written: bool,
    ) -> Result<String, CommandError> {
        crate::cli::json(&JsonOutput {
            answer,
            report: &self.report(),
            rehash: self.plan.as_ref().map(Plan::total),
            verification,
            written: is_written,
        })
    }

    /// The report for people: each flag, and how many there are
    fn text(&self) -> String {
        let head = ["flag", "taken over", "where", "what to know"];
        let rows: Vec<Vec<String>> = self.imported.report.iter().flat_map(rows).collect();
        format!(
            "{}{} taken over exactly, {} with remarks, {} not taken over\n",
            table(&head, &rows),
            self.exact,
            self.remarks,
            self.refused
        )
    }
}

/// A row for each thing to know about a flag; one if there is nothing
fn rows(flag: &FlagReport) -> Vec<Vec<String>> {
    let verdict = match flag.verdict {
        Verdict::Exact => good("exactly"),
        Verdict::Remarks => odd("with remarks"),
        Verdict::Refused => bad("no"),
    };
    let begin = vec![visible(&flag.flag), verdict];
    if flag.notes.is_empty() {
        return vec![begin];
    }
    let row = |note: &flagstaff_import::Note| {
        let mut row = begin.clone();
        row.extend([visible(&note.pointer), visible(&note.message)]);
        row
    };
    flag.notes.iter().map(row).collect()
}

fn flags_are(count: usize) -> String {
    if count == 1 {
        "1 flag is".to_owned()
    } else {
        format!("{count} flags are")
    }
}

/// Prints what is to be seen before anything is written
fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = anstream::stdout();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        // Who reads only the beginning, as `head` does, has read what they wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Print(error)),
        _ => Ok(()),
    }
}
