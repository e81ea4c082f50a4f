//! Lists of overrides: those of a flag, and those of a context
//!
//! The overrides are in memory; when and by whom each was changed is read from the store.

use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{OverrideResponse, flag, flag_id, items, objects};
use crate::access::guards::EnvironmentAccess;
use crate::access::state::AccessState;
use crate::engine::draft::Entries;
use crate::engine::published::PublishedRevision;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::object::ObjectId;
use crate::overrides::{self, EFFECTS, OverrideEntry, OverrideFilter, all_of};
use crate::store::EntryQuery;

/// The number of rows that are read at a time if not all of them are on the page
const BATCH: u32 = 25_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only of this level
    level: Option<String>,
    /// Only with this effect
    effect: Option<String>,
    /// Part of the context's key, in upper or lower case
    search: Option<String>,
    /// `contextKey` or `updatedAt`, with `-` before it for descending order
    sort: Option<String>,
}

/// Lists the overrides of a flag
#[utoipa::path(
    get, path = "/flags/{key}/overrides", tag = "overrides", operation_id = "listOverrides",
    params(PageQuery, ListQuery),
    responses((status = OK, description = "A page", body = Page<OverrideResponse>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn of_flag(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Response, ApiError> {
    let listing = Listing::read(page, query)?;
    let current = scope.environment.current();
    flag(&current, &scope.key)?;
    let id = flag_id(&scope);
    let lists = listing.filter.lists(objects(&current), &id);
    let total = Some(listing.filter.count(&lists));
    let (items, next) = match listing.sort {
        Sort::ByKey { is_descending } => {
            let (found, next) = listing.by_key(&lists, is_descending)?;
            (items(&state, &scope, found).await?, next)
        }
        Sort::ByTime { is_latest_first } => {
            let lists = lists.iter().map(|(list, _)| (*list).clone()).collect();
            let query = EntryQuery {
                environment: scope.environment.row().id,
                lists,
                is_latest_first,
                after: None,
                limit: 0,
            };
            listing.by_time(&state, &current, query).await?
        }
    };
    Ok(Json(Page { items, total, next }).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ContextQuery {
    /// The key of the context
    #[param(required = true)]
    context_key: Option<String>,
    /// Only of this level
    level: Option<String>,
}

/// Lists the overrides of one context in all flags, by flag and level
#[utoipa::path(
    get, path = "/overrides", tag = "overrides", operation_id = "listOverridesOfContext",
    params(PageQuery, ContextQuery),
    responses((status = OK, description = "A page", body = Page<OverrideResponse>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn of_context(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ContextQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(page.limit)?;
    let missing = || ApiError::invalid("?contextKey", "expected the key of a context");
    let context_key = query.context_key.ok_or_else(missing)?;
    let current = scope.environment.current();
    let level = query.level.as_deref();
    let found = overrides::of_context(objects(&current), &context_key)
        .filter(|found| level.is_none_or(|level| level == found.level()));
    let all: Vec<OverrideEntry<'_>> = found.collect();
    // The cursor is the key of the last list, so that what is created or deleted meanwhile shifts nothing.
    let cursor: String = read_cursor(page.cursor.as_deref())?.unwrap_or_default();
    let mut rest = all.iter().filter(|found| *found.list.key > *cursor);
    let page: Vec<OverrideEntry<'_>> = rest.by_ref().take(limit).copied().collect();
    let last = page.last().filter(|_| rest.next().is_some());
    let next = last.map(|found| cursor_of(&found.list.key));
    let items = items(&state, &scope, page).await?;
    let total = Some(all.len());
    Ok(Json(Page { items, total, next }).into_response())
}

/// The order of a list
#[derive(Debug, Clone, Copy)]
enum Sort {
    /// By level and context key
    ByKey { is_descending: bool },
    /// By the last change
    ByTime { is_latest_first: bool },
}

/// The parameters of a list
struct Listing {
    limit: usize,
    cursor: Option<String>,
    filter: OverrideFilter,
    sort: Sort,
}

impl Listing {
    fn read(page: PageQuery, query: ListQuery) -> Result<Self, ApiError> {
        let sort = match query.sort.as_deref() {
            None | Some("contextKey") => Sort::ByKey {
                is_descending: false,
            },
            Some("-contextKey") => Sort::ByKey {
                is_descending: true,
            },
            Some("updatedAt") => Sort::ByTime {
                is_latest_first: false,
            },
            Some("-updatedAt") => Sort::ByTime {
                is_latest_first: true,
            },
            Some(_) => {
                let expected =
                    "expected `contextKey` or `updatedAt`, or one of them with `-` before it";
                return Err(ApiError::invalid("?sort", expected));
            }
        };
        let effect = query.effect.as_deref().map(str::parse).transpose();
        let effect =
            effect.map_err(|()| ApiError::invalid("?effect", format!("expected {EFFECTS}")))?;
        Ok(Self {
            limit: page_size(page.limit)?,
            cursor: page.cursor,
            filter: OverrideFilter {
                level: query.level,
                effect,
                search: query.search.unwrap_or_default().to_ascii_lowercase(),
            },
            sort,
        })
    }

    /// The page after the cursor, from memory
    fn by_key<'o>(
        &self,
        lists: &[(&'o ObjectId, &'o Entries)],
        is_descending: bool,
    ) -> Result<(Vec<OverrideEntry<'o>>, Option<String>), ApiError> {
        let cursor: Option<(Arc<str>, Arc<str>)> = read_cursor(self.cursor.as_deref())?;
        let mut lists = lists.to_vec();
        if is_descending {
            lists.reverse();
        }
        let is_passed = |list: &ObjectId| {
            let order = cursor.as_ref().map(|(last, _)| list.key.cmp(last));
            order.is_some_and(|order| {
                if is_descending {
                    order.is_gt()
                } else {
                    order.is_lt()
                }
            })
        };
        let rest = lists.into_iter().filter(|(list, _)| !is_passed(list));
        let entries = rest.flat_map(|(list, entries)| {
            let last = cursor.as_ref().filter(|(last, _)| *last == list.key);
            let last = last.map(|(_, entry)| Arc::clone(entry));
            beyond(list, entries, last, is_descending)
        });
        let mut found = entries.filter(|found| self.filter.admits(found));
        let page: Vec<OverrideEntry<'o>> = found.by_ref().take(self.limit).collect();
        let last = page.last().filter(|_| found.next().is_some());
        let next = last.map(|last| cursor_of(&(&last.list.key, last.entry)));
        Ok((page, next))
    }

    /// The page after the cursor, in the order of the store
    async fn by_time(
        &self,
        state: &AccessState,
        current: &PublishedRevision,
        mut query: EntryQuery,
    ) -> Result<(Vec<OverrideResponse>, Option<String>), ApiError> {
        if let Some((at, list, entry)) =
            read_cursor::<(i64, Arc<str>, Arc<str>)>(self.cursor.as_deref())?
        {
            let list = ObjectId::new(flagstaff_core::object::ObjectKind::Overrides, list);
            query.after = Some((Timestamp::from_millis(at), (list, entry)));
        }
        let page = u32::try_from(self.limit)
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        query.limit = if self.filter.is_of_lists() {
            page
        } else {
            BATCH
        };
        let (mut items, mut last) = (Vec::new(), None);
        loop {
            let rows = state.engine.store().entries_by_time(query.clone()).await?;
            let is_end = rows.len() < usize::try_from(query.limit).unwrap_or(usize::MAX);
            for row in rows {
                let at = row.changed_at;
                query.after = Some((at, (row.list.clone(), Arc::clone(&row.entry))));
                // The store may be ahead of what is served.
                let found = overrides::find(objects(current), &row.list, &row.entry);
                let Some(found) = found.filter(|found| self.filter.admits(found)) else {
                    continue;
                };
                if items.len() == self.limit {
                    return Ok((items, last));
                }
                last = Some(cursor_of(&(at.as_millis(), &row.list.key, &row.entry)));
                items.push(OverrideResponse::new(&found, Some(&row)));
            }
            if is_end {
                return Ok((items, None));
            }
        }
    }
}

/// The overrides of a list after an entry, in ascending or descending order
fn beyond<'o>(
    list: &'o ObjectId,
    entries: &'o Entries,
    after: Option<Arc<str>>,
    is_descending: bool,
) -> Box<dyn Iterator<Item = OverrideEntry<'o>> + 'o> {
    let Some(after) = after else {
        return if is_descending {
            Box::new(all_of(list, entries).rev())
        } else {
            Box::new(all_of(list, entries))
        };
    };
    let found = move |(entry, value)| OverrideEntry { list, entry, value };
    if is_descending {
        let rest = entries.range::<_, Arc<str>>((Bound::Unbounded, Bound::Excluded(after)));
        Box::new(rest.rev().map(found))
    } else {
        let rest = entries.range::<_, Arc<str>>((Bound::Excluded(after), Bound::Unbounded));
        Box::new(rest.map(found))
    }
}
