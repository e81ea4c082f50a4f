//! How far an evaluation may go from a flag or a segment, which bounds its time and its stack

use super::Effort;
use crate::error::IssueKind;
use crate::limits;

/// How far an evaluation may go from a flag or a segment, itself included
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Flags and segments that it visits
    visits: u32,
    /// Nested flags, segments and conditions, each of which uses stack
    depth: usize,
    /// Size of the patterns that it tries
    pattern_size: u32,
}

impl Reach {
    /// The reach of an object: `effort` is that of its own conditions, and `targets` has for each reference the number of conditions around
    /// it and the reach of its target
    pub(super) fn new(effort: Effort, targets: impl Iterator<Item = (usize, Self)>) -> Self {
        let own = Self {
            visits: 1,
            depth: effort.condition_depth,
            pattern_size: effort.pattern_size,
        };
        let inner = targets.fold(own, |inner, (depth, target)| Self {
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
    pub(crate) fn problem(self) -> Option<IssueKind> {
        if self.visits > limits::MAX_VISITS {
            Some(IssueKind::TooManyVisits)
        } else if self.depth > limits::MAX_EVALUATION_DEPTH {
            Some(IssueKind::EvaluationTooDeep)
        } else if self.pattern_size > limits::MAX_TOTAL_PATTERN_SIZE {
            Some(IssueKind::TooMuchMatching)
        } else {
            None
        }
    }
}
