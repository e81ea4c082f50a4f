//! Sessions and the links that begin one

use std::collections::BTreeMap;

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::access::{commit, hold};
use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{SqlStore, WORK, idempotency, timestamp};
use crate::store::sessions::{
    LinkRow, MAX_SESSIONS, NewLinkSession, SessionHolder, SessionRow, SessionStore, SessionsEnd,
    UsedLogoutToken,
};
use crate::store::{AuditEntry, Author, Origin, StoreError};

const COLUMNS: &str = "hash, holder, created_at, used_at, expires_at, id_token, user_agent";

#[async_trait]
impl SessionStore for SqlStore {
    async fn begin_session(&self, session: SessionRow) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(begin(transaction, dialect, session))
        })
        .await
    }

    async fn exchange_link(
        &self,
        hash: String,
        session: NewLinkSession,
    ) -> Result<Option<SessionRow>, StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(exchange(transaction, dialect, hash, session))
        })
        .await
    }

    async fn session(&self, hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let hash = hash.to_owned();
        self.on(&self.followers, WORK, |connection| {
            Box::pin(async move {
                let row = sqlx::query(sqlx::AssertSqlSafe(format!(
                    "SELECT {COLUMNS} FROM session WHERE hash = $1"
                )))
                .bind(hash)
                .fetch_optional(connection)
                .await?;
                row.as_ref().map(session).transpose()
            })
        })
        .await
    }

    async fn end_session(&self, hash: &str) -> Result<bool, StoreError> {
        let hash = hash.to_owned();
        self.write(WORK, move |transaction, dialect| {
            Box::pin(end(transaction, dialect, hash))
        })
        .await
    }

    async fn end_sessions(&self, end: SessionsEnd) -> Result<Option<usize>, StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(end_all(transaction, dialect, end))
        })
        .await
    }

    async fn session_uses(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.on(&self.followers, WORK, |connection| {
            Box::pin(async move {
                let rows = sqlx::query("SELECT hash, used_at FROM session")
                    .fetch_all(connection)
                    .await?;
                let uses = rows
                    .iter()
                    .map(|row| Ok((row.try_get(0)?, timestamp(row.try_get(1)?))));
                uses.collect()
            })
        })
        .await
    }

    async fn put_session_uses(&self, uses: Vec<(String, Timestamp)>) -> Result<(), StoreError> {
        self.write(WORK, move |mut transaction, _| {
            Box::pin(async move {
                for (hash, at) in uses {
                    sqlx::query("UPDATE session SET used_at = $2 WHERE hash = $1 AND used_at < $2")
                        .bind(hash)
                        .bind(at.as_millis())
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await?;
                Ok(())
            })
        })
        .await
    }

    async fn create_link(&self, link: LinkRow, now: Timestamp) -> Result<(), StoreError> {
        self.write(WORK, move |mut transaction, _| {
            Box::pin(async move {
                sqlx::query("DELETE FROM sign_in_link WHERE expires_at <= $1")
                    .bind(now.as_millis())
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(
                    "INSERT INTO sign_in_link (hash, name, expires_at) VALUES ($1, $2, $3)",
                )
                .bind(link.hash)
                .bind(link.name)
                .bind(link.expires_at.as_millis())
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await?;
                Ok(())
            })
        })
        .await
    }
}

/// All sessions, oldest first
pub(super) async fn all(connection: &mut AnyConnection) -> Result<Vec<SessionRow>, StoreError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM session ORDER BY created_at, hash"
    )))
    .fetch_all(connection)
    .await?;
    rows.iter().map(session).collect()
}

async fn begin(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    session: SessionRow,
) -> Result<(), StoreError> {
    // So that every node learns of it, as of a new key.
    hold(&mut transaction).await?;
    insert(&mut transaction, &session).await?;
    commit(transaction, dialect).await
}

async fn exchange(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    hash: String,
    new: NewLinkSession,
) -> Result<Option<SessionRow>, StoreError> {
    hold(&mut transaction).await?;
    let link =
        sqlx::query("DELETE FROM sign_in_link WHERE hash = $1 AND expires_at > $2 RETURNING name")
            .bind(hash)
            .bind(new.created_at.as_millis())
            .fetch_optional(&mut *transaction)
            .await?;
    let Some(link) = link else {
        return Ok(None);
    };
    let session = SessionRow {
        hash: new.hash,
        holder: SessionHolder::Operator {
            name: link.try_get(0)?,
        },
        created_at: new.created_at,
        used_at: new.created_at,
        expires_at: new.expires_at,
        id_token: None,
        user_agent: new.user_agent,
    };
    insert(&mut transaction, &session).await?;
    commit(transaction, dialect).await?;
    Ok(Some(session))
}

async fn end(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    hash: String,
) -> Result<bool, StoreError> {
    hold(&mut transaction).await?;
    let deleted = sqlx::query("DELETE FROM session WHERE hash = $1")
        .bind(hash)
        .execute(&mut *transaction)
        .await?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    commit(transaction, dialect).await?;
    Ok(true)
}

async fn end_all(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    end: SessionsEnd,
) -> Result<Option<usize>, StoreError> {
    let connection = &mut *transaction;
    hold(connection).await?;
    if let Some(token) = &end.logout_token
        && !use_token(connection, token, end.author.at).await?
    {
        return Ok(None);
    }
    let mut ended = 0_usize;
    // In the order of the projects, as everywhere, so that no two transactions wait for each other.
    let mut audits: BTreeMap<i64, Vec<AuditEntry>> = BTreeMap::new();
    for session in end.sessions {
        let deleted = sqlx::query("DELETE FROM session WHERE hash = $1")
            .bind(session.hash)
            .execute(&mut *connection)
            .await?;
        // Somebody else may have been first.
        if deleted.rows_affected() == 0 {
            continue;
        }
        ended = ended.saturating_add(1);
        for project in session.projects {
            audits
                .entry(project)
                .or_default()
                .push(session.audit.clone());
        }
    }
    // Once, and not with the rows of each project.
    if let Some(claim) = &end.author.origin.claim {
        idempotency::apply(connection, claim).await?;
    }
    let author = Author {
        origin: Origin {
            claim: None,
            ..end.author.origin
        },
        ..end.author
    };
    for (project, entries) in &audits {
        let occasion = Occasion {
            project: *project,
            environment: None,
            revision: None,
            author: &author,
        };
        audit::add(connection, occasion, entries).await?;
    }
    commit(transaction, dialect).await?;
    Ok(Some(ended))
}

/// Notes that a logout token is used; `false` if it was before
async fn use_token(
    connection: &mut AnyConnection,
    token: &UsedLogoutToken,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM logout_token WHERE expires_at <= $1")
        .bind(now.as_millis())
        .execute(&mut *connection)
        .await?;
    let inserted = sqlx::query(
        "INSERT INTO logout_token (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
    )
    .bind(&*token.hash)
    .bind(token.expires_at.as_millis())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert(connection: &mut AnyConnection, session: &SessionRow) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE expires_at <= $1")
        .bind(session.created_at.as_millis())
        .execute(&mut *connection)
        .await?;
    let holder = serde_json::to_string(&session.holder).map_err(|_| CORRUPT)?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO session ({COLUMNS}, name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    )))
    .bind(&*session.hash)
    .bind(holder)
    .bind(session.created_at.as_millis())
    .bind(session.used_at.as_millis())
    .bind(session.expires_at.as_millis())
    .bind(session.id_token.as_deref())
    .bind(session.user_agent.as_deref())
    .bind(session.holder.actor())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM session WHERE name = $1 AND hash NOT IN \
         (SELECT hash FROM session WHERE name = $1 ORDER BY created_at DESC, hash LIMIT $2)",
    )
    .bind(session.holder.actor())
    .bind(MAX_SESSIONS)
    .execute(connection)
    .await?;
    Ok(())
}

const CORRUPT: StoreError = StoreError::Corrupt {
    what: "the holder of a session",
};

fn session(row: &AnyRow) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        hash: row.try_get(0)?,
        holder: serde_json::from_str(row.try_get(1)?).map_err(|_| CORRUPT)?,
        created_at: timestamp(row.try_get(2)?),
        used_at: timestamp(row.try_get(3)?),
        expires_at: timestamp(row.try_get(4)?),
        id_token: row.try_get(5)?,
        user_agent: row.try_get(6)?,
    })
}
