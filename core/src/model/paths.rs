//! The attributes that an evaluation may read

use super::linked::{LinkedFlag, LinkedSegment, Links};
use super::{Condition, Serve, ServeTarget};
use crate::context::path::AttributePath;

impl LinkedFlag {
    /// The paths that its evaluation may read, each once; `None` where there are more than `limit`
    pub(crate) fn paths(&self, limit: usize) -> Option<Box<[AttributePath]>> {
        let mut paths = Paths {
            found: Vec::new(),
            limit,
        };
        paths.flag(self).then(|| paths.found.into())
    }
}

/// Collects paths in the order in which it reaches them
///
/// Each method returns whether to continue. An object to which several objects refer is visited several times; `limits::MAX_VISITS`
/// bounds that, as it does for an evaluation.
#[derive(Debug)]
struct Paths {
    found: Vec<AttributePath>,
    limit: usize,
}

impl Paths {
    fn add(&mut self, path: &AttributePath) -> bool {
        if !self.found.contains(path) {
            self.found.push(path.clone());
        }
        self.found.len() <= self.limit
    }

    fn flag(&mut self, linked: &LinkedFlag) -> bool {
        if linked.constant().is_some() {
            return true;
        }
        let flag = &*linked.flag;
        if flag.admits.is_some() {
            // It may read any of the context.
            return false;
        }
        let mut levels = flag.levels.iter().zip(&linked.overrides);
        levels.all(|(level, list)| list.is_none() || self.add(&level.path))
            && flag.rules.iter().all(|rule| {
                rule.when.iter().all(|condition| self.condition(condition))
                    && self.serve(&rule.serve)
            })
            && self.serve(&flag.serve)
            && self.links(&linked.links)
    }

    fn segment(&mut self, linked: &LinkedSegment) -> bool {
        let mut members = linked.exclude.iter().chain(&linked.include);
        members.all(|(path, _)| self.add(path))
            && (linked.segment.when.iter()).all(|condition| self.condition(condition))
            && self.links(&linked.links)
    }

    fn links(&mut self, links: &Links) -> bool {
        let mut flags = links.flags.iter().flatten();
        flags.all(|reference| self.flag(&reference.target))
            && links.segments.iter().all(|segment| self.segment(segment))
            && links.groups.iter().all(|group| self.add(&group.unit))
            && links.holdouts.iter().all(|holdout| self.add(&holdout.unit))
    }

    fn serve(&mut self, serve: &Serve) -> bool {
        match &serve.choice {
            // It may read any of the context.
            ServeTarget::Vendor(_) => false,
            _ => serve.is_constant() || self.add(&serve.unit),
        }
    }

    fn condition(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::Attribute { path, .. } => self.add(path),
            Condition::All(members) | Condition::Any(members) => {
                members.iter().all(|member| self.condition(member))
            }
            Condition::Not(member) => self.condition(member),
            Condition::Bucket(bucket) => self.add(&bucket.unit),
            // What they refer to is among the links.
            Condition::Segment(_) | Condition::Flag(_) => true,
            // It may read any of the context.
            Condition::Dialect(_) => false,
        }
    }
}
