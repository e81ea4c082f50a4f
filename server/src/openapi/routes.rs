//! Routes together with their descriptions

use axum::Router;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{Audience, Described};

/// A router and the descriptions of its routes
///
/// utoipa's own type keeps only the last schema of each name; this one keeps all, so that two types with the same name are found.
pub(crate) struct Routes<S> {
    router: OpenApiRouter<S>,
    schemas: Vec<NamedSchema>,
}

pub(super) type NamedSchema = (String, RefOr<Schema>);

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self {
            router: OpenApiRouter::new(),
            schemas: Vec::new(),
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Adds the result of `routes!`
    pub(crate) fn routes(mut self, (schemas, paths, handlers): UtoipaMethodRouter<S>) -> Self {
        self.schemas.extend(schemas);
        self.router = self.router.routes((Vec::new(), paths, handlers));
        self
    }

    /// Adds all routes of another one
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.schemas.extend(other.schemas);
        self.router = self.router.merge(other.router);
        self
    }

    /// Adds all routes of another one under a path
    pub(crate) fn nest(mut self, path: &str, other: Self) -> Self {
        self.schemas.extend(other.schemas);
        self.router = self.router.nest(path, other.router);
        self
    }

    /// The router
    pub(crate) fn into_router(self) -> Router<S> {
        self.router.split_for_parts().0
    }

    /// The descriptions
    pub(crate) fn into_described(self, audience: Audience) -> Described {
        Described {
            document: self.router.into_openapi(),
            schemas: self.schemas,
            audience,
        }
    }
}
