//! Segments, groups and holdouts that nothing refers to

use std::collections::BTreeSet;

use flagstaff_core::Snapshot;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::object::ObjectKind;

use super::{Code, Findings};

/// Reports what no flag and no segment refers to
pub(super) fn inspect(snapshot: &Snapshot, findings: &mut Findings) {
    let mut used = BTreeSet::new();
    for (_, _, references) in snapshot.references() {
        // What an object that did not compile refers to is not known.
        let Some(references) = references else {
            return;
        };
        let segments = references.segments.iter();
        used.extend(segments.map(|segment| (ObjectKind::Segment, &*segment.key)));
        let groups = references.groups.iter();
        used.extend(groups.map(|group| (ObjectKind::Group, &*group.key)));
        let holdouts = references.holdouts.iter();
        used.extend(holdouts.map(|holdout| (ObjectKind::Holdout, &*holdout.key)));
    }
    for (kind, key, _) in snapshot.references() {
        if kind != ObjectKind::Flag && !used.contains(&(kind, &**key)) {
            let message = format!(
                "no flag and no segment refers to the {} `{key}`",
                kind.as_str()
            );
            findings.add(Code::Unused, pointer_to(kind, key, ""), message);
        }
    }
}
