//! `flagstaff lint`

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use flagstaff_analysis::lint::{Finding, Options, Severity, lint};
use flagstaff_core::{Context, Timestamp};
use serde_json::json;

use super::table::{bad, odd};
use super::{CommandError, CommandOutput};

/// What to lint, and how strictly
#[derive(Debug, Args)]
pub struct LintArgs {
    /// The document; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Exit with 1 for warnings too
    #[arg(long, value_enum)]
    deny: Option<Deny>,

    /// Sample context with all attributes that you send, JSON or `@FILE`; missing ones are reported
    #[arg(long, value_name = "JSON|@FILE")]
    context: Option<String>,

    /// The time at which expiry is checked; now by default
    #[arg(long, value_name = "INSTANT", value_parser = super::parse_now)]
    now: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each finding, and its hint below
    Text,
    /// An object with all findings
    Json,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

pub(super) fn run(options: &LintArgs) -> Result<CommandOutput, CommandError> {
    let context = options.context.as_deref();
    let context_file = context.and_then(|context| context.strip_prefix('@'));
    super::check_stdin([Some(&*options.file), context_file].into_iter().flatten())?;
    let document = super::read(&options.file)?;
    let declared = context
        .map(|context| {
            Context::from_json(&super::argument(context)?).map_err(CommandError::Declared)
        })
        .transpose()?;
    let known = Options {
        now: Some(super::now(options.now)),
        declared: declared.as_ref(),
    };
    let findings = lint(&document, known).map_err(|cause| CommandError::Document {
        name: options.file.clone(),
        cause,
    })?;
    let name = if options.file == "-" {
        "stdin"
    } else {
        &options.file
    };
    let text = match options.format {
        Format::Text => text(name, &findings),
        Format::Json => {
            let count = |severity| count(&findings, severity);
            super::json(&json!({
                "file": name,
                "errors": count(Severity::Error),
                "warnings": count(Severity::Warning),
                "infos": count(Severity::Info),
                "findings": findings,
            }))?
        }
        Format::Github => github(name, &findings),
    };
    let worst = findings.iter().map(|finding| finding.severity).min();
    let is_success = match worst {
        Some(Severity::Error) => false,
        Some(Severity::Warning) => options.deny.is_none(),
        _ => true,
    };
    Ok(CommandOutput { text, is_success })
}

fn text(name: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = finding.position.map_or_else(String::new, |position| {
            format!(":{}:{}", position.line, position.column)
        });
        // Writing to a String cannot fail.
        let kind = format!("{}[{}]", finding.severity, finding.code);
        let kind = match finding.severity {
            Severity::Error => bad(&kind),
            Severity::Warning => odd(&kind),
            Severity::Info => kind,
        };
        let _ = writeln!(
            text,
            "{name}{place}: {kind} {}: {}",
            finding.pointer, finding.message
        );
        let _ = writeln!(text, "  hint: {}", finding.hint);
    }
    let count = |severity| count(findings, severity);
    let _ = writeln!(
        text,
        "{}, {}, {}",
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Info), "info")
    );
    text
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .count()
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The workflow commands `::error file=…::…`, which GitHub Actions reads from the output of a step
fn github(name: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let place = finding.position.map_or_else(String::new, |position| {
            format!(",line={},col={}", position.line, position.column)
        });
        let message = format!(
            "{}: {} ({})",
            finding.pointer, finding.message, finding.hint
        );
        let _ = writeln!(
            text,
            "::{command} file={}{place},title={}::{}",
            property(name),
            finding.code,
            data(&message)
        );
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
