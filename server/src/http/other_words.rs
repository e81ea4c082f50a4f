//! Words of other systems: if a request uses one, the error names ours

use crate::engine::field_error::FieldError;

/// The names that other systems use for something, and its name here
type Word = (&'static [&'static str], &'static str);

/// The words of other systems for one kind of thing; compared without case, `_` and `-`
#[derive(Debug, Clone, Copy)]
pub(crate) struct OtherWords(&'static [Word]);

/// Of a flag
pub(crate) const FLAG: OtherWords = OtherWords(&[
    (
        &["flagkey", "featurekey", "feature", "flag", "id", "slug"],
        "a flag's key is `key`",
    ),
    (
        &[
            "percentage",
            "percent",
            "rollout",
            "rolloutpercent",
            "percentagerollout",
            "rolloutrate",
            "trafficallocation",
        ],
        "the percentage is `rolloutPercentage`, from 0 to 100",
    ),
    (
        &["isenabled", "active", "isactive", "on", "state", "status"],
        "the switch is `enabled`, `true` or `false`",
    ),
    (
        &["valuetype", "flagtype", "datatype", "variationtype"],
        "the type is `type`: `boolean`, `string`, `number` or `object`",
    ),
    (
        &["variations", "options"],
        "the variants are `variants`, an object from names to values",
    ),
    (
        &["default", "defaultvalue", "defaultvariant", "fallthrough"],
        "what is served where no rule matches is `serve`, what is served while the flag is off is `offVariant`",
    ),
    (
        &["targeting", "strategies", "conditions", "targetingrules"],
        "rules are `rules`: `[{\"when\": CONDITION, \"serve\": VARIANT}]`",
    ),
    (
        &[
            "schedule",
            "expires",
            "expiry",
            "expirationdate",
            "expirydate",
        ],
        "when a flag ends is `expiresAt`",
    ),
]);

/// Of an override
pub(crate) const OVERRIDE: OtherWords = OtherWords(&[
    (
        &[
            "overridetype",
            "type",
            "enabled",
            "override",
            "action",
            "effect",
            "isenabled",
        ],
        "what the context gets is `value`: `\"include\"`, `\"exclude\"`, `{\"variant\": NAME}` or `{\"patch\": OBJECT}`",
    ),
    (
        &[
            "userid",
            "user",
            "targetingkey",
            "entityid",
            "organizationid",
            "orgid",
            "customerid",
            "key",
        ],
        "whose override it is stands in the path, as `…/overrides/user/USER_ID`; in a bulk load it is `level` and `contextKey`",
    ),
    (
        &["variant", "variation"],
        "a variant is named in `value`: `{\"variant\": NAME}`",
    ),
    (&["patch"], "a patch is in `value`: `{\"patch\": OBJECT}`"),
    (
        &["comment", "note", "description", "notes"],
        "why it is made is `reason`",
    ),
]);

/// Of an evaluation
pub(crate) const EVALUATION: OtherWords = OtherWords(&[
    (
        &[
            "flagkey",
            "featurekey",
            "feature",
            "key",
            "flagname",
            "name",
        ],
        "the flag is named by `flag`",
    ),
    (
        &["flagkeys", "features", "keys"],
        "several flags are `flags` of `POST /api/v1/evaluate/batch`; without `flag`, all flags are evaluated",
    ),
    (
        &[
            "userid",
            "user",
            "targetingkey",
            "entityid",
            "customerid",
            "organizationid",
            "attributes",
            "properties",
            "traits",
            "evaluationcontext",
        ],
        "the user is `targetingKey` in `context`, beside the attributes: `{\"context\": {\"targetingKey\": USER_ID}}`",
    ),
    (
        &["defaultvalue", "fallback", "defaultvariant"],
        "the value where a flag answers none is `default`",
    ),
]);

/// Of a query
pub(crate) const QUERY: OtherWords = OtherWords(&[
    (
        &[
            "page",
            "pagenumber",
            "pagesize",
            "perpage",
            "size",
            "offset",
            "skip",
            "count",
            "pagetoken",
            "after",
            "startingafter",
        ],
        "pages have `limit` items, and `cursor` is the `next` of the page before",
    ),
    (
        &["userid", "user", "key", "id", "contextkey"],
        "the key of the user is `targetingKey`",
    ),
    (
        &["q", "query", "filter", "name"],
        "a part of the key is `search`",
    ),
    (
        &["orderby", "order", "sortby"],
        "the order is `sort`, as `-updatedAt,key`",
    ),
    (
        &["env"],
        "the environment is part of the path, or `environment`",
    ),
    (&["to", "end", "before"], "the end of a time is `until`"),
    (&["start", "since"], "the beginning of a time is `from`"),
]);

impl OtherWords {
    /// The name here for a name of another system
    pub(crate) fn hint(&self, name: &str) -> Option<&'static str> {
        let plain: String = name
            .chars()
            .filter(|letter| !matches!(letter, '_' | '-'))
            .flat_map(char::to_lowercase)
            .collect();
        let mut words = self.0.iter();
        let found = words.find(|(names, _)| names.contains(&&*plain));
        found.map(|(_, hint)| *hint)
    }

    /// An error for each of these members, of the object at `root`, that has a name of another system
    pub(crate) fn find<'n>(
        &self,
        root: &str,
        names: impl Iterator<Item = &'n String>,
    ) -> Vec<FieldError> {
        let error = |name: &String| {
            let hint = self.hint(name)?;
            Some(FieldError::new(
                format!("{root}/{name}"),
                format!("unknown field: {hint}"),
            ))
        };
        names.filter_map(error).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_spelled() {
        for name in ["userId", "user_id", "USER-ID", "userid"] {
            assert!(
                EVALUATION
                    .hint(name)
                    .is_some_and(|hint| hint.contains("`targetingKey`")),
                "{name}"
            );
        }
        for (words, name) in [
            (FLAG, "enabled"),
            (FLAG, "rolloutPercentage"),
            (OVERRIDE, "value"),
            (EVALUATION, "flag"),
            (QUERY, "limit"),
        ] {
            assert_eq!(words.hint(name), None, "{name}");
        }
    }
}
