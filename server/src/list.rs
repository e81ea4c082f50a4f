//! What every list has in common

use serde::Serialize;
use utoipa::ToSchema;

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
