//! Segments, exclusion groups and holdouts

use std::sync::Arc;

use super::{CompileSession, Compiled, Compiler};
use crate::bucket;
use crate::document::object::ObjectKind;
use crate::document::schemas;
use crate::json::names::Name;
use crate::json::{Json, Source};
use crate::lists::Ids;
use crate::model::{Group, Holdout, Segment};

/// A segment and the lists that its document holds inline, by context kind
pub(crate) struct SegmentParts {
    pub(crate) compiled: Compiled<Segment>,
    pub(crate) include: Vec<(Arc<str>, Ids)>,
    pub(crate) exclude: Vec<(Arc<str>, Ids)>,
}

/// Compiles the segment `key` from its JSON, of which `fingerprint` is the hash
pub(crate) fn segment(
    key: &Arc<str>,
    fingerprint: u64,
    source: Source<'_>,
    session: &mut CompileSession,
) -> SegmentParts {
    let kind = ObjectKind::Segment;
    let (mut compiler, json) = Compiler::read(kind, key, source, &schemas::SEGMENT, session);
    let Some(json) = json else {
        return SegmentParts {
            compiled: compiler.finish(None),
            include: Vec::new(),
            exclude: Vec::new(),
        };
    };
    compiler.key();
    let when = match (compiler.needs(json), json.get(Name::When)) {
        (None, _) => None,
        (Some(()), None) => Some(None),
        (Some(()), Some(condition)) => compiler
            .within(Name::When, |compiler| compiler.condition(condition, 1))
            .map(Some),
    };
    let references = std::mem::take(&mut compiler.references).into();
    let segment = when.map(|when| Segment {
        fingerprint,
        when,
        effort: compiler.effort,
        clock: std::mem::take(&mut compiler.clock).into(),
        references,
    });
    let include = compiler.lists(json.get(Name::Include));
    let exclude = compiler.lists(json.get(Name::Exclude));
    SegmentParts {
        compiled: compiler.finish(segment),
        include,
        exclude,
    }
}

/// Compiles the exclusion group `key`; its stage is `slice`
pub(crate) fn group(
    key: &Arc<str>,
    fingerprint: u64,
    source: Source<'_>,
    session: &mut CompileSession,
) -> Compiled<Group> {
    let (mut compiler, json) =
        Compiler::read(ObjectKind::Group, key, source, &schemas::GROUP, session);
    compiler.key();
    let group = json.and_then(|json| {
        let seed = compiler.seed(json, bucket::ServeStage::Slice);
        Some(Group {
            fingerprint,
            seed,
            unit: compiler.unit(json)?,
        })
    });
    compiler.finish(group)
}

/// Compiles the holdout `key`; its stage is `holdout`
pub(crate) fn holdout(
    key: &Arc<str>,
    fingerprint: u64,
    source: Source<'_>,
    session: &mut CompileSession,
) -> Compiled<Holdout> {
    let (mut compiler, json) =
        Compiler::read(ObjectKind::Holdout, key, source, &schemas::HOLDOUT, session);
    compiler.key();
    let holdout = json.and_then(|json| {
        let seed = compiler.seed(json, bucket::ServeStage::Holdout);
        let end = compiler.percent_of(json, Name::Percent);
        let unit = compiler.unit(json);
        Some(Holdout {
            fingerprint,
            seed,
            end: end?,
            unit: unit?,
        })
    });
    compiler.finish(holdout)
}

impl Compiler<'_> {
    /// Lists of ids by context kind
    fn lists(&mut self, by_kind: Option<Json<'_>>) -> Vec<(Arc<str>, Ids)> {
        let lists = by_kind.map(Json::entries).unwrap_or_default();
        let list = |(kind, ids): (&str, Json<'_>)| {
            let mut list = Ids::default();
            for id in ids.elements() {
                list.put(id.text().unwrap_or_default());
            }
            (self.interner.text(kind), list)
        };
        lists.into_iter().map(list).collect()
    }

    /// The seed of a stage under an object's own salt
    fn seed(&mut self, json: Json<'_>, step: bucket::ServeStage) -> u32 {
        let salt = json
            .get(Name::Salt)
            .and_then(Json::text)
            .unwrap_or_default();
        self.within(Name::Salt, |compiler| compiler.name(salt));
        bucket::stage_seed(salt, step)
    }
}
