//! Every member that the language has, the only place that spells them

use crate::hashing::are_same;

macro_rules! names {
    ($($name:ident = $text:literal,)*) => {
        /// The name of a member
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Name {
            $($name,)*
        }

        impl Name {
            const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// The name as a document spells it
            #[inline]
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

impl Name {
    /// How many there are
    pub(crate) const COUNT: usize = Self::ALL.len();

    // Each in a slot of its own.
    #[expect(
        clippy::indexing_slicing,
        reason = "what panics in a constant is an error of the build"
    )]
    const SLOTS: [Option<Self>; 256] = {
        let mut slots = [None; 256];
        let mut all: &[Self] = &Self::ALL;
        while let [name, rest @ ..] = all {
            let slot = &mut slots[slot(name.as_str().as_bytes()) as usize];
            assert!(
                slot.is_none(),
                "two names in one slot: choose other factors"
            );
            *slot = Some(*name);
            all = rest;
        }
        slots
    };

    /// The name that is spelled so
    #[inline]
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let name = Self::SLOTS.get(usize::from(slot(text)))?;
        name.filter(|name| are_same(name.as_str().as_bytes(), text))
    }
}

/// Where a name stands in the table: by its length and three of its letters, with factors for which no two names are in one place
#[inline]
const fn slot(bytes: &[u8]) -> u8 {
    let (_, rest) = bytes.split_at(bytes.len() / 2);
    let ([first, ..], [middle, ..], [.., last]) = (bytes, rest, rest) else {
        return 0;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a part of it tells names apart"
    )]
    let length = bytes.len() as u8;
    length
        .wrapping_mul(4)
        .wrapping_add(first.wrapping_mul(5))
        .wrapping_add(middle.wrapping_mul(10))
        .wrapping_add(*last)
}

names! {
    Algorithm = "algorithm",
    All = "all",
    Any = "any",
    Arms = "arms",
    Array = "array",
    At = "at",
    Attribute = "attribute",
    Bucket = "bucket",
    ClientSide = "clientSide",
    Description = "description",
    Enabled = "enabled",
    Entry = "entry",
    Environment = "environment",
    EnvironmentPatch = "environmentPatch",
    Exclude = "exclude",
    Experiment = "experiment",
    ExpiresAt = "expiresAt",
    Flag = "flag",
    Flags = "flags",
    From = "from",
    End = "end",
    Group = "group",
    Groups = "groups",
    Hash = "hash",
    Holdout = "holdout",
    Holdouts = "holdouts",
    Id = "id",
    IgnoreCase = "ignoreCase",
    Include = "include",
    Intent = "intent",
    Key = "key",
    Kind = "kind",
    Levels = "levels",
    Metadata = "metadata",
    Needs = "needs",
    Not = "not",
    Object = "object",
    OffVariant = "offVariant",
    OnMissing = "onMissing",
    OnVariant = "onVariant",
    Op = "op",
    Overrides = "overrides",
    Percent = "percent",
    Prerequisites = "prerequisites",
    Reason = "reason",
    RetryAfterMs = "retryAfterMs",
    Revision = "revision",
    Rollout = "rollout",
    Rules = "rules",
    Salt = "salt",
    SchemaVersion = "schemaVersion",
    Segment = "segment",
    Segments = "segments",
    Serve = "serve",
    Slice = "slice",
    Start = "start",
    Steps = "steps",
    Type = "type",
    Unit = "unit",
    Until = "until",
    Value = "value",
    Values = "values",
    Variant = "variant",
    Variants = "variants",
    Version = "version",
    Weight = "weight",
    When = "when",
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn each_name_is_found_by_its_text_and_nothing_else_is() {
        for name in Name::ALL {
            assert_eq!(Name::parse(name.as_str().as_bytes()), Some(name));
            assert_eq!(Name::parse(name.as_str().to_uppercase().as_bytes()), None);
        }
        assert_eq!(Name::parse(b""), None);
    }
}
