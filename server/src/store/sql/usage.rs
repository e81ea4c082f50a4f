//! Usage: additive upserts, so that what several nodes have counted adds up

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Connection as _, Row as _, Transaction};

use super::batch::Batch;
use super::row::signed;
use super::{SqlStore, WORK, timestamp, unsigned};
use crate::store::usage::{
    KEPT_UNKNOWN, SeenFlag, UnknownFlag, UsageCounts, UsageQuery, UsageRow, UsageStep, UsageStore,
};
use crate::store::{StoreError, sql::dialect::Dialect};

/// What PostgreSQL cannot hold in a text; no key has it, and a variant that does is not worth a failure
const NUL: char = '\0';

#[async_trait]
impl UsageStore for SqlStore {
    async fn add_usage(&self, counted: UsageCounts) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                add(transaction, dialect, counted).await
            })
        })
        .await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageStep>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(usage(connection, query))
        })
        .await
    }

    async fn seen_flags(&self, since: Timestamp) -> Result<Vec<SeenFlag>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(seen_flags(connection, since))
        })
        .await
    }

    async fn unknown_flags(&self, environment: i64) -> Result<Vec<UnknownFlag>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(unknown_flags(connection, environment))
        })
        .await
    }

    async fn forget_usage(&self, before: Timestamp) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let begin = self.dialect.begin_writing();
            Box::pin(async move { forget(connection.begin_with(begin).await?, before).await })
        })
        .await
    }
}

async fn add(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    mut counted: UsageCounts,
) -> Result<(), StoreError> {
    // Two nodes that lock the same rows in different orders would wait for each other.
    counted.evaluations.retain(|row| {
        let is_bad = |name: &Arc<str>| name.contains(NUL);
        !is_bad(&row.flag) && !row.variant.as_ref().is_some_and(is_bad)
    });
    counted.evaluations.sort_by(|one, other| {
        let key = |row: &UsageRow| (row.environment, Arc::clone(&row.flag), row.began_at);
        (key(one), &one.variant).cmp(&(key(other), &other.variant))
    });
    let key = |environment: i64, flag: &Arc<str>| (environment, Arc::clone(flag));
    counted
        .seen
        .sort_by_key(|row| key(row.environment, &row.flag));
    counted
        .unknown
        .retain(|row| !row.flag.contains(NUL) && !row.sdk.contains(NUL));
    counted
        .unknown
        .sort_by_key(|row| key(row.environment, &row.flag));
    let connection = &mut *transaction;
    add_evaluations(connection, &counted.evaluations).await?;
    add_seen(connection, &counted.seen).await?;
    add_unknown(connection, dialect, &counted.unknown).await?;
    transaction.commit().await?;
    Ok(())
}

async fn add_evaluations(
    connection: &mut AnyConnection,
    rows: &[UsageRow],
) -> Result<(), StoreError> {
    let add = Batch {
        before: "INSERT INTO usage_hour (environment_id, flag, began_at, variant, evaluations) VALUES",
        columns: 5,
        after: "ON CONFLICT (environment_id, flag, began_at, variant) \
                DO UPDATE SET evaluations = usage_hour.evaluations + excluded.evaluations",
    };
    add.run(connection, rows, |statement, row| {
        Ok(statement
            .bind(row.environment)
            .bind(row.flag.to_string())
            .bind(row.began_at.as_millis())
            .bind(row.variant.as_deref().unwrap_or_default().to_owned())
            .bind(signed(row.evaluations)?))
    })
    .await
}

async fn add_seen(connection: &mut AnyConnection, rows: &[SeenFlag]) -> Result<(), StoreError> {
    let add = Batch {
        before: "INSERT INTO flag_seen (environment_id, flag, seen_at) VALUES",
        columns: 3,
        after: "ON CONFLICT (environment_id, flag) DO UPDATE SET seen_at = excluded.seen_at \
                WHERE excluded.seen_at > flag_seen.seen_at",
    };
    add.run(connection, rows, |statement, row| {
        Ok(statement
            .bind(row.environment)
            .bind(row.flag.to_string())
            .bind(row.seen_at.as_millis()))
    })
    .await
}

async fn add_unknown(
    connection: &mut AnyConnection,
    dialect: Dialect,
    rows: &[UnknownFlag],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    if let Some(lock) = dialect.lock_unknown_flags() {
        // Two nodes that trim the same list would delete in different orders.
        sqlx::query(lock).execute(&mut *connection).await?;
    }
    let add = Batch {
        before: "INSERT INTO unknown_flag (environment_id, flag, evaluations, first_seen_at, last_seen_at, sdk) VALUES",
        columns: 6,
        after: "ON CONFLICT (environment_id, flag) DO UPDATE SET \
                evaluations = unknown_flag.evaluations + excluded.evaluations, \
                last_seen_at = excluded.last_seen_at, sdk = excluded.sdk",
    };
    add.run(connection, rows, |statement, row| {
        Ok(statement
            .bind(row.environment)
            .bind(row.flag.to_string())
            .bind(signed(row.evaluations)?)
            .bind(row.first_seen_at.as_millis())
            .bind(row.last_seen_at.as_millis())
            .bind(row.sdk.to_string()))
    })
    .await?;
    let kept = i64::try_from(KEPT_UNKNOWN).unwrap_or(i64::MAX);
    let environments: BTreeSet<i64> = rows.iter().map(|row| row.environment).collect();
    for environment in environments {
        sqlx::query(
            "DELETE FROM unknown_flag WHERE environment_id = $1 AND flag NOT IN (SELECT flag FROM unknown_flag \
             WHERE environment_id = $1 ORDER BY evaluations DESC, last_seen_at DESC, flag LIMIT $2)",
        )
        .bind(environment)
        .bind(kept)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn usage(
    connection: &mut AnyConnection,
    query: UsageQuery,
) -> Result<Vec<UsageStep>, StoreError> {
    let rows = sqlx::query(
        "SELECT began_at / $1 * $1, variant, CAST(SUM(evaluations) AS BIGINT) FROM usage_hour \
         WHERE environment_id = $2 AND flag = $3 AND began_at >= $4 AND began_at < $5 \
         GROUP BY began_at / $1 * $1, variant ORDER BY began_at / $1 * $1, variant",
    )
    .bind(query.step)
    .bind(query.environment)
    .bind(query.flag)
    .bind(query.from.as_millis())
    .bind(query.until.as_millis())
    .fetch_all(connection)
    .await?;
    let step = |row: &AnyRow| {
        let variant: String = row.try_get(1)?;
        Ok(UsageStep {
            began_at: timestamp(row.try_get(0)?),
            variant: Some(variant).filter(|variant| !variant.is_empty()),
            evaluations: unsigned(row.try_get(2)?)?,
        })
    };
    rows.iter().map(step).collect()
}

async fn seen_flags(
    connection: &mut AnyConnection,
    since: Timestamp,
) -> Result<Vec<SeenFlag>, StoreError> {
    let rows = sqlx::query(
        "SELECT environment_id, flag, seen_at FROM flag_seen WHERE seen_at >= $1 ORDER BY environment_id, flag",
    )
    .bind(since.as_millis())
    .fetch_all(connection)
    .await?;
    let seen = |row: &AnyRow| {
        Ok(SeenFlag {
            environment: row.try_get(0)?,
            flag: row.try_get::<String, _>(1)?.into(),
            seen_at: timestamp(row.try_get(2)?),
        })
    };
    rows.iter().map(seen).collect()
}

async fn unknown_flags(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<Vec<UnknownFlag>, StoreError> {
    let rows = sqlx::query(
        "SELECT flag, evaluations, first_seen_at, last_seen_at, sdk FROM unknown_flag WHERE environment_id = $1",
    )
    .bind(environment)
    .fetch_all(connection)
    .await?;
    let unknown = |row: &AnyRow| {
        Ok(UnknownFlag {
            environment,
            flag: row.try_get::<String, _>(0)?.into(),
            evaluations: unsigned(row.try_get(1)?)?,
            first_seen_at: timestamp(row.try_get(2)?),
            last_seen_at: timestamp(row.try_get(3)?),
            sdk: row.try_get::<String, _>(4)?.into(),
        })
    };
    let mut unknown: Vec<_> = rows
        .iter()
        .map(unknown)
        .collect::<Result<_, StoreError>>()?;
    // Here, since the order of texts is another one in each database.
    unknown.sort_by(|one, other| {
        let most = other.evaluations.cmp(&one.evaluations);
        most.then_with(|| one.flag.cmp(&other.flag))
    });
    Ok(unknown)
}

async fn forget(
    mut transaction: Transaction<'_, Any>,
    before: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM usage_hour WHERE began_at < $1",
        "DELETE FROM unknown_flag WHERE last_seen_at < $1",
    ] {
        sqlx::query(statement)
            .bind(before.as_millis())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
