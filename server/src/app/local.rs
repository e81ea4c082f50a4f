//! The routes over a database without a server, for commands with `--database`
//!
//! A server that uses the database at the same time notices these changes as it notices the commits of other nodes.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request};
use axum::http::Response;
use tower::ServiceExt as _;

use crate::access::auth::Principal;
use crate::app::{AppState, RuntimeConfig, router};
use crate::engine::environment::LoadError;
use crate::runtime::clock::Clock;
use crate::store::SqlStore;

/// All routes, for an operator with access to the database, who may do everything
#[derive(Debug)]
pub(crate) struct LocalRoutes(Router);

impl LocalRoutes {
    /// Opens an existing database; `actor` is the author in the audit
    pub(crate) async fn open(address: &str, actor: &str) -> Result<Self, LoadError> {
        let store = SqlStore::open_existing(address).await?;
        let state =
            AppState::load(Arc::new(store), RuntimeConfig::default(), Clock::System).await?;
        let operator = Principal::operator(actor, state.now());
        Ok(Self(router::app(state).layer(Extension(operator))))
    }

    /// The status and the body of a response
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Vec<u8>>, axum::Error> {
        let Ok(response) = self.0.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await?;
        Ok(Response::from_parts(head, body.into()))
    }
}
