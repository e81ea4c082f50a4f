//! `flagstaff eval`

use std::fmt::Write as _;

use clap::Args;
use flagstaff_core::{Context, Outcome, Snapshot, Timestamp, Value, ValueType};

use super::{Format, Report, ToolError, trace};

/// What to evaluate, for whom and when
#[derive(Debug, Args)]
pub struct EvalOptions {
    /// The document; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,

    /// The key of the flag
    #[arg(value_name = "FLAG")]
    flag: String,

    /// The context: an object, `@FILE` with one, or `@-` for stdin
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    context: String,

    /// The instant to evaluate at; the clock's, if absent
    #[arg(long, value_name = "INSTANT", value_parser = super::parse_now)]
    now: Option<Timestamp>,

    /// The type to ask for: boolean, string, number, integer or object; any, if absent
    #[arg(long = "type", value_name = "TYPE")]
    value_type: Option<ValueType>,

    /// Tell every step of the evaluation
    #[arg(long)]
    explain: bool,

    /// How to print the outcome; JSON is canonical, the same as in every SDK
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(options: &EvalOptions) -> Result<Report, ToolError> {
    let context_file = options.context.strip_prefix('@');
    super::check_stdin([Some(&*options.file), context_file].into_iter().flatten())?;
    let document = super::read(&options.file)?;
    let snapshot = Snapshot::from_json(&document).map_err(|cause| ToolError::Document {
        name: options.file.clone(),
        cause,
    })?;
    // A context that is none is what an SDK would be asked with, and has an answer.
    let context = Context::from_json(&super::argument(&options.context)?);
    let now = super::now(options.now);
    let (outcome, steps) = snapshot.explain(&options.flag, options.value_type, &context, now);
    let mut text = match options.format {
        Format::Json => {
            let value = if options.explain {
                outcome.to_explanation(steps, &Value::Null)
            } else {
                outcome.to_value(&Value::Null)
            };
            value.to_canonical()
        }
        Format::Text => {
            let mut text = summary(&options.flag, &outcome);
            if options.explain {
                text.push_str(&trace::tree(&steps));
            }
            // Writing to a String cannot fail.
            if let Err(error) = &context {
                let _ = write!(text, "\n  {error}");
            }
            // What is wrong with the flag itself is what someone who asks for it wants to know.
            let is_of_flag = |of: Option<&str>| of == Some(&options.flag);
            for issue in snapshot
                .issues()
                .iter()
                .filter(|issue| is_of_flag(issue.flag.as_deref()))
            {
                let _ = write!(text, "\n  {issue}");
            }
            text
        }
    };
    text.push('\n');
    Ok(Report {
        text,
        is_good: outcome.error_code.is_none(),
    })
}

fn summary(flag: &str, outcome: &Outcome<'_>) -> String {
    match (outcome.error_code, outcome.variant) {
        (Some(code), _) => format!("{flag} = {code}: {}", code.message()),
        (None, variant) => {
            let value = outcome.value_or(&Value::Null).to_canonical();
            let detail = trace::detail(&outcome.detail.to_value());
            let variant = variant.unwrap_or_default();
            format!(
                "{flag} = {value}  (variant {variant}, {}, {detail})",
                outcome.reason
            )
        }
    }
}
