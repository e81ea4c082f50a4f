//! Sets of characters

/// The characters above ASCII, as code points
const NOT_ASCII: (u32, u32) = (0x80, 0x0010_ffff);

/// A set of characters: ASCII by bits, the rest by ranges
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Class {
    ascii: u128,
    // INVARIANT: ascending and disjoint; beyond ASCII.
    ranges: Box<[(u32, u32)]>,
}

impl Class {
    #[inline]
    pub(super) fn has(&self, character: char) -> bool {
        let code = u32::from(character);
        if code < NOT_ASCII.0 {
            return self.ascii >> code & 1 == 1;
        }
        let next = self.ranges.partition_point(|(_, last)| *last < code);
        self.ranges
            .get(next)
            .is_some_and(|(first, _)| *first <= code)
    }

    /// Whether no character is in it
    pub(super) fn is_empty(&self) -> bool {
        self.ascii == 0 && self.ranges.is_empty()
    }
}

/// Collects the members of a class
#[derive(Debug, Default)]
pub(super) struct ClassBuilder {
    ascii: u128,
    // In order; a pattern is too short for so many that inserting one would cost much.
    ranges: Vec<(u32, u32)>,
}

impl ClassBuilder {
    /// Adds the characters from `first` to `last`
    pub(super) fn range(&mut self, first: char, last: char) {
        let (first, last) = (u32::from(first), u32::from(last));
        for code in first..=last.min(0x7f) {
            self.ascii |= 1 << code;
        }
        if last >= NOT_ASCII.0 {
            self.insert((first.max(NOT_ASCII.0), last));
        }
    }

    /// Adds what the letter after a backslash stands for: `d`, `w` or `s`, or a capital for all other characters
    pub(super) fn escape(&mut self, letter: char) {
        let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
            'd' => &[('0', '9')],
            'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            _ => &[('\t', '\r'), (' ', ' ')],
        };
        let mut set = Self::default();
        for (first, last) in ranges {
            set.range(*first, *last);
        }
        if letter.is_ascii_uppercase() {
            self.ascii |= !set.ascii;
            self.insert(NOT_ASCII);
        } else {
            self.ascii |= set.ascii;
        }
    }

    fn insert(&mut self, range: (u32, u32)) {
        let place = self.ranges.partition_point(|other| *other < range);
        self.ranges.insert(place, range);
    }

    pub(super) fn build(self, is_negated: bool) -> Class {
        let mut ranges: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges {
            match ranges.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => ranges.push((first, last)),
            }
        }
        if !is_negated {
            return Class {
                ascii: self.ascii,
                ranges: ranges.into(),
            };
        }
        let mut others = Vec::with_capacity(ranges.len().saturating_add(1));
        let mut next = NOT_ASCII.0;
        for (first, last) in ranges {
            if next < first {
                others.push((next, first.saturating_sub(1)));
            }
            next = last.saturating_add(1);
        }
        if next <= NOT_ASCII.1 {
            others.push((next, NOT_ASCII.1));
        }
        Class {
            ascii: !self.ascii,
            ranges: others.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_class_has_what_its_ranges_say_and_its_negation_the_rest(
            ranges in prop::collection::vec(any::<(char, char)>(), 0..6),
            escapes in prop::collection::vec(prop::sample::select(vec!['d', 'D', 'w', 'W', 's', 'S']), 0..2),
            others in prop::collection::vec(any::<char>(), 8),
        ) {
            let build = |is_negated| {
                let mut builder = ClassBuilder::default();
                for (a, b) in &ranges {
                    builder.range(*a.min(b), *a.max(b));
                }
                for letter in &escapes {
                    builder.escape(*letter);
                }
                builder.build(is_negated)
            };
            let is_in_escape = |letter: &char, character: char| {
                let is_in = match letter.to_ascii_lowercase() {
                    'd' => character.is_ascii_digit(),
                    'w' => character.is_ascii_alphanumeric() || character == '_',
                    _ => matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'),
                };
                is_in != letter.is_ascii_uppercase()
            };
            let (class, negated) = (build(false), build(true));
            let ends = ranges.iter().flat_map(|(a, b)| [*a, *b]);
            let ascii = (0..=0x7f_u8).map(char::from);
            for character in ends.chain(ascii).chain(others.iter().copied()) {
                let expected = ranges.iter().any(|(a, b)| (a.min(b)..=a.max(b)).contains(&&character))
                    || escapes.iter().any(|letter| is_in_escape(letter, character));
                prop_assert_eq!(class.has(character), expected, "{:?}", character);
                prop_assert_eq!(negated.has(character), !expected, "{:?}", character);
            }
        }
    }
}
