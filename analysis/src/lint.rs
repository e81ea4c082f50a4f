//! Static analysis: what is wrong or suspicious in a document, without evaluating it for a context
//!
//! ```text
//! text ─┬─ as text ─────────────────────────► repeated names, numbers that are rounded
//!       └─ Snapshot ─┬─ issues ─────────────► errors
//!                    └─ flags and segments ─► conditions as formulas ─► what never holds, and what always holds
//! ```
//!
//! A finding is never wrong: no context reaches an `unreachable-rule` at any time, and a `dead-variant` is never served. What is not
//! certain is not reported. Nothing here takes part in an evaluation.

mod attribute;
mod condition;
mod declared;
mod flag;
mod forms;
mod formula;
mod pattern;
mod sets;
mod strings;
mod text;
mod unused;
mod variants;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

pub use text::Position;

use flagstaff_core::Context;
use flagstaff_core::Snapshot;
use flagstaff_core::SnapshotError;
use flagstaff_core::Timestamp;
use flagstaff_core::inspect::Condition;
use flagstaff_core::inspect::LinkedFlag;
use flagstaff_core::inspect::LinkedSegment;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::object::ObjectKind;

/// The severity of a finding
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// An object is broken and is not served
    Error,
    /// A part of a flag has another effect than it seems to have
    Warning,
    /// Something could be removed or simplified
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which kind of finding it is; the names are stable
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// `broken`: it does not compile
    Broken,
    /// `duplicate-key`: a name appears twice in one object
    DuplicateKey,
    /// `rounded-number`: an integer that is not exact as a double
    RoundedNumber,
    /// `unreachable-rule`: a rule that serves no context
    UnreachableRule,
    /// `never-true`: a condition that holds for no context
    NeverTrue,
    /// `always-true`: a condition that holds for every context
    AlwaysTrue,
    /// `only-arrays`: a condition that holds for no single value, only for arrays
    OnlyArrays,
    /// `dead-pattern`: a pattern that matches no text
    DeadPattern,
    /// `never-met`: a prerequisite that is met for no context
    NeverMet,
    /// `dead-variant`: a variant that nobody can be served
    DeadVariant,
    /// `serves-nobody`: a rollout of 0
    ServesNobody,
    /// `useless-on-missing`: `onMissing` in a serve that reads no unit
    UselessOnMissing,
    /// `declines-without-unit`: a serve that hashes a unit and has no `onMissing` for contexts without the unit
    DeclinesWithoutUnit,
    /// `expired`: a flag whose `expiresAt` has passed
    Expired,
    /// `window-past`: a rule whose `until` has passed
    WindowPast,
    /// `missing-unit`: a hash of a unit that the declared context lacks
    MissingUnit,
    /// `undeclared-attribute`: a test of an attribute that the declared context lacks
    UndeclaredAttribute,
    /// `wrong-type`: a test that matches no value of the type that the declared context has
    WrongType,
    /// `unused`: a segment, group or holdout that nothing refers to
    Unused,
}

impl Code {
    /// Its name, as `unreachable-rule`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::DuplicateKey => "duplicate-key",
            Self::RoundedNumber => "rounded-number",
            Self::UnreachableRule => "unreachable-rule",
            Self::NeverTrue => "never-true",
            Self::AlwaysTrue => "always-true",
            Self::OnlyArrays => "only-arrays",
            Self::DeadPattern => "dead-pattern",
            Self::NeverMet => "never-met",
            Self::DeadVariant => "dead-variant",
            Self::ServesNobody => "serves-nobody",
            Self::UselessOnMissing => "useless-on-missing",
            Self::DeclinesWithoutUnit => "declines-without-unit",
            Self::Expired => "expired",
            Self::WindowPast => "window-past",
            Self::MissingUnit => "missing-unit",
            Self::UndeclaredAttribute => "undeclared-attribute",
            Self::WrongType => "wrong-type",
            Self::Unused => "unused",
        }
    }

    /// The severity of every finding of this kind
    pub const fn severity(self) -> Severity {
        match self {
            Self::Broken => Severity::Error,
            Self::ServesNobody
            | Self::UselessOnMissing
            | Self::DeclinesWithoutUnit
            | Self::WindowPast
            | Self::Unused => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// What to do about it
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Broken => {
                "until this is fixed, neither the object nor what refers to it is served"
            }
            Self::DuplicateKey => "keep one; of several, at most the last counts",
            Self::RoundedNumber => "write large ids as strings",
            Self::UnreachableRule => {
                "remove the rule, or move it before the rules that match its contexts"
            }
            Self::NeverTrue => "remove it, or change its literals; use `any` for alternatives",
            Self::AlwaysTrue => "remove the condition if every context is meant",
            Self::OnlyArrays => "use `any` for alternatives; keep it if the attribute is an array",
            Self::DeadPattern => "`^` belongs to the beginning of a pattern and `$` to its end",
            Self::NeverMet => {
                "remove the prerequisite, or name a variant that the flag serves while it is on"
            }
            Self::DeadVariant => "remove the variant, or serve it",
            Self::ServesNobody => "remove the serve, or raise its rollout",
            Self::UselessOnMissing => "remove `onMissing`",
            Self::DeclinesWithoutUnit => {
                "add `onMissing` (`withoutUser` in the API) to serve contexts without the unit; leave it if there are none"
            }
            Self::Expired => "remove the flag and the code that evaluates it",
            Self::WindowPast => "remove the rule",
            Self::MissingUnit => "send the unit, hash another one, or add `onMissing`",
            Self::UndeclaredAttribute => "send the attribute, or correct its name",
            Self::WrongType => "compare with literals of the attribute's type",
            Self::Unused => "remove it",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What is wrong or suspicious, and where
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is
    pub severity: Severity,
    /// Which kind it is
    pub code: Code,
    /// A JSON pointer into the document
    pub pointer: String,
    /// A description
    pub message: String,
    /// What to do about it
    pub hint: &'static str,
    /// The position of the value at the pointer, or of the innermost part of the pointer that exists
    pub position: Option<Position>,
}

/// What is known besides the document
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'o> {
    /// The current time; without it nothing is reported that depends on the time
    pub now: Option<Timestamp>,
    /// A context with every attribute that callers send; without it nothing is reported about units and attributes
    pub declared: Option<&'o Context>,
}

/// Analyses the text of a document; the findings are in the order of the text
///
/// A document that is refused whole has no findings but this error.
pub fn lint(document: &str, options: Options<'_>) -> Result<Vec<Finding>, SnapshotError> {
    let snapshot = Snapshot::from_json(document)?;
    let mut findings = Findings::default();
    text::inspect(document, &mut findings);
    for issue in snapshot.issues() {
        let message = issue.kind.to_string();
        findings.add(Code::Broken, issue.pointer.clone(), message);
    }
    let mut segments = BTreeSet::new();
    for linked in snapshot.linked_flags().filter_map(|(_, linked)| linked) {
        inspect_flag(linked, options, &mut findings);
        for segment in &linked.links().segments {
            inspect_segment(segment, options.declared, &mut segments, &mut findings);
        }
    }
    unused::inspect(&snapshot, &mut findings);
    Ok(findings.located(document))
}

/// Analyses one flag of a compiled document; the findings have no position, and are in the order of their pointers
///
/// The errors of a flag that does not compile are in the issues of the snapshot.
pub fn lint_flag(snapshot: &Snapshot, key: &str, options: Options<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Some((_, Some(linked))) = snapshot.linked_flag(key) {
        inspect_flag(linked, options, &mut findings);
    }
    let Findings(mut found) = findings;
    found.sort_by(|a, b| (&a.pointer, a.code).cmp(&(&b.pointer, b.code)));
    found
}

fn inspect_flag(linked: &LinkedFlag, options: Options<'_>, findings: &mut Findings) {
    flag::inspect(linked, options.now, findings);
    match options.declared {
        Some(declared) => declared::inspect_flag(linked, declared, findings),
        // Whether callers send the unit is not known.
        None => flag::inspect_units(linked, findings),
    }
}

/// Reports findings about a segment that a flag refers to, and about the segments that it refers to, each once
fn inspect_segment<'s>(
    linked: &'s LinkedSegment,
    declared: Option<&Context>,
    seen: &mut BTreeSet<&'s str>,
    findings: &mut Findings,
) {
    if !seen.insert(&linked.key) {
        return;
    }
    if let Some(when) = &linked.segment.when {
        condition::inspect(
            when,
            linked.links(),
            &pointer_to(ObjectKind::Segment, &linked.key, "/when"),
            findings,
        );
    }
    if let Some(declared) = declared {
        declared::inspect_segment(linked, declared, findings);
    }
    for segment in &linked.links().segments {
        inspect_segment(segment, declared, seen, findings);
    }
}

/// The conditions inside a condition at `pointer`, each with its pointer
fn parts<'c>(condition: &'c Condition, pointer: &str) -> Vec<(String, &'c Condition)> {
    let each = |name: &str, members: &'c [Condition]| {
        let place = |(position, member)| (format!("{pointer}/{name}/{position}"), member);
        members.iter().enumerate().map(place).collect()
    };
    match condition {
        Condition::All(members) => each("all", members),
        Condition::Any(members) => each("any", members),
        Condition::Not(member) => vec![(format!("{pointer}/not"), &**member)],
        Condition::Attribute { .. }
        | Condition::Segment(_)
        | Condition::Flag(_)
        | Condition::Bucket(_)
        | Condition::Dialect(_) => Vec::new(),
    }
}

/// Collects findings
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: Code, pointer: String, message: String) {
        self.0.push(Finding {
            severity: code.severity(),
            code,
            pointer,
            message,
            hint: code.hint(),
            position: None,
        });
    }

    /// The findings with their positions, in the order of the text
    fn located(mut self, document: &str) -> Vec<Finding> {
        let pointers: BTreeSet<&str> = self
            .0
            .iter()
            .flat_map(|finding| prefixes(&finding.pointer))
            .collect();
        let positions = text::positions(document, &pointers);
        for finding in &mut self.0 {
            finding.position =
                prefixes(&finding.pointer).find_map(|pointer| positions.get(pointer).copied());
        }
        self.0.sort_by(|a, b| {
            (a.position, &a.pointer, a.code).cmp(&(b.position, &b.pointer, b.code))
        });
        self.0
    }
}

/// A pointer, and the pointers of everything around it
fn prefixes(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |pointer| {
        pointer.rsplit_once('/').map(|(outer, _)| outer)
    })
}
