//! Keys, tokens, members and sessions as this node last loaded them

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::HeaderMap;
use tokio::sync::Mutex;

use crate::access::auth::AccessIndex;
use crate::access::identity::Issuer;
use crate::access::sign_in::SignIn;
use crate::access::signing_secrets;
use crate::crypto::encryption::EncryptionKeys;
use crate::engine::state::EngineState;
use crate::http::cookies::CookieScope;
use crate::http::state::HttpState;
use crate::runtime::logging::error_chain;
use crate::store::{Access, StoreError};

/// Keys, tokens and members, and what checking and changing them needs
#[derive(Debug)]
pub(crate) struct AccessState {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) http: Arc<HttpState>,
    pub(crate) encryption_keys: EncryptionKeys,
    pub(crate) issuer: Option<Arc<Issuer>>,
    pub(crate) sign_in: SignIn,
    access_index: ArcSwap<AccessIndex>,
    loading: Mutex<()>,
}

impl AccessState {
    pub(crate) fn new(
        (engine, http): (Arc<EngineState>, Arc<HttpState>),
        access: Access,
        encryption_keys: EncryptionKeys,
        (issuer, sign_in): (Option<Arc<Issuer>>, SignIn),
    ) -> Self {
        let access_index = AccessIndex::new(access, &AccessIndex::default(), &encryption_keys);
        Self {
            engine,
            http,
            encryption_keys,
            issuer,
            sign_in,
            access_index: ArcSwap::from_pointee(access_index),
            loading: Mutex::new(()),
        }
    }

    /// The current index
    pub(crate) fn access_index(&self) -> Arc<AccessIndex> {
        self.access_index.load_full()
    }

    /// Announces that this node has changed keys, tokens, members or sessions in the store, and loads them
    pub(crate) async fn publish_access(&self) -> Result<(), StoreError> {
        // First: the other nodes must hear of it also if this node cannot load it, or its caller has disconnected.
        self.engine.store_handle().local_commit.notify_one();
        self.refresh_keys().await
    }

    /// Where cookies of requests are accepted
    pub(crate) fn cookies(&self) -> CookieScope<'_> {
        self.cookie_scope(self.sign_in.is_https)
    }

    /// Where cookies are set for the page that sends these headers
    pub(crate) fn cookies_of_page(&self, headers: &HeaderMap) -> CookieScope<'_> {
        self.cookie_scope(self.sign_in.is_https(headers))
    }

    fn cookie_scope(&self, is_https: bool) -> CookieScope<'_> {
        CookieScope {
            is_https,
            base_path: &self.http.base_path,
        }
    }

    /// Loads the keys from the store; closes what was opened by keys that no longer exist
    pub(crate) async fn refresh_keys(&self) -> Result<(), StoreError> {
        // One at a time: otherwise an older load could replace a newer one.
        let _turn = self.loading.lock().await;
        let before = self.access_index();
        let access = self.engine.store().access().await?;
        if let Err(error) = signing_secrets::check(&access.rows, &self.encryption_keys) {
            let error = error_chain(&error);
            tracing::error!(error, "requests that are signed with it are answered 500");
        }
        let after = AccessIndex::new(access, &before, &self.encryption_keys);
        let after = Arc::new(after);
        self.access_index.store(Arc::clone(&after));
        before.close_revoked(&after);
        Ok(())
    }
}
