//! Lists: pages, sorting and cursors, the same for all lists from memory
//!
//! A cursor is the sort key of the last item on the page, not a number of items. So items that are created or deleted meanwhile do not
//! shift the others, and even a deleted item marks where the next page begins.

use std::cmp::Ordering;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::api_error::ApiError;

/// A page of a list
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items on this page
    pub(crate) items: Vec<T>,
    /// The number of items on all pages, if it is known without reading them
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) total: Option<usize>,
    /// The `cursor` of the next page; null on the last one
    #[schema(required = true)]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with converted items
    pub(crate) fn map<U>(self, tell: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(tell).collect(),
            total: self.total,
            next: self.next,
        }
    }
}

/// The parameters of a list in the order of the store
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The maximum number of items on the page
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the previous page
    pub(crate) cursor: Option<String>,
}

impl From<PageQuery> for ListQuery {
    fn from(query: PageQuery) -> Self {
        Self {
            limit: query.limit,
            cursor: query.cursor,
            sort: None,
        }
    }
}

/// The parameters of every list from memory
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The maximum number of items on the page
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the previous page, which had the same `sort`
    pub(crate) cursor: Option<String>,
    /// Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key`
    pub(crate) sort: Option<String>,
}

/// An item of a list
pub(crate) trait Sortable {
    /// The fields by which it can be sorted; the first one is the default
    const FIELDS: &'static [&'static str];

    /// The id, which decides where the fields are equal
    fn id(&self) -> &str;

    /// The value of a field
    fn field(&self, name: &str) -> Field;
}

/// A value to sort by; absent values come first
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Field {
    /// A number, or a timestamp in milliseconds
    Number(Option<i64>),
    /// A text
    Text(String),
}

/// A page of these items
pub(crate) fn page<T: Sortable>(
    items: impl Iterator<Item = T>,
    query: &ListQuery,
) -> Result<Page<T>, ApiError> {
    let limit = page_size(query.limit)?;
    let order = SortOrder::parse(query.sort.as_deref(), T::FIELDS)?;
    let after = order.after(query.cursor.as_deref())?;
    let mut items: Vec<(SortKey, T)> = items.map(|item| (order.place_of(&item), item)).collect();
    let total = Some(items.len());
    let is_past = |sort_key: &SortKey| {
        let passed = after.as_ref().map(|after| order.compare(sort_key, after));
        passed.is_none_or(Ordering::is_gt)
    };
    items.retain(|(sort_key, _)| is_past(sort_key));
    items.sort_by(|(one, _), (other, _)| order.compare(one, other));
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    Ok(Page {
        next: last.map(|(sort_key, _)| order.cursor(sort_key)),
        items: items.into_iter().map(|(_, item)| item).collect(),
        total,
    })
}

impl<T> Page<T> {
    /// A page of items that were read with a limit of one more than `limit`
    pub(crate) fn of_more<U>(
        mut items: Vec<U>,
        limit: usize,
        cursor: impl FnOnce(&U) -> String,
        item: impl FnMut(U) -> T,
    ) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self {
            next: items.last().filter(|_| has_more).map(cursor),
            items: items.into_iter().map(item).collect(),
            total: None,
        }
    }
}

impl<T, E> Page<Result<T, E>> {
    /// The page, if the conversion of every item succeeded
    pub(crate) fn transpose(self) -> Result<Page<T>, E> {
        Ok(Page {
            items: self.items.into_iter().collect::<Result<_, _>>()?,
            total: self.total,
            next: self.next,
        })
    }
}

/// A cursor: the sort key of the last item as JSON in hexadecimal digits, which need no escaping in a URL
pub(crate) fn cursor_of(last: &impl Serialize) -> String {
    hex::encode(serde_json::to_vec(last).unwrap_or_default())
}

/// Where the previous page ended, if the cursor names one
pub(crate) fn read_cursor<T: DeserializeOwned>(
    cursor: Option<&str>,
) -> Result<Option<T>, ApiError> {
    let read = |cursor| serde_json::from_slice(&hex::decode(cursor).ok()?).ok();
    let read = cursor.map(|cursor| read(cursor).ok_or_else(wrong_cursor));
    read.transpose()
}

pub(crate) fn wrong_cursor() -> ApiError {
    let message = "expected the `next` of an earlier page with the same `sort`";
    ApiError::invalid("?cursor", message)
}

/// The fields to sort by, each with whether the order is descending
struct SortOrder<'q>(Vec<(&'q str, bool)>);

/// The position of an item in an order
#[derive(Serialize, Deserialize)]
struct SortKey {
    fields: Vec<Field>,
    id: String,
}

impl<'q> SortOrder<'q> {
    fn parse(sort: Option<&'q str>, known: &'static [&'static str]) -> Result<Self, ApiError> {
        let default = known.first().copied().unwrap_or_default();
        let names = sort.unwrap_or(default).split(',').map(|name| {
            let (name, is_reversed) = match name.strip_prefix('-') {
                Some(name) => (name, true),
                None => (name, false),
            };
            known.contains(&name).then_some((name, is_reversed))
        });
        let fields = names.collect::<Option<Vec<_>>>();
        fields.map(Self).ok_or_else(|| {
            let message = format!(
                "expected a comma-separated list of {}; `-` sorts descending",
                known.join(", ")
            );
            ApiError::invalid("?sort", message)
        })
    }

    fn place_of(&self, item: &impl Sortable) -> SortKey {
        SortKey {
            fields: self.0.iter().map(|(name, _)| item.field(name)).collect(),
            id: item.id().to_owned(),
        }
    }

    fn compare(&self, one: &SortKey, other: &SortKey) -> Ordering {
        let fields = one.fields.iter().zip(&other.fields).zip(&self.0);
        let orders = fields.map(|((one, other), (_, is_reversed))| {
            let order = one.cmp(other);
            if *is_reversed { order.reverse() } else { order }
        });
        orders
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| one.id.cmp(&other.id))
    }

    /// The cursor contains its order: a cursor of another order is refused
    fn cursor(&self, sort_key: &SortKey) -> String {
        cursor_of(&(self.name(), sort_key))
    }

    fn after(&self, cursor: Option<&str>) -> Result<Option<SortKey>, ApiError> {
        let Some((name, sort_key)) = read_cursor::<(String, SortKey)>(cursor)? else {
            return Ok(None);
        };
        if name == self.name() && sort_key.fields.len() == self.0.len() {
            Ok(Some(sort_key))
        } else {
            Err(wrong_cursor())
        }
    }

    fn name(&self) -> String {
        let names = self.0.iter().map(|(name, is_reversed)| {
            let sign = if *is_reversed { "-" } else { "" };
            format!("{sign}{name}")
        });
        names.collect::<Vec<_>>().join(",")
    }
}

/// The number of items on a page: 50 by default, at most 200
pub(crate) fn page_size(limit: Option<u32>) -> Result<usize, ApiError> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit as usize),
        other => Err(ApiError::invalid(
            "?limit",
            format!("expected 1 to 200, got {other}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sortable for (&'static str, i64) {
        const FIELDS: &'static [&'static str] = &["key", "size"];

        fn id(&self) -> &str {
            self.0
        }

        fn field(&self, name: &str) -> Field {
            match name {
                "size" => Field::Number(Some(self.1)),
                _ => Field::Text(self.0.to_owned()),
            }
        }
    }

    fn query(limit: u32, sort: Option<&str>, cursor: Option<String>) -> ListQuery {
        ListQuery {
            limit: Some(limit),
            cursor,
            sort: sort.map(str::to_owned),
        }
    }

    fn keys(page: &Page<(&'static str, i64)>) -> Vec<&'static str> {
        page.items.iter().map(|item| item.0).collect()
    }

    #[test]
    fn items_come_in_the_order_that_is_asked_for_and_equals_by_their_id() {
        let items = [("c", 1), ("a", 2), ("b", 1)];
        for (sort, expected) in [
            (None, ["a", "b", "c"]),
            (Some("-key"), ["c", "b", "a"]),
            (Some("size"), ["b", "c", "a"]),
            (Some("-size"), ["a", "b", "c"]),
            (Some("size,-key"), ["c", "b", "a"]),
        ] {
            let page = page(items.into_iter(), &query(5, sort, None)).unwrap();
            assert_eq!(keys(&page), expected, "{sort:?}");
            assert_eq!((page.total, page.next), (Some(3), None));
        }
        for wrong in ["", "name", "key,", "--key", "key size"] {
            let error = page(items.into_iter(), &query(5, Some(wrong), None)).unwrap_err();
            assert!(error.to_string().starts_with("`?sort`"), "{wrong}");
        }
    }

    #[test]
    fn a_cursor_holds_whatever_is_made_or_removed_meanwhile() {
        let first = page(
            [("a", 1), ("c", 2), ("e", 3)].into_iter(),
            &query(2, Some("-size"), None),
        )
        .unwrap();
        assert_eq!(keys(&first), ["e", "c"]);
        // The last item of the page is deleted, one is added before it and one after it.
        let items = [("a", 1), ("d", 4), ("b", 1), ("e", 3)];
        let rest = page(
            items.into_iter(),
            &query(2, Some("-size"), first.next.clone()),
        )
        .unwrap();
        assert_eq!(keys(&rest), ["a", "b"]);
        for sort in [None, Some("size")] {
            let other = page(items.into_iter(), &query(2, sort, first.next.clone()));
            assert!(other.is_err(), "a cursor of another order");
        }
    }
}
