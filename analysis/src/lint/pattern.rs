//! Whether a pattern can match at all
//!
//! Only certain cases are found: `^` after a part that has a character, `$` before such a part, and an empty class.

use flagstaff_core::inspect::{Look, Node, Pattern, Tree};

/// Whether this pattern matches no text
pub(super) fn never_matches(pattern: &Pattern) -> bool {
    // It compiled, so it can be parsed.
    Tree::parse(&pattern.text).is_ok_and(|tree| facts(&tree, &tree.root).is_impossible)
}

/// What holds for every match of a part
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    // There is no match.
    is_impossible: bool,
    // It has at least one character.
    has_text: bool,
    // It begins where the text begins.
    is_at_start: bool,
    // It ends where the text ends.
    is_at_end: bool,
}

impl Facts {
    const TEXT: Self = Self {
        is_impossible: false,
        has_text: true,
        is_at_start: false,
        is_at_end: false,
    };

    const NOTHING: Self = Self {
        is_impossible: true,
        has_text: true,
        is_at_start: true,
        is_at_end: true,
    };

    /// One part after the other
    fn then(self, next: Self) -> Self {
        let is_torn = (self.has_text && next.is_at_start) || (self.is_at_end && next.has_text);
        Self {
            is_impossible: self.is_impossible || next.is_impossible || is_torn,
            has_text: self.has_text || next.has_text,
            // A part before a start is empty, so the whole begins there too.
            is_at_start: self.is_at_start || next.is_at_start,
            is_at_end: self.is_at_end || next.is_at_end,
        }
    }

    /// Either of two parts; an impossible part is never chosen
    fn or(self, other: Self) -> Self {
        match (self.is_impossible, other.is_impossible) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                is_impossible: false,
                has_text: self.has_text && other.has_text,
                is_at_start: self.is_at_start && other.is_at_start,
                is_at_end: self.is_at_end && other.is_at_end,
            },
        }
    }

    fn at_least(self, times: u16) -> Self {
        match times {
            0 => Self::default(),
            1 => self,
            _ => self.then(self),
        }
    }
}

/// What holds for every match of a part of the pattern
fn facts(tree: &Tree, node: &Node) -> Facts {
    match node {
        Node::Class(class) if tree.is_empty_class(*class) => Facts::NOTHING,
        Node::Character(_) | Node::Class(_) => Facts::TEXT,
        Node::Look(Look::Start) => Facts {
            is_at_start: true,
            ..Facts::default()
        },
        Node::Look(Look::End) => Facts {
            is_at_end: true,
            ..Facts::default()
        },
        Node::Look(Look::Boundary | Look::NoBoundary) => Facts::default(),
        Node::Sequence(nodes) => {
            let nodes = nodes.iter().map(|node| facts(tree, node));
            nodes.fold(Facts::default(), Facts::then)
        }
        Node::Choice(nodes) => {
            let nodes = nodes.iter().map(|node| facts(tree, node));
            nodes.reduce(Facts::or).unwrap_or_default()
        }
        Node::Repeat(node, at_least, _) => facts(tree, node).at_least(*at_least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never_matches(pattern: &str) -> bool {
        let tree = Tree::parse(pattern).unwrap();
        facts(&tree, &tree.root).is_impossible
    }

    #[test]
    fn what_cannot_match_is_found() {
        for pattern in [
            "a^",
            "$a",
            "a+^b",
            "(a|b)^",
            "x(?:^a|^b)",
            "(^a){2}",
            "$(a|b)",
            "[^\\d\\D]",
            "(a^|$b)",
            "a(b$){2,3}",
            "[^\\w\\W]x|a^",
            ".^",
            "\\d^",
        ] {
            assert!(never_matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_may_match_is_left_alone() {
        for pattern in [
            "",
            "^",
            "$",
            "^$",
            "a*^b",
            "$a?",
            "(a^|b)",
            "(^a)*b",
            "(a^)?",
            "(a^){0,3}",
            "^^a$$",
            "(^)+",
            "\\b\\B",
            "[^\\d\\s]",
            "(^a)|b",
            "x?^y",
            "(|a)^",
        ] {
            assert!(!never_matches(pattern), "{pattern}");
        }
    }
}
