//! The syntax tree of a pattern

/// A part of a pattern
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A character
    Character(char),
    /// A class, by its position among those of the pattern
    Class(u16),
    /// A condition on the place between two characters
    Look(Look),
    /// The parts one after the other
    Sequence(Box<[Node]>),
    /// Any of the parts
    Choice(Box<[Node]>),
    /// A part, how often it is repeated at least, and how often at most
    Repeat(Box<Node>, u16, Option<u16>),
}

/// An assertion about the place between two characters
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`
    Boundary,
    /// `\B`
    NoBoundary,
}

impl Node {
    /// The parts one after the other
    pub(super) fn sequence(mut nodes: Vec<Self>) -> Self {
        match (nodes.len(), nodes.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                nodes.extend(last);
                Self::Sequence(nodes.into())
            }
        }
    }

    /// Any of the parts
    pub(super) fn choice(mut nodes: Vec<Self>) -> Self {
        match (nodes.len(), nodes.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                nodes.extend(last);
                Self::Choice(nodes.into())
            }
        }
    }

    pub(super) fn repeated(self, at_least: u16, at_most: Option<u16>) -> Self {
        let is_one = |at_least: u16, at_most: Option<u16>| {
            at_least <= 1 && at_most.is_none_or(|at_most| at_most == 1)
        };
        match self {
            _ if at_most == Some(0) => Self::Sequence(Box::default()),
            node if (at_least, at_most) == (1, Some(1)) => node,
            // `(x+)?` is `x*`: repetitions that do not multiply the size do not pile up, and so the size bounds the program.
            Self::Repeat(node, least, most) if is_one(at_least, at_most) && is_one(least, most) => {
                Self::Repeat(node, at_least.min(least), at_most.and(most))
            }
            node => Self::Repeat(Box::new(node), at_least, at_most),
        }
    }
}
