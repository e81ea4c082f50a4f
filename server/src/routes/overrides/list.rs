//! Overrides page by page: those of a flag, and those of a context
//!
//! Which there are is known from memory; when and by whom each was changed, from the store.

use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Item, flag, flag_id, items, objects};
use crate::api_error::ApiError;
use crate::draft::Entries;
use crate::extract::{AdminScope, Parameters, page_size};
use crate::list::Page;
use crate::object::ObjectId;
use crate::overrides::{self, EFFECTS, Filter, Found, all_of};
use crate::published::Published;
use crate::state::AppState;
use crate::store::EntryQuery;

/// Rows that are asked for at a time where not all of them are on the page
const BATCH: u32 = 25_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct ListQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
    /// Of this level only
    level: Option<String>,
    /// Of this effect only
    effect: Option<String>,
    /// A part of the context's key, in upper or lower case
    search: Option<String>,
    /// `contextKey` or `updatedAt`, with `-` before it the other way round
    sort: Option<String>,
}

/// Lists the overrides of a flag
#[utoipa::path(
    get, path = "/flags/{key}/overrides", tag = "overrides", operation_id = "listOverrides",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<Item>), (status = SERVICE_UNAVAILABLE)),
)]
pub(in crate::routes) async fn of_flag(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let listing = Listing::read(query)?;
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
pub(in crate::routes) struct ContextQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
    /// The key of the context
    #[param(required = true)]
    context_key: Option<String>,
    /// Of this level only
    level: Option<String>,
}

/// Lists what one context gets over all flags, by flag and level
#[utoipa::path(
    get, path = "/overrides", tag = "overrides", operation_id = "listOverridesOfContext",
    params(ContextQuery),
    responses((status = OK, description = "A page", body = Page<Item>), (status = SERVICE_UNAVAILABLE)),
)]
pub(in crate::routes) async fn of_context(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ContextQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let missing = || ApiError::invalid("?contextKey", "expected the key of a context");
    let context_key = query.context_key.ok_or_else(missing)?;
    let current = scope.environment.current();
    let level = query.level.as_deref();
    let found = overrides::of_context(objects(&current), &context_key)
        .filter(|found| level.is_none_or(|level| level == found.level()));
    let all: Vec<Found<'_>> = found.collect();
    // The cursor is the key of the last list, so what is made or deleted meanwhile shifts nothing.
    let cursor = query.cursor.unwrap_or_default();
    let mut rest = all.iter().filter(|found| *found.list.key > *cursor);
    let page: Vec<Found<'_>> = rest.by_ref().take(limit).copied().collect();
    let last = page.last().filter(|_| rest.next().is_some());
    let next = last.map(|found| found.list.key.to_string());
    let items = items(&state, &scope, page).await?;
    let total = Some(all.len());
    Ok(Json(Page { items, total, next }).into_response())
}

/// In which order
#[derive(Debug, Clone, Copy)]
enum Sort {
    /// By level and context key
    ByKey { is_descending: bool },
    /// By the last change
    ByTime { is_latest_first: bool },
}

/// What a query asks for
struct Listing {
    limit: usize,
    cursor: Option<String>,
    filter: Filter,
    sort: Sort,
}

impl Listing {
    fn read(query: ListQuery) -> Result<Self, ApiError> {
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
            limit: page_size(query.limit)?,
            cursor: query.cursor,
            filter: Filter {
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
    ) -> Result<(Vec<Found<'o>>, Option<String>), ApiError> {
        let cursor: Option<(Arc<str>, Arc<str>)> = self.cursor()?;
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
        let page: Vec<Found<'o>> = found.by_ref().take(self.limit).collect();
        let last = page.last().filter(|_| found.next().is_some());
        let next = last.map(|last| cursor_of(&(&last.list.key, last.entry)));
        Ok((page, next))
    }

    /// The page after the cursor, in the order that the store has
    async fn by_time(
        &self,
        state: &AppState,
        current: &Published,
        mut query: EntryQuery,
    ) -> Result<(Vec<Item>, Option<String>), ApiError> {
        if let Some((at, list, entry)) = self.cursor::<(i64, Arc<str>, Arc<str>)>()? {
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
            let rows = state.store().entries_by_time(query.clone()).await?;
            let is_end = rows.len() < usize::try_from(query.limit).unwrap_or(usize::MAX);
            for row in rows {
                let at = row.changed_at.unwrap_or(Timestamp::from_millis(0));
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
                items.push(Item::new(&found, Some(&row)));
            }
            if is_end {
                return Ok((items, None));
            }
        }
    }

    fn cursor<T: for<'de> Deserialize<'de>>(&self) -> Result<Option<T>, ApiError> {
        let wrong = |_| ApiError::invalid("?cursor", "expected the `next` of an earlier page");
        let cursor = self.cursor.as_deref().map(serde_json::from_str);
        cursor.transpose().map_err(wrong)
    }
}

/// What names the last override of a page; what is made or deleted meanwhile shifts nothing
fn cursor_of(last: &impl serde::Serialize) -> String {
    serde_json::to_string(last).unwrap_or_default()
}

/// The overrides of a list after an entry, in one order or the other
fn beyond<'o>(
    list: &'o ObjectId,
    entries: &'o Entries,
    after: Option<Arc<str>>,
    is_descending: bool,
) -> Box<dyn Iterator<Item = Found<'o>> + 'o> {
    let Some(after) = after else {
        return if is_descending {
            Box::new(all_of(list, entries).rev())
        } else {
            Box::new(all_of(list, entries))
        };
    };
    let found = move |(entry, value)| Found { list, entry, value };
    if is_descending {
        let rest = entries.range::<_, Arc<str>>((Bound::Unbounded, Bound::Excluded(after)));
        Box::new(rest.rev().map(found))
    } else {
        let rest = entries.range::<_, Arc<str>>((Bound::Excluded(after), Bound::Unbounded));
        Box::new(rest.map(found))
    }
}
