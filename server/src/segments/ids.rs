//! The ids in the lists of a segment: which lists there are, and a page of their entries

use std::collections::BTreeMap;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::draft::Entries;
use crate::http::api_error::ApiError;
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::object::{Body, ObjectId, ObjectKind, Objects};

/// Characters of an id, and of the kind of a context
const LENGTH: usize = 255;
/// The value of every entry
pub(super) const PRESENT: &str = "true";

/// One of the two groups of lists
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ListName {
    Include,
    Exclude,
}

/// The names of [`ListName`]
pub(crate) const LIST_NAMES: &str = "`include` or `exclude`";

impl ListName {
    const ALL: [Self; 2] = [Self::Include, Self::Exclude];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }

    const fn object_kind(self) -> ObjectKind {
        match self {
            Self::Include => ObjectKind::SegmentInclude,
            Self::Exclude => ObjectKind::SegmentExclude,
        }
    }

    /// The list of a segment for a kind of context
    pub(crate) fn of(self, segment: &str, kind: &str) -> ObjectId {
        ObjectId::new(self.object_kind(), format!("{segment}/{kind}"))
    }
}

impl FromStr for ListName {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|list| list.name() == name).ok_or(())
    }
}

/// An id in a list of a segment
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SegmentId)]
pub(crate) struct SegmentId {
    /// `include` or `exclude`
    pub(super) list: &'static str,
    /// The kind of context, as `user` or `organization`
    pub(super) kind: String,
    #[schema(value_type = String)]
    pub(super) id: Arc<str>,
}

/// How many ids a segment has, by list and kind of context
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    include: BTreeMap<String, usize>,
    exclude: BTreeMap<String, usize>,
}

/// Filters for ids
#[derive(Debug, Default, Clone)]
pub(crate) struct IdFilter {
    pub(super) list: Option<ListName>,
    pub(super) kind: Option<String>,
    /// Part of an id, in lower case
    pub(super) search: String,
}

impl IdFilter {
    pub(crate) fn new(
        list: Option<&str>,
        kind: Option<String>,
        search: Option<&str>,
    ) -> Result<Self, ApiError> {
        let list = list.map(str::parse).transpose();
        let wrong = |()| ApiError::invalid("?list", format!("expected {LIST_NAMES}"));
        Ok(Self {
            list: list.map_err(wrong)?,
            kind,
            search: search.unwrap_or_default().to_lowercase(),
        })
    }

    /// The matching lists of a segment
    pub(super) fn lists<'o>(
        &self,
        objects: &'o Objects,
        segment: &'o ObjectId,
    ) -> Vec<(ListName, &'o ObjectId, &'o Entries)> {
        let mut lists = Vec::new();
        for name in ListName::ALL {
            if self.list.is_some_and(|wanted| wanted != name) {
                continue;
            }
            for (id, list) in objects.lists_of(segment) {
                let is_kind = self.kind.as_deref().is_none_or(|kind| kind == id.level());
                if let Body::List(entries) = &list.body
                    && id.kind == name.object_kind()
                    && is_kind
                {
                    lists.push((name, id, entries));
                }
            }
        }
        lists
    }

    fn admits(&self, id: &str) -> bool {
        self.search.is_empty() || id.to_lowercase().contains(&self.search)
    }

    /// A page of the ids, by list, kind and id
    pub(crate) fn page(
        &self,
        (objects, segment): (&Objects, &ObjectId),
        query: &PageQuery,
    ) -> Result<Page<SegmentId>, ApiError> {
        let limit = page_size(query.limit)?;
        let after: Option<(String, Arc<str>, Arc<str>)> = read_cursor(query.cursor.as_deref())?;
        let lists = self.lists(objects, segment);
        let total = if self.search.is_empty() {
            lists.iter().map(|(.., entries)| entries.len()).sum()
        } else {
            let ids = lists.iter().flat_map(|(.., entries)| entries.keys());
            ids.filter(|id| self.admits(id)).count()
        };
        let mut items = Vec::new();
        for (name, list, entries) in lists {
            let own = (name.name(), &*list.key);
            let last = after
                .as_ref()
                .map(|(name, list, id)| ((&**name, &**list), id));
            // `include` comes before `exclude`, so their names are in descending order.
            let order =
                last.map(|((name, list), _)| own.0.cmp(name).reverse().then(own.1.cmp(list)));
            let start = match (order, last) {
                (Some(std::cmp::Ordering::Less), _) => continue,
                (Some(std::cmp::Ordering::Equal), Some((_, id))) => Bound::Excluded(Arc::clone(id)),
                _ => Bound::Unbounded,
            };
            let ids = entries.range::<_, Arc<str>>((start, Bound::Unbounded));
            let ids = ids.map(|(id, _)| id).filter(|id| self.admits(id));
            let wanted = limit.saturating_add(1).saturating_sub(items.len());
            items.extend(ids.take(wanted).map(|id| (name, list, id)));
        }
        let cursor = |(name, list, id): &(ListName, &ObjectId, &Arc<str>)| {
            cursor_of(&(name.name(), &list.key, id))
        };
        let item = |(name, list, id): (ListName, &ObjectId, &Arc<str>)| SegmentId {
            list: name.name(),
            kind: list.level().to_owned(),
            id: Arc::clone(id),
        };
        Ok(Page {
            total: Some(total),
            ..Page::of_more(items, limit, cursor, item)
        })
    }
}

/// How many ids a segment has
pub(super) fn counts(objects: &Objects, segment: &ObjectId) -> Counts {
    let mut counts = Counts::default();
    for (name, list, entries) in IdFilter::default().lists(objects, segment) {
        let of_list = match name {
            ListName::Include => &mut counts.include,
            ListName::Exclude => &mut counts.exclude,
        };
        of_list.insert(list.level().to_owned(), entries.len());
    }
    counts
}

/// Whether a text is a valid id
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LENGTH && !text.contains('\0')
}

/// Whether a text is a valid kind of context here; one that begins with `/` would be that of a hashed list
pub(super) fn is_kind(text: &str) -> bool {
    is_id(text) && !text.starts_with('/')
}
