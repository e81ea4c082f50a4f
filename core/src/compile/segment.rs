//! Segments, exclusion groups and holdouts

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use serde::Deserializer;

use super::{Compiled, Compiler};
use crate::bucket;
use crate::model::{Group, Holdout, Segment};
use crate::object::ObjectKind;
use crate::wire::{GroupWire, HoldoutWire, IdsWire, SegmentWire};

/// A segment and the lists that its document holds inline
pub(crate) struct SegmentParts {
    pub(crate) compiled: Compiled<Segment>,
    pub(crate) include: BTreeMap<Arc<str>, IdsWire>,
    pub(crate) exclude: BTreeMap<Arc<str>, IdsWire>,
}

/// Compiles the segment `key` from its JSON, of which `fingerprint` is the hash
pub(crate) fn segment<'de, D: Deserializer<'de> + Copy>(
    key: &Arc<str>,
    fingerprint: u64,
    deserializer: D,
) -> SegmentParts
where
    D::Error: Display,
{
    let mut compiler = Compiler::new(ObjectKind::Segment, key);
    let Some(wire) = compiler.read::<SegmentWire, D>(deserializer) else {
        return SegmentParts {
            compiled: compiler.finish(None),
            include: BTreeMap::new(),
            exclude: BTreeMap::new(),
        };
    };
    compiler.key();
    let when = match (compiler.needs(wire.needs), wire.when) {
        (None, _) => None,
        (Some(()), None) => Some(None),
        (Some(()), Some(condition)) => compiler
            .within("when", |compiler| compiler.condition(condition, 1))
            .map(Some),
    };
    let references = std::mem::take(&mut compiler.references);
    let segment = when.map(|when| Segment {
        fingerprint,
        when,
        references,
    });
    SegmentParts {
        compiled: compiler.finish(segment),
        include: wire.include,
        exclude: wire.exclude,
    }
}

/// Compiles the exclusion group `key`; its step is `slice`
pub(crate) fn group<'de, D: Deserializer<'de> + Copy>(
    key: &Arc<str>,
    fingerprint: u64,
    deserializer: D,
) -> Compiled<Group>
where
    D::Error: Display,
{
    let mut compiler = Compiler::new(ObjectKind::Group, key);
    let wire = compiler.read::<GroupWire, D>(deserializer);
    compiler.key();
    let group = wire.and_then(|wire| {
        compiler.within("salt", |compiler| compiler.name(&wire.salt));
        let unit = compiler.within("unit", |compiler| compiler.unit(wire.unit.as_deref()));
        Some(Group {
            fingerprint,
            seed: bucket::step_seed(&wire.salt, bucket::Step::Slice),
            unit: unit?,
        })
    });
    compiler.finish(group)
}

/// Compiles the holdout `key`; its step is `holdout`
pub(crate) fn holdout<'de, D: Deserializer<'de> + Copy>(
    key: &Arc<str>,
    fingerprint: u64,
    deserializer: D,
) -> Compiled<Holdout>
where
    D::Error: Display,
{
    let mut compiler = Compiler::new(ObjectKind::Holdout, key);
    let wire = compiler.read::<HoldoutWire, D>(deserializer);
    compiler.key();
    let holdout = wire.and_then(|wire| {
        compiler.within("salt", |compiler| compiler.name(&wire.salt));
        let end = compiler.within("percent", |compiler| compiler.percent(wire.percent));
        let unit = compiler.within("unit", |compiler| compiler.unit(wire.unit.as_deref()));
        Some(Holdout {
            fingerprint,
            seed: bucket::step_seed(&wire.salt, bucket::Step::Holdout),
            end: end?,
            unit: unit?,
        })
    });
    compiler.finish(holdout)
}
