//! The names of all fields of the language; no other file spells them

macro_rules! names {
    ($($name:ident = $text:literal,)*) => {
        /// The name of a field
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

            /// The name with this spelling
            #[inline]
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

impl Name {
    /// The number of names
    pub(crate) const COUNT: usize = Self::ALL.len();
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
    Dialect = "dialect",
    Enabled = "enabled",
    Entry = "entry",
    Environment = "environment",
    EnvironmentPatch = "environmentPatch",
    Exclude = "exclude",
    Experiment = "experiment",
    ExpiresAt = "expiresAt",
    Expression = "expression",
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
    Parameters = "parameters",
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
            assert_eq!(Name::parse(name.as_str()), Some(name));
            assert_eq!(Name::parse(&name.as_str().to_uppercase()), None);
        }
        assert_eq!(Name::parse(""), None);
    }
}
