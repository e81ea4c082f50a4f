//! Keys and tokens

use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{environments, members, sessions, settings, timestamp};
use crate::store::{
    Access, AccessChange, BrowserPolicy, CredentialKind, CredentialRow, End, EndedKey, Owner,
    RulesChange, StoreError,
};

const COLUMNS: &str = "hash, kind, project_id, environment_id, name, hint, created_at, expires_at, rules, owner, owner_email";

const CORRUPT_RULES: StoreError = StoreError::Corrupt {
    what: "rules of a key",
};

/// How long an expired key is still listed
const SHOWN: i64 = 30 * 86_400_000;

/// Parses the number of changes from a value of `meta`
pub(super) fn version(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt {
        what: "a count of changes",
    })
}

pub(super) async fn access(mut transaction: Transaction<'_, Any>) -> Result<Access, StoreError> {
    let connection = &mut *transaction;
    let count = connection
        .fetch_one("SELECT value FROM meta WHERE name = 'access'")
        .await?;
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM credential ORDER BY created_at, hash"
    )))
    .fetch_all(&mut *connection)
    .await?;
    Ok(Access {
        version: version(count.try_get(0)?)?,
        rows: rows.iter().map(key).collect::<Result<_, _>>()?,
        public: settings::public(&mut *connection).await?,
        protected: settings::protected(&mut *connection).await?,
        attributes: settings::attributes(&mut *connection).await?,
        members: members::all(&mut *connection).await?,
        sessions: sessions::all(connection).await?,
    })
}

pub(super) async fn ensure(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    wanted: CredentialRow,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    hold(connection).await?;
    let Some(stored) = find(connection, &wanted.hash).await? else {
        insert(connection, &wanted).await?;
        return commit(transaction, dialect).await;
    };
    let purpose = |row: &CredentialRow| (row.kind, row.project_id, row.environment_id);
    if purpose(&stored) == purpose(&wanted) {
        Ok(())
    } else {
        Err(StoreError::KeyTaken)
    }
}

pub(super) async fn found(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    wanted: Vec<CredentialRow>,
) -> Result<Vec<String>, StoreError> {
    let connection = &mut *transaction;
    hold(connection).await?;
    let mut made = Vec::new();
    for row in wanted {
        let count =
            sqlx::query("SELECT COUNT(*) FROM credential WHERE kind = $1 AND expires_at IS NULL")
                .bind(row.kind.name())
                .fetch_one(&mut *connection)
                .await?;
        if count.try_get::<i64, _>(0)? == 0 {
            insert(connection, &row).await?;
            made.push(row.hash);
        }
    }
    if !made.is_empty() {
        commit(transaction, dialect).await?;
    }
    Ok(made)
}

pub(super) async fn drop_all(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    hashes: &[String],
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    hold(connection).await?;
    for hash in hashes {
        end(connection, hash, End::Now).await?;
    }
    commit(transaction, dialect).await
}

pub(super) async fn change(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    change: AccessChange,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    hold(connection).await?;
    if let Some(made) = &change.made {
        insert(connection, made).await?;
    }
    if let Some(ended) = &change.ended {
        end_key(connection, &change, ended).await?;
    }
    if let Some(change) = &change.rules {
        set_rules(connection, change).await?;
    }
    if let Some(member) = &change.member {
        members::change(connection, member).await?;
    }
    forget(connection, change.author.at).await?;
    let environment = match change.environment_id {
        Some(id) => Some((id, environments::name(connection, id).await?)),
        None => None,
    };
    let occasion = Occasion {
        project: change.project_id,
        environment: environment.as_ref().map(|(id, name)| (*id, name.as_str())),
        revision: None,
        author: &change.author,
    };
    audit::add(connection, occasion, &change.audit).await?;
    commit(transaction, dialect).await
}

/// Locks everything about access until the end of the transaction, and counts the change
pub(super) async fn hold(connection: &mut AnyConnection) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'access'",
        )
        .await?;
    Ok(())
}

pub(super) async fn commit(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
) -> Result<(), StoreError> {
    if let Some(announce) = dialect.announce() {
        transaction.execute(announce).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// When keys were last used, by their hashes
pub(super) async fn uses(
    connection: &mut AnyConnection,
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let rows = connection
        .fetch_all("SELECT hash, used_at FROM credential_use")
        .await?;
    let uses = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, Timestamp::from_millis(row.try_get(1)?))));
    uses.collect()
}

/// Stores when keys were used, and deletes the rows of keys that are gone
pub(super) async fn put_uses(
    mut transaction: Transaction<'_, Any>,
    uses: Vec<(String, Timestamp)>,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    for (hash, at) in uses {
        sqlx::query(
            "INSERT INTO credential_use (hash, used_at) VALUES ($1, $2) ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at \
             WHERE credential_use.used_at < excluded.used_at",
        )
        .bind(hash)
        .bind(at.as_millis())
        .execute(&mut *connection)
        .await?;
    }
    connection
        .execute("DELETE FROM credential_use WHERE hash NOT IN (SELECT hash FROM credential)")
        .await?;
    transaction.commit().await?;
    Ok(())
}

async fn find(
    connection: &mut AnyConnection,
    hash: &str,
) -> Result<Option<CredentialRow>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM credential WHERE hash = $1"
    )))
    .bind(hash)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(key).transpose()
}

async fn insert(connection: &mut AnyConnection, row: &CredentialRow) -> Result<(), StoreError> {
    let inserted = sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO credential ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (hash) DO NOTHING"
    )))
    .bind(&*row.hash)
    .bind(row.kind.name())
    .bind(row.project_id)
    .bind(row.environment_id)
    .bind(&*row.name)
    .bind(&*row.hint)
    .bind(row.created_at.as_millis())
    .bind(row.expires_at.map(Timestamp::as_millis))
    .bind(rules(&row.rules)?)
    .bind(row.owner.as_ref().map(|owner| &*owner.subject))
    .bind(row.owner.as_ref().and_then(|owner| owner.email.as_deref()))
    .execute(connection)
    .await?;
    if inserted.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::KeyTaken)
    }
}

async fn end(connection: &mut AnyConnection, hash: &str, end: End) -> Result<(), StoreError> {
    let query = match end {
        End::Now => sqlx::query("DELETE FROM credential WHERE hash = $1").bind(hash),
        End::At(at) => sqlx::query("UPDATE credential SET expires_at = $2 WHERE hash = $1")
            .bind(hash)
            .bind(at.as_millis()),
    };
    query.execute(connection).await?;
    Ok(())
}

async fn end_key(
    connection: &mut AnyConnection,
    change: &AccessChange,
    EndedKey { key, end }: &EndedKey,
) -> Result<(), StoreError> {
    let stored = find(connection, &key.hash)
        .await?
        .ok_or(StoreError::NoKey)?;
    // Access is locked, so of several rotations of a key at once only one creates a successor.
    if change.made.is_some() && stored != *key {
        return Err(match stored.expires_at {
            Some(_) => StoreError::EndsAlready,
            None => StoreError::Changed,
        });
    }
    self::end(connection, &key.hash, *end).await?;
    let is_admin = stored.kind == CredentialKind::Admin && !stored.has_expired(change.author.at);
    if !is_admin || has_admin(connection, stored.project_id).await? {
        Ok(())
    } else {
        Err(StoreError::LastAdmin)
    }
}

/// Whether there is a token without expiry that administers the project, or without a project all projects
///
/// An admin of one project cannot replace an admin of all projects: it has no rights in other projects and cannot create projects.
async fn has_admin(
    connection: &mut AnyConnection,
    project: Option<i64>,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM credential WHERE kind = $1 AND expires_at IS NULL AND (project_id IS NULL OR project_id = $2)",
    )
    .bind(CredentialKind::Admin.name())
    .bind(project)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

async fn forget(connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM credential WHERE expires_at < $1")
        .bind(now.as_millis().saturating_sub(SHOWN))
        .execute(connection)
        .await?;
    Ok(())
}

async fn set_rules(connection: &mut AnyConnection, change: &RulesChange) -> Result<(), StoreError> {
    let stored = find(connection, &change.hash)
        .await?
        .ok_or(StoreError::NoKey)?;
    // Access is locked, so nothing changes between reading and writing.
    if stored.rules != change.before {
        return Err(StoreError::Changed);
    }
    sqlx::query("UPDATE credential SET rules = $2 WHERE hash = $1")
        .bind(&*change.hash)
        .bind(rules(&change.after)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Restrictions as stored; `None` if there are none
fn rules(rules: &BrowserPolicy) -> Result<Option<String>, StoreError> {
    if *rules == BrowserPolicy::default() {
        return Ok(None);
    }
    let text = serde_json::to_string(rules);
    text.map(Some).map_err(|_| CORRUPT_RULES)
}

fn key(row: &AnyRow) -> Result<CredentialRow, StoreError> {
    let kind: &str = row.try_get(1)?;
    let kind = kind.parse().map_err(|_| StoreError::Corrupt {
        what: "a key of unknown kind",
    })?;
    Ok(CredentialRow {
        hash: row.try_get(0)?,
        kind,
        project_id: row.try_get(2)?,
        environment_id: row.try_get(3)?,
        name: row.try_get(4)?,
        hint: row.try_get(5)?,
        created_at: timestamp(row.try_get(6)?),
        expires_at: row.try_get::<Option<i64>, _>(7)?.map(timestamp),
        rules: match row.try_get::<Option<&str>, _>(8)? {
            Some(rules) => serde_json::from_str(rules).map_err(|_| CORRUPT_RULES)?,
            None => BrowserPolicy::default(),
        },
        owner: match row.try_get(9)? {
            Some(subject) => Some(Owner {
                subject,
                email: row.try_get(10)?,
            }),
            None => None,
        },
    })
}
