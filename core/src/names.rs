//! Every member that the language has, the only place that spells them

macro_rules! names {
    ($($name:ident = $text:literal,)*) => {
        /// The name of a member
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Name {
            $($name,)*
        }

        impl Name {
            /// The name as a document spells it
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
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
