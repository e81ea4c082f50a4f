//! The key of the user under another name than `targetingKey`

use std::borrow::Cow;

use super::path::{AttributePath, TARGETING_KEY};
use super::{Attribute, Attributes, Context, ContextError};
use crate::value::Value;

/// Names of the user's key in other systems
const OTHER_NAMES: [&str; 6] = [
    "userId",
    "user_id",
    "customerId",
    "customer_id",
    "targeting_key",
    "key",
];

/// A message if a context has no `targetingKey`, but an attribute with a name that other systems use for the user's key
pub fn user_key_hint<A: Attributes + ?Sized>(context: &A) -> Option<String> {
    let is_there = |path: &AttributePath| !context.attribute(path).is_missing_or_null();
    if context.validate().is_err() || is_there(&AttributePath::of_kind("user")) {
        return None;
    }
    let is_named = |name: &&str| AttributePath::parse(name).is_ok_and(|path| is_there(&path));
    let name = OTHER_NAMES.into_iter().find(is_named)?;
    Some(format!(
        "the context names no user, so that rollouts and overrides of users do not apply: the user's key is `targetingKey`; \
         `{name}` is an attribute like any other"
    ))
}

/// A context in which an attribute is the key of the user if there is no `targetingKey`
#[derive(Debug)]
pub struct WithUserKey<'c, A: ?Sized> {
    context: &'c A,
    attribute: &'c AttributePath,
}

impl<'c, A: ?Sized> WithUserKey<'c, A> {
    /// The context whose user has the key at `attribute`
    pub const fn new(context: &'c A, attribute: &'c AttributePath) -> Self {
        Self { context, attribute }
    }
}

impl<A: Attributes + ?Sized> Attributes for WithUserKey<'_, A> {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        let found = self.context.attribute(path);
        let is_key = path.first_hash() == TARGETING_KEY && path.segments().len() == 1;
        if !is_key || !found.is_missing_or_null() {
            return found;
        }
        // A `targetingKey` is text, so the attribute is converted to text.
        let other = self.context.attribute(self.attribute);
        let key = other.as_unit().map(Cow::into_owned);
        key.map_or(found, |key| Attribute::String(key.into()))
    }

    fn validate(&self) -> Result<(), ContextError> {
        self.context.validate()
    }

    fn whole(&self) -> Option<Cow<'_, Context>> {
        let whole = self.context.whole()?;
        let path = AttributePath::of_kind("user");
        let has_key = !whole.attribute(&path).is_missing_or_null();
        match self.attribute(&path) {
            Attribute::String(key) if !has_key => {
                let key = Value::from(&*key);
                Some(Cow::Owned(whole.into_owned().with("targetingKey", key)))
            }
            _ => Some(whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_what_may_be_the_key() {
        let hint = |json: &str| user_key_hint(&Context::from_json(json));
        for name in OTHER_NAMES {
            let text = hint(&format!(r#"{{"{name}": 17}}"#)).unwrap();
            assert!(text.contains(&format!("; `{name}` is")), "{text}");
        }
        let other = hint(r#"{"targetingKey": null, "userId": "u1"}"#);
        assert!(other.is_some());
        for named in [
            r#"{"targetingKey": "u1", "userId": "u1"}"#,
            r#"{"plan": "pro", "userId": null}"#,
            "{}",
            r#"{"targetingKey": 1, "userId": "u1"}"#,
            "[]",
        ] {
            assert_eq!(hint(named), None, "{named}");
        }
    }

    #[test]
    fn an_attribute_is_the_key_of_a_user_who_has_no_other() {
        let key = AttributePath::parse("targetingKey").unwrap();
        let attribute = AttributePath::parse("/account/id").unwrap();
        let read = |json: &str| {
            let context = Context::from_json(json).unwrap();
            WithUserKey::new(&context, &attribute)
                .attribute(&key)
                .as_unit()
                .map(String::from)
        };
        assert_eq!(read(r#"{"account": {"id": "a1"}}"#).as_deref(), Some("a1"));
        assert_eq!(read(r#"{"account": {"id": 17}}"#).as_deref(), Some("17"));
        let both = r#"{"targetingKey": "u1", "account": {"id": "a1"}}"#;
        assert_eq!(read(both).as_deref(), Some("u1"));
        let context = Context::from_json(r#"{"account": {"id": 17}}"#).unwrap();
        let whole = WithUserKey::new(&context, &attribute);
        let whole = whole.whole().unwrap();
        assert_eq!(whole.get("targetingKey"), Some(&Value::from("17")));
        assert_eq!(whole.get("account"), context.get("account"));
        for none in ["{}", r#"{"account": {"id": ""}}"#, r#"{"account": "a1"}"#] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
