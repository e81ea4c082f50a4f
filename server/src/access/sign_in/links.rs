//! One-time links that sign in the operator of the server: short-lived, used once, and exchanged for a session
//!
//! The code is in the fragment of the address, which browsers neither send nor store in the logs of servers; the page sends it in the body
//! of a request and removes it from the address.

use std::time::Duration;

use flagstaff_core::Timestamp;

use crate::crypto::token;
use crate::runtime::clock::later;
use crate::store::{LinkRow, Store, StoreError};

/// How long a link can be used
pub(crate) const LIFETIME: Duration = Duration::from_mins(15);

/// Stores a link and returns its address; `base` is the address of the server, and the audit calls the operator `name`
pub(crate) async fn create(
    store: &dyn Store,
    (base, name): (&str, &str),
    now: Timestamp,
) -> Result<String, StoreError> {
    let code = token::generate("fs_link_");
    let link = LinkRow {
        hash: token::hash(&code),
        name: name.to_owned(),
        expires_at: later(now, LIFETIME),
    };
    store.create_link(link, now).await?;
    Ok(format!("{}/#sign-in={code}", base.trim_end_matches('/')))
}
