//! Lists: pages, orders and cursors, the same for all that are told from memory
//!
//! A cursor is the place of the last item in the order, not a number of items: what is made or removed meanwhile shifts nothing, and
//! an item that is gone still says where the next page begins.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::{hex, unhex};
use crate::extract::page_size;

/// A page of a list
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on this page
    pub(crate) items: Vec<T>,
    /// How many there are on all pages together, where that is known without reading them
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) total: Option<usize>,
    /// The `cursor` of the next page; null on the last one
    #[schema(required = true)]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with its items told in another way
    pub(crate) fn map<U>(self, tell: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(tell).collect(),
            total: self.total,
            next: self.next,
        }
    }
}

/// What a list in the order of the store may be asked
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before
    pub(crate) cursor: Option<String>,
}

/// What every list from memory may be asked
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before, which was asked for with the same `sort`
    pub(crate) cursor: Option<String>,
    /// Fields to sort by, the most important first, with `-` before one for the other way round: `-updatedAt,key`
    pub(crate) sort: Option<String>,
}

/// Something that is listed
pub(crate) trait Listed {
    /// The fields that it can be sorted by; by the first one, unless told otherwise
    const FIELDS: &'static [&'static str];

    /// What tells it apart, and decides where the fields do not
    fn id(&self) -> &str;

    /// The value of one of its fields
    fn field(&self, name: &str) -> Field;
}

/// A value to sort by; nothing comes first
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Field {
    /// A number, or an instant in milliseconds
    Number(Option<i64>),
    /// A text
    Text(String),
}

/// The page of these items that is asked for
pub(crate) fn page<T: Listed>(
    items: impl Iterator<Item = T>,
    query: &ListQuery,
) -> Result<Page<T>, ApiError> {
    let limit = page_size(query.limit)?;
    let order = Order::parse(query.sort.as_deref(), T::FIELDS)?;
    let after = query.cursor.as_deref().map(|cursor| order.place(cursor));
    let after = after.transpose()?;
    let mut items: Vec<(Place, T)> = items.map(|item| (order.place_of(&item), item)).collect();
    let total = Some(items.len());
    let is_past = |place: &Place| {
        let passed = after.as_ref().map(|after| order.compare(place, after));
        passed.is_none_or(Ordering::is_gt)
    };
    items.retain(|(place, _)| is_past(place));
    items.sort_by(|(one, _), (other, _)| order.compare(one, other));
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    Ok(Page {
        next: last.map(|(place, _)| order.cursor(place)),
        items: items.into_iter().map(|(_, item)| item).collect(),
        total,
    })
}

/// The fields that items are sorted by, and which of them the other way round
struct Order<'q>(Vec<(&'q str, bool)>);

/// Where an item is in an order
#[derive(Serialize, Deserialize)]
struct Place {
    fields: Vec<Field>,
    id: String,
}

impl<'q> Order<'q> {
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
                "expected some of {}, each with `-` before it or not",
                known.join(", ")
            );
            ApiError::invalid("?sort", message)
        })
    }

    fn place_of(&self, item: &impl Listed) -> Place {
        Place {
            fields: self.0.iter().map(|(name, _)| item.field(name)).collect(),
            id: item.id().to_owned(),
        }
    }

    fn compare(&self, one: &Place, other: &Place) -> Ordering {
        let fields = one.fields.iter().zip(&other.fields).zip(&self.0);
        let orders = fields.map(|((one, other), (_, is_reversed))| {
            let order = one.cmp(other);
            if *is_reversed { order.reverse() } else { order }
        });
        orders
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| one.id.cmp(&other.id))
    }

    /// The order and the place in it: a cursor of another order is not one of this list
    fn cursor(&self, place: &Place) -> String {
        // In digits, which stand in an address as they are.
        hex(&serde_json::to_vec(&(self.name(), place)).unwrap_or_default())
    }

    fn place(&self, cursor: &str) -> Result<Place, ApiError> {
        let read = unhex(cursor).and_then(|text| serde_json::from_slice(&text).ok());
        read.filter(|(name, place): &(String, Place)| {
            *name == self.name() && place.fields.len() == self.0.len()
        })
        .map(|(_, place)| place)
        .ok_or_else(|| {
            let message = "expected the `next` of an earlier page with the same `sort`";
            ApiError::invalid("?cursor", message)
        })
    }

    fn name(&self) -> String {
        let names = self.0.iter().map(|(name, is_reversed)| {
            let sign = if *is_reversed { "-" } else { "" };
            format!("{sign}{name}")
        });
        names.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Listed for (&'static str, i64) {
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
            assert!(error.to_string().contains("wrong"), "{wrong}");
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
        // The last one of the page is gone, one is new before it and one after it.
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
