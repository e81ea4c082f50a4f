//! Segments, groups and holdouts that nothing refers to

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Code, Findings};
use crate::compile::pointer_to;
use crate::environment::Environment;
use crate::model::References;
use crate::object::ObjectKind;

/// Reports what no flag and no segment refers to
pub(super) fn inspect(environment: &Environment, findings: &mut Findings) {
    // What an object that did not compile refers to is not known.
    let Some(all) = references(environment) else {
        return;
    };
    let segments = all.iter().flat_map(|references| &references.segments);
    let groups = all.iter().flat_map(|references| &references.groups);
    let holdouts = all.iter().flat_map(|references| &references.holdouts);
    let (segments, groups, holdouts): (BTreeSet<&str>, BTreeSet<&str>, BTreeSet<&str>) = (
        segments.map(|reference| &*reference.key).collect(),
        groups.map(|reference| &*reference.key).collect(),
        holdouts.map(|reference| &*reference.key).collect(),
    );
    report(
        environment.segments.keys(),
        &segments,
        ObjectKind::Segment,
        findings,
    );
    report(
        environment.groups.keys(),
        &groups,
        ObjectKind::Group,
        findings,
    );
    report(
        environment.holdouts.keys(),
        &holdouts,
        ObjectKind::Holdout,
        findings,
    );
}

fn references(environment: &Environment) -> Option<Vec<&References>> {
    let flags = environment
        .flags
        .values()
        .map(|flag| flag.as_ref().ok().map(|flag| &*flag.references));
    let segments = environment
        .segments
        .values()
        .map(|segment| segment.as_ref().ok().map(|segment| &*segment.references));
    flags.chain(segments).collect()
}

fn report<'e>(
    keys: impl Iterator<Item = &'e Arc<str>>,
    used: &BTreeSet<&str>,
    kind: ObjectKind,
    findings: &mut Findings,
) {
    for key in keys.filter(|key| !used.contains(&***key)) {
        let message = format!(
            "no flag and no segment refers to the {} `{key}`",
            kind.as_str()
        );
        findings.add(Code::Unused, pointer_to(kind, key, ""), message);
    }
}
