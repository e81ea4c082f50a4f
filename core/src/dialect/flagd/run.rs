//! What one evaluation reads: the attributes and the clock, within a budget

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use super::fractional::{Hashing, fractional};
use crate::context::Context;
use crate::dialect::javascript;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// Bytes that the lists and texts of one evaluation may have together, and steps that it may take
const BUDGET: usize = 1_000_000;

/// One evaluation
pub(super) struct Run<'r> {
    pub(super) context: &'r Context,
    now: Timestamp,
    flag_key: &'r Arc<str>,
    pub(super) hashing: Hashing,
    left: Cell<Option<usize>>,
}

/// What `var` reads
#[derive(Clone, Copy)]
pub(super) enum Scope<'s> {
    Context,
    /// An element of a list
    Value(&'s Value),
}

/// Truth in JSONLogic: an empty list is false
pub(super) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Array(values) => !values.is_empty(),
        value => javascript::is_truthy(value),
    }
}

impl<'r> Run<'r> {
    pub(super) fn new(
        context: &'r Context,
        now: Timestamp,
        flag_key: &'r Arc<str>,
        hashing: Hashing,
    ) -> Self {
        Self {
            context,
            now,
            flag_key,
            hashing,
            left: Cell::new(Some(BUDGET)),
        }
    }

    /// Takes so much of the budget; `false` if it is used up
    pub(super) fn take(&self, cost: usize) -> bool {
        let left = self.left.get().and_then(|left| left.checked_sub(cost));
        self.left.set(left);
        left.is_some()
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get().is_none()
    }

    /// The attribute at a path that was computed
    pub(super) fn attribute_at(&self, path: &Value, default: &Value, scope: Scope<'_>) -> Value {
        let text = javascript::to_text(path);
        let is_whole = *path == Value::Null || text.is_empty();
        let names = text.split('.').filter(|_| !is_whole);
        let found = self.follow(names, scope);
        found.map_or_else(|| default.clone(), Cow::into_owned)
    }

    /// The value at a path; `None` if nothing is there
    pub(super) fn follow<'v, 'n>(
        &'v self,
        mut names: impl Iterator<Item = &'n str>,
        scope: Scope<'v>,
    ) -> Option<Cow<'v, Value>> {
        let found = match (scope, names.next()) {
            (Scope::Context, Some("$flagd")) => Cow::Owned(match names.next() {
                Some(name) => self.flagd_member(name)?,
                None => self.flagd(),
            }),
            (Scope::Context, Some(first)) => Cow::Borrowed(self.context.get(first)?),
            (Scope::Context, None) => {
                let mut members = self.context.members();
                members.insert("$flagd".into(), self.flagd());
                Cow::Owned(Value::Object(members.into()))
            }
            (Scope::Value(value), Some(first)) => Cow::Borrowed(member(value, first)?),
            (Scope::Value(value), None) => Cow::Borrowed(value),
        };
        names.try_fold(found, |found, name| match found {
            Cow::Borrowed(found) => member(found, name).map(Cow::Borrowed),
            Cow::Owned(found) => member(&found, name).cloned().map(Cow::Owned),
        })
    }

    /// The whole of `$flagd`
    fn flagd(&self) -> Value {
        let member = |name: &'static str| Some((name, self.flagd_member(name)?));
        Value::object(["flagKey", "timestamp"].into_iter().filter_map(member))
    }

    fn flagd_member(&self, name: &str) -> Option<Value> {
        match name {
            "flagKey" => Some(Arc::clone(self.flag_key).into()),
            "timestamp" => Some(self.now.as_millis().div_euclid(1_000).into()),
            _ => None,
        }
    }

    pub(super) fn fractional(&self, arguments: &[&Value]) -> Value {
        let key = match self.context.targeting_key() {
            Some(Value::String(key)) => &**key,
            _ => "",
        };
        fractional(self.hashing, self.flag_key, key, arguments).unwrap_or_default()
    }
}

/// A member of an object, or an element of a list
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(values) => {
            let is_index = name == "0"
                || !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
            let index = name.parse::<usize>().ok().filter(|_| is_index)?;
            values.get(index)
        }
        _ => None,
    }
}
