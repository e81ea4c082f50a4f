//! A store that nobody is notified of

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    Access, AccessChange, AuditDetails, AuditEvent, AuditHead, AuditQuery, AuditRow, Author,
    CatalogueStore, Claim, ClaimResult, Commit, CommitNotifications, CredentialRow, EntryId,
    EntryQuery, EntryRow, EnvironmentContent, EnvironmentRow, FlagUsagePoint, FlagsUsageQuery,
    IdempotencyStore, InstanceStore, LinkRow, NameChange, NewClaim, NewEnvironments,
    NewLinkSession, NodeInstances, NoteChange, PoolDurations, PoolUse, ProjectFlagRow, SeenFlag,
    SessionRow, SessionStore, SessionsEnd, SettingsChange, Since, SqlStore, Store, StoreError,
    StoreRevisions, UnknownFlag, UsagePoint, UsageQuery, UsageRow, UsageStore, Writes,
};
use serde_json::Value;

/// A store whose notifications never come
#[derive(Debug)]
pub(crate) struct Deaf {
    store: SqlStore,
    listened: AtomicU32,
    polled: AtomicU32,
}

impl Deaf {
    pub(crate) fn new(store: SqlStore) -> Self {
        Self {
            store,
            listened: AtomicU32::new(0),
            polled: AtomicU32::new(0),
        }
    }

    /// How often it was polled
    pub(crate) fn polled(&self) -> u32 {
        self.polled.load(Ordering::Relaxed)
    }

    /// How often somebody began to listen to it
    pub(crate) fn listened(&self) -> u32 {
        self.listened.load(Ordering::Relaxed)
    }
}

/// Implements a trait with the methods in braces, and with those of the list by passing them on to the store within
macro_rules! pass_on {
    ($trait:ident { $($own:tt)* } $($method:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl $trait for Deaf {
            $($own)*

            $(async fn $method(&self, $($name: $type),*) -> Result<$result, StoreError> {
                self.store.$method($($name),*).await
            })*
        }
    };
}

pass_on! {
    Store {
        async fn heads(&self) -> Result<StoreRevisions, StoreError> {
            self.polled.fetch_add(1, Ordering::Relaxed);
            self.store.heads().await
        }

        fn writes(&self) -> &Writes {
            self.store.writes()
        }

        fn pools(&self) -> Vec<PoolUse> {
            self.store.pools()
        }

        fn durations(&self) -> &PoolDurations {
            self.store.durations()
        }

        async fn listen(&self) -> Result<Option<Box<dyn CommitNotifications>>, StoreError> {
            self.listened.fetch_add(1, Ordering::Relaxed);
            Ok(Some(Box::new(Silence)))
        }
    }
    try_write() -> ();
    renew_epoch(epoch: &str) -> ();
    environments() -> Vec<EnvironmentRow>;
    create_environments(new: NewEnvironments) -> ();
    change_name(change: NameChange) -> String;
    project_id(name: &str) -> Option<i64>;
    load(environment: i64) -> EnvironmentContent;
    load_since(environment: i64, revision: u64) -> Since;
    commit_all(commits: Vec<Commit>, note: Option<NoteChange>, asked_at: Instant) -> ();
    entry_notes(environment: i64, entries: Vec<EntryId>) -> Vec<EntryRow>;
    entries_by_time(query: EntryQuery) -> Vec<EntryRow>;
    audit(query: AuditQuery) -> Vec<AuditRow>;
    audit_events(project: i64, after: u64, limit: u32) -> Vec<AuditEvent>;
    audit_details(project: i64, sequence: u64) -> AuditDetails;
    audit_head(project: i64) -> AuditHead;
    forget_audit(kept: Duration, author: Author) -> ();
    flag_at_revision(environment: i64, flag: &str, revision: u64) -> Option<Value>;
    access() -> Access;
    ensure_key(key: CredentialRow) -> ();
    insert_credentials_if_none(keys: Vec<CredentialRow>) -> Vec<String>;
    drop_keys(hashes: Vec<String>) -> ();
    change_access(change: AccessChange) -> ();
    credential_uses() -> Vec<(String, Timestamp)>;
    put_credential_uses(uses: Vec<(String, Timestamp)>) -> ();
    change_settings(change: SettingsChange) -> ();
}

pass_on! {
    InstanceStore {
        fn is_shared(&self) -> bool {
            self.store.is_shared()
        }
    }
    put_node_reports(reports: Vec<NodeInstances>) -> ();
    node_reports(but: &str) -> Vec<NodeInstances>;
    forget_instances(node: &str, beat: u64) -> ();
}

pass_on! {
    SessionStore {}
    begin_session(session: SessionRow) -> ();
    exchange_link(hash: String, session: NewLinkSession) -> Option<SessionRow>;
    session(hash: &str) -> Option<SessionRow>;
    end_session(hash: &str) -> bool;
    end_sessions(end: SessionsEnd) -> Option<usize>;
    session_uses() -> Vec<(String, Timestamp)>;
    put_session_uses(uses: Vec<(String, Timestamp)>) -> ();
    create_link(link: LinkRow, now: Timestamp) -> ();
}

pass_on! {
    UsageStore {}
    add_evaluations(rows: Vec<UsageRow>) -> ();
    add_seen(rows: Vec<SeenFlag>) -> ();
    add_unknown(rows: Vec<UnknownFlag>) -> ();
    usage(query: UsageQuery) -> Vec<UsagePoint>;
    usage_of_flags(query: FlagsUsageQuery) -> Vec<FlagUsagePoint>;
    seen_flags(since: Timestamp) -> Vec<SeenFlag>;
    unknown_flags(environment: i64) -> Vec<UnknownFlag>;
    forget_usage(before: Timestamp) -> ();
}

pass_on! {
    IdempotencyStore {}
    claim(claim: NewClaim) -> ClaimResult;
    renew(claim: &Claim, at: Timestamp) -> bool;
    store_response(claim: &Claim, answer: String) -> ();
    release(claim: &Claim) -> ();
}

pass_on! {
    CatalogueStore {}
    flag_notes(project: i64) -> Vec<ProjectFlagRow>;
    change_flag_note(change: NoteChange) -> ();
}

#[derive(Debug)]
struct Silence;

#[async_trait]
impl CommitNotifications for Silence {
    async fn next(&mut self) -> Result<(), StoreError> {
        std::future::pending().await
    }
}
