//! Routes that say what they are

use axum::Router;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{Audience, Described};
use crate::state::AppState;

/// A router, and what its routes say of themselves
///
/// utoipa's own keeps one schema of each name, the last; here all are kept, so that two types of one name are found.
#[derive(Default)]
pub(crate) struct Routes {
    router: OpenApiRouter<AppState>,
    schemas: Vec<NamedSchema>,
}

pub(super) type NamedSchema = (String, RefOr<Schema>);

impl Routes {
    /// Adds what `routes!` makes of handlers
    pub(crate) fn routes(
        mut self,
        (schemas, paths, handlers): UtoipaMethodRouter<AppState>,
    ) -> Self {
        self.schemas.extend(schemas);
        self.router = self.router.routes((Vec::new(), paths, handlers));
        self
    }

    /// Adds all of the other's
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.schemas.extend(other.schemas);
        self.router = self.router.merge(other.router);
        self
    }

    /// Adds all of the other's under a path
    pub(crate) fn nest(mut self, path: &str, other: Self) -> Self {
        self.schemas.extend(other.schemas);
        self.router = self.router.nest(path, other.router);
        self
    }

    /// What answers requests
    pub(crate) fn into_router(self) -> Router<AppState> {
        self.router.split_for_parts().0
    }

    /// What the document tells
    pub(crate) fn into_described(self, audience: Audience) -> Described {
        Described {
            document: self.router.into_openapi(),
            schemas: self.schemas,
            audience,
        }
    }
}
