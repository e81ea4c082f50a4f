//! Deleting old rows of the audit (`--audit-days`)

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::app::AppState;
use crate::runtime::logging::error_chain;
use crate::store::{Author, Origin};

/// How often a node looks for old rows
const TICK: Duration = Duration::from_hours(1);

/// Deletes rows that are older than the audit is kept, until the server stops
pub(crate) async fn run(state: AppState) {
    let Some(kept) = state.config().audit_kept else {
        return;
    };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = state.stopping().cancelled() => return,
            _ = tick.tick() => {}
        }
        if state.store_health().is_lost() {
            continue;
        }
        let author = Author {
            actor: "flagstaff".into(),
            at: state.now(),
            reason: Some("--audit-days".to_owned()),
            origin: Origin::default(),
        };
        if let Err(error) = state.store().forget_audit(kept, author).await {
            let error = error_chain(&error);
            tracing::warn!(error, "old rows of the audit could not be deleted");
        }
    }
}
