//! `flagstaff diff`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use flagstaff_analysis::impact::{
    Answer, Change, ChangeKind, Comparison, ContextImpact, FlagChange, FlagImpact,
};
use flagstaff_core::{Context, Timestamp, Value};
use serde::Serialize;

use super::table::{bad, good, odd};
use super::{CommandError, CommandOutput, Format, percent};

/// Contexts that are named for each way in which answers change, in text
const EXAMPLES: usize = 5;

/// What to compare
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The document before the change; `-` is stdin
    #[arg(value_name = "OLD")]
    old: String,

    /// The document after the change; `-` is stdin
    #[arg(value_name = "NEW")]
    new: String,

    /// Contexts to evaluate with both documents, one JSON object a line; `-` is stdin
    #[arg(long, value_name = "FILE")]
    contexts: Option<String>,

    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Time of the evaluation; now by default
    #[arg(long, value_name = "INSTANT", value_parser = super::parse_now)]
    now: Option<Timestamp>,
}

/// What `--format json` prints
#[derive(Serialize)]
struct Impact<'c> {
    now: Timestamp,
    changes: &'c [Change],
    flags: Vec<FlagImpact>,
    assumptions: [&'static str; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    contexts: Option<Contexts>,
}

/// What changes for the contexts that were read
#[derive(Serialize)]
struct Contexts {
    read: usize,
    changed: usize,
    changes: Vec<Changed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    // In the file of contexts, from 1.
    line: usize,
    targeting_key: Option<Value>,
    #[serde(flatten)]
    impact: ContextImpact,
}

pub(super) const ASSUMPTIONS: [&str; 3] = [
    "a share is of the units that reach the serve and have a key of its unit",
    "a hash spreads units evenly over its slots",
    "different hashes (of another salt, step or unit) are independent",
];

pub(super) fn run(options: &DiffArgs) -> Result<CommandOutput, CommandError> {
    let files = [
        Some(&*options.old),
        Some(&*options.new),
        options.contexts.as_deref(),
    ];
    super::check_stdin(files.into_iter().flatten())?;
    let comparison = Comparison::new(&super::read(&options.old)?, &super::read(&options.new)?)?;
    let now = super::now(options.now);
    let contexts = options
        .contexts
        .as_deref()
        .map(|name| contexts(&comparison, name, now))
        .transpose()?;
    let impact = Impact {
        now,
        changes: comparison.changes(),
        flags: comparison.flags(now),
        assumptions: ASSUMPTIONS,
        contexts,
    };
    let text = match options.format {
        Format::Text => text(&impact),
        Format::Json => super::json(&impact)?,
    };
    Ok(CommandOutput {
        text,
        is_success: impact.changes.is_empty(),
    })
}

fn contexts(comparison: &Comparison, name: &str, now: Timestamp) -> Result<Contexts, CommandError> {
    let text = super::read(name)?;
    let mut contexts = Contexts {
        read: 0,
        changed: 0,
        changes: Vec::new(),
    };
    for (position, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let number = position.saturating_add(1);
        let context = Context::from_json(line).map_err(|cause| CommandError::Context {
            name: name.to_owned(),
            line: number,
            cause,
        })?;
        let impacts = comparison.context(&context, now);
        contexts.read = contexts.read.saturating_add(1);
        contexts.changed = contexts
            .changed
            .saturating_add(usize::from(!impacts.is_empty()));
        contexts
            .changes
            .extend(impacts.into_iter().map(|impact| Changed {
                line: number,
                targeting_key: context.members().get("targetingKey").cloned(),
                impact,
            }));
    }
    Ok(contexts)
}

// Writing to a String cannot fail, which is what the `let _ =` below rely on.

fn text(impact: &Impact<'_>) -> String {
    if impact.changes.is_empty() {
        return "nothing changes\n".to_owned();
    }
    let mut text = format!("at {}\n\n", impact.now);
    for change in impact.changes {
        write_change(&mut text, change);
    }
    for flag in &impact.flags {
        write_flag(&mut text, flag);
    }
    if impact.flags.iter().any(|flag| !flag.splits.is_empty()) {
        let _ = write!(
            text,
            "\nassuming that {};\n{};\n{}\n",
            ASSUMPTIONS[0], ASSUMPTIONS[1], ASSUMPTIONS[2]
        );
    }
    if let Some(contexts) = &impact.contexts {
        write_contexts(&mut text, contexts);
    }
    text
}

fn write_change(text: &mut String, change: &Change) {
    let shown = |value: &Option<Value>| value.as_ref().map(Value::to_canonical).unwrap_or_default();
    let _ = match change.kind {
        ChangeKind::Added => {
            writeln!(
                text,
                "{} {}: {}",
                good("+"),
                change.pointer,
                shown(&change.after)
            )
        }
        ChangeKind::Removed => {
            writeln!(
                text,
                "{} {}: {}",
                bad("-"),
                change.pointer,
                shown(&change.before)
            )
        }
        ChangeKind::Changed => writeln!(
            text,
            "{} {}: {} -> {}",
            odd("~"),
            change.pointer,
            shown(&change.before),
            shown(&change.after)
        ),
    };
}

fn write_flag(text: &mut String, impact: &FlagImpact) {
    let how = match impact.change {
        FlagChange::Added => "is added",
        FlagChange::Removed => "is removed",
        FlagChange::Changed => "changes",
        FlagChange::Affected => "is affected by what it refers to",
    };
    let health = match (impact.was_broken, impact.is_broken) {
        (Some(true), Some(true)) => ", and is still broken",
        (_, Some(true)) => ", and is broken now",
        (Some(true), Some(false)) => ", and is not broken any more",
        _ => "",
    };
    let _ = writeln!(text, "\nflag {} {how}{health}", impact.flag);
    for split in &impact.splits {
        let place = match (&split.before, &split.after) {
            (Some(old), Some(new)) if old != new => format!("{new} (was {old})"),
            (_, Some(new)) => new.clone(),
            (Some(old), None) => format!("{old} (gone)"),
            (None, None) => String::new(),
        };
        let hashes = match split.hashes {
            0 => "without a hash".to_owned(),
            1 => "by one hash".to_owned(),
            count => format!("by {count} independent hashes"),
        };
        let _ = writeln!(
            text,
            "  {place}: {} of units move, {hashes}",
            percent(split.moved)
        );
        for one in &split.moves {
            let _ = writeln!(
                text,
                "    {} -> {}: {}",
                answer_name(one.before.as_deref()),
                answer_name(one.after.as_deref()),
                percent(one.share)
            );
        }
    }
}

/// A variant, or what stands for none
pub(super) fn answer_name(variant: Option<&str>) -> &str {
    match variant {
        None => "(next)",
        Some("") => "(no variant)",
        Some(name) => name,
    }
}

fn write_contexts(text: &mut String, contexts: &Contexts) {
    let _ = writeln!(
        text,
        "\n{} contexts read, {} get another answer",
        contexts.read, contexts.changed
    );
    // By flag, and how the answer changes.
    let mut ways: BTreeMap<(&Arc<str>, String, String), Vec<&Changed>> = BTreeMap::new();
    for changed in &contexts.changes {
        let impact = &changed.impact;
        let (before, after) = (answer(&impact.before), answer(&impact.after));
        ways.entry((&impact.flag, before, after))
            .or_default()
            .push(changed);
    }
    for ((flag, before, after), changed) in ways {
        let count = changed.len();
        let _ = writeln!(text, "  {flag}: {before} -> {after}: {count} contexts");
        for one in changed.iter().take(EXAMPLES) {
            let key = one.targeting_key.as_ref().map(Value::to_canonical);
            let _ = writeln!(
                text,
                "    line {}{}",
                one.line,
                key.map_or_else(String::new, |key| format!(": {key}"))
            );
        }
        if changed.len() > EXAMPLES {
            let _ = writeln!(text, "    …");
        }
    }
}

fn answer(answer: &Answer) -> String {
    let what = match (&answer.variant, answer.error_code) {
        (Some(variant), _) => format!("{variant} {}", answer.value.to_canonical()),
        (None, code) => code.unwrap_or_default().to_owned(),
    };
    match answer.error_code {
        Some(_) => what,
        None => format!(
            "{what} ({} {})",
            answer.reason,
            super::trace::detail(&answer.detail)
        ),
    }
}
