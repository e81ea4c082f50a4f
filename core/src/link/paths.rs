//! The attributes that an evaluation may read

use super::{LinkedFlag, LinkedSegment, Links};
use crate::model::{Condition, Serve};
use crate::path::AttributePath;

impl LinkedFlag {
    /// The paths that its evaluation may read, each once; `None` where there are more than `limit`
    pub(crate) fn paths(&self, limit: usize) -> Option<Box<[AttributePath]>> {
        let mut paths = Paths::default();
        paths.flag(self);
        (paths.0.len() <= limit).then(|| paths.0.into())
    }
}

/// In the order in which they are met
///
/// What several objects refer to is visited several times; `limits::VISITS` bounds that, as it does for an evaluation.
#[derive(Debug, Default)]
struct Paths(Vec<AttributePath>);

impl Paths {
    fn add(&mut self, path: &AttributePath) {
        if !self.0.contains(path) {
            self.0.push(path.clone());
        }
    }

    fn flag(&mut self, linked: &LinkedFlag) {
        if linked.constant().is_some() {
            return;
        }
        let flag = &*linked.flag;
        let levels = flag.levels.iter().zip(&linked.overrides);
        for (level, _) in levels.filter(|(_, list)| list.is_some()) {
            self.add(&level.path);
        }
        for rule in &flag.rules {
            if let Some(condition) = &rule.when {
                self.condition(condition);
            }
            self.serve(&rule.serve);
        }
        self.serve(&flag.serve);
        self.links(&linked.links);
    }

    fn segment(&mut self, linked: &LinkedSegment) {
        for (path, _) in linked.exclude.iter().chain(&linked.include) {
            self.add(path);
        }
        if let Some(condition) = &linked.segment.when {
            self.condition(condition);
        }
        self.links(&linked.links);
    }

    fn links(&mut self, links: &Links) {
        for reference in links.flags.iter().flatten() {
            self.flag(&reference.target);
        }
        for segment in &links.segments {
            self.segment(segment);
        }
        for group in &links.groups {
            self.add(&group.unit);
        }
        for holdout in &links.holdouts {
            self.add(&holdout.unit);
        }
    }

    fn serve(&mut self, serve: &Serve) {
        if !serve.is_constant() {
            self.add(&serve.unit);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Attribute { path, .. } => self.add(path),
            Condition::All(members) | Condition::Any(members) => {
                for member in members {
                    self.condition(member);
                }
            }
            Condition::Not(member) => self.condition(member),
            Condition::Bucket(bucket) => self.add(&bucket.unit),
            // What they refer to is among the links.
            Condition::Segment(_) | Condition::Flag(_) => {}
        }
    }
}
