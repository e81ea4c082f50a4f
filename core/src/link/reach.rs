//! How far an evaluation may go from a flag or a segment, which bounds its time and its stack

use super::Links;
use crate::error::Problem;
use crate::limits;
use crate::model::{Effort, References};

/// How far an evaluation may go from a flag or a segment, itself included
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Flags and segments that it visits
    visits: u32,
    /// Flags, segments and conditions inside one another, each of which takes a piece of the stack
    depth: usize,
    /// Size of the patterns that it tries
    pattern_size: u32,
}

impl Reach {
    /// Of an object whose conditions take so much by themselves
    pub(super) fn new(references: &References, links: &Links, effort: Effort) -> Self {
        let flags = references.flags.iter().zip(&links.flags);
        let flags = flags.filter_map(|(reference, link)| {
            Some((reference.target.depth, link.as_ref()?.target.reach))
        });
        let segments = references.segments.iter().zip(&links.segments);
        let segments = segments.map(|(reference, segment)| (reference.depth, segment.reach));
        let own = Self {
            visits: 1,
            depth: effort.condition_depth,
            pattern_size: effort.pattern_size,
        };
        let inner = flags
            .chain(segments)
            .fold(own, |inner, (depth, target)| Self {
                visits: inner.visits.saturating_add(target.visits),
                depth: inner.depth.max(depth.saturating_add(target.depth)),
                pattern_size: inner.pattern_size.saturating_add(target.pattern_size),
            });
        Self {
            depth: inner.depth.saturating_add(1),
            ..inner
        }
    }

    /// Why the object cannot be evaluated
    pub(super) fn problem(self) -> Option<Problem> {
        if self.visits > limits::VISITS {
            Some(Problem::TooManyVisits)
        } else if self.depth > limits::EVALUATION_DEPTH {
            Some(Problem::EvaluationTooDeep)
        } else if self.pattern_size > limits::MAX_TOTAL_PATTERN_SIZE {
            Some(Problem::TooMuchMatching)
        } else {
            None
        }
    }
}
