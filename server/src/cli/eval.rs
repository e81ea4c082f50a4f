//! `flagstaff eval`

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use flagstaff_core::{Context, ContextError, ExpectedType, Outcome, Snapshot, Timestamp, Value};

use super::api::{ApiRequest, EnvironmentArgs};
use super::{CommandError, CommandOutput, Format, trace};
use crate::evaluation::hints;

/// What to evaluate, for whom and when
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The document (`-` is stdin), or the key of a flag, which is then evaluated as it is now at the server or in the database
    #[arg(value_name = "FILE|FLAG")]
    first: String,

    /// The key of the flag, if the first argument is a document
    #[arg(value_name = "FLAG")]
    second: Option<String>,

    #[command(flatten)]
    place: EnvironmentArgs,

    /// The context: a JSON object, `@FILE`, or `@-` for stdin
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    context: String,

    /// Time of the evaluation; now by default
    #[arg(long, value_name = "INSTANT", value_parser = super::parse_now)]
    now: Option<Timestamp>,

    /// Expected type: boolean, string, number, integer or object; any by default
    #[arg(long = "type", value_name = "TYPE")]
    expected_type: Option<ExpectedType>,

    /// Print every step of the evaluation, and a hint if the context names the user in other words than `targetingKey`
    #[arg(long)]
    explain: bool,

    /// How to print the outcome; JSON is canonical, the same as in every SDK
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(options: &EvalArgs) -> Result<CommandOutput, CommandError> {
    let (file, flag) = match &options.second {
        Some(flag) => (Some(&*options.first), flag),
        None if Path::new(&options.first).is_file() => {
            return Err(CommandError::Argument {
                option: "FLAG",
                expected: "the key of a flag after the document".to_owned(),
            });
        }
        None => (None, &options.first),
    };
    let context_file = options.context.strip_prefix('@');
    super::check_stdin([file, context_file].into_iter().flatten())?;
    let (name, document) = match file {
        Some(file) => (file, super::read(file)?),
        None => ("the server's document", current(&options.place)?),
    };
    let snapshot = Snapshot::from_json(&document).map_err(|cause| CommandError::Document {
        name: name.to_owned(),
        cause,
    })?;
    // An invalid context is evaluated too: SDKs return an outcome for it.
    let context = Context::from_json(&super::argument(&options.context)?);
    let now = super::now(options.now);
    let (outcome, steps) = snapshot.explain(flag, options.expected_type, &context, now);
    let mut text = match options.format {
        Format::Json => {
            let value = if options.explain {
                let mut explanation = outcome.to_explanation(steps, &Value::Null);
                if let Ok(context) = &context {
                    hints::add_to(&mut explanation, context);
                }
                explanation
            } else {
                outcome.to_value(&Value::Null)
            };
            value.to_canonical()
        }
        Format::Text => {
            let mut text = summary(flag, &outcome);
            if options.explain {
                text.push_str(&trace::tree(&steps));
                write_hints(&mut text, &context);
            }
            write_problems(&mut text, &context, (&snapshot, flag));
            text
        }
    };
    text.push('\n');
    Ok(CommandOutput {
        text,
        is_success: outcome.error_code().is_none(),
    })
}

fn write_hints(text: &mut String, context: &Result<Context, ContextError>) {
    for hint in context.as_ref().map(hints::of_context).unwrap_or_default() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  hint: {hint}");
    }
}

/// What is wrong with the context, and with the flag itself
fn write_problems(
    text: &mut String,
    context: &Result<Context, ContextError>,
    (snapshot, flag): (&Snapshot, &str),
) {
    // Writing to a String cannot fail.
    if let Err(error) = context {
        let _ = write!(text, "\n  {error}");
    }
    let issues = snapshot.issues().iter();
    for issue in issues.filter(|issue| issue.flag.as_deref() == Some(flag)) {
        let _ = write!(text, "\n  {issue}");
    }
}

/// The document of an environment as it is now
///
/// The server's own core would evaluate it as this one does, and give no trace to whoever may only read.
fn current(place: &EnvironmentArgs) -> Result<String, CommandError> {
    let path = ["environments", &place.environment, "document"];
    place.api.open("eval")?.send(ApiRequest::get(&path, &[]))
}

fn summary(flag: &str, outcome: &Outcome<'_>) -> String {
    match (outcome.error_code(), outcome.variant) {
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
