//! Usage: the sums of what nodes have counted

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::{SqlStore, WORK, timestamp, unsigned};
use crate::store::StoreError;
use crate::store::usage::{
    FlagUsagePoint, FlagsUsageQuery, KnownAttribute, SeenAttribute, SeenFlag, UnknownFlag,
    UsagePoint, UsageQuery, UsageRow, UsageStore,
};

mod add;
mod attributes;

pub(super) use attributes::forget as forget_attributes;

impl SqlStore {
    async fn add_usage<R: add::Row>(&self, rows: Vec<R>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write(WORK, move |transaction, dialect| {
            Box::pin(add::add(transaction, dialect, rows))
        })
        .await
    }
}

#[async_trait]
impl UsageStore for SqlStore {
    async fn add_evaluations(&self, rows: Vec<UsageRow>) -> Result<(), StoreError> {
        self.add_usage(rows).await
    }

    async fn add_seen(&self, rows: Vec<SeenFlag>) -> Result<(), StoreError> {
        self.add_usage(rows).await
    }

    async fn add_unknown(&self, rows: Vec<UnknownFlag>) -> Result<(), StoreError> {
        self.add_usage(rows).await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsagePoint>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(usage(connection, query))
        })
        .await
    }

    async fn usage_of_flags(
        &self,
        query: FlagsUsageQuery,
    ) -> Result<Vec<FlagUsagePoint>, StoreError> {
        self.on(&self.readers, WORK, move |connection| {
            Box::pin(usage_of_flags(connection, query))
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

    async fn add_attributes(&self, rows: Vec<SeenAttribute>) -> Result<(), StoreError> {
        self.add_usage(rows).await
    }

    async fn attributes(&self, environment: i64) -> Result<Vec<KnownAttribute>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(attributes::all(connection, environment))
        })
        .await
    }

    async fn forget_usage(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, _| {
            Box::pin(forget(transaction, before))
        })
        .await
    }
}

async fn usage(
    connection: &mut AnyConnection,
    query: UsageQuery,
) -> Result<Vec<UsagePoint>, StoreError> {
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
        Ok(UsagePoint {
            began_at: timestamp(row.try_get(0)?),
            variant: Some(variant).filter(|variant| !variant.is_empty()),
            evaluations: unsigned(row.try_get(2)?)?,
        })
    };
    rows.iter().map(step).collect()
}

async fn usage_of_flags(
    connection: &mut AnyConnection,
    query: FlagsUsageQuery,
) -> Result<Vec<FlagUsagePoint>, StoreError> {
    let rows = sqlx::query(
        "SELECT flag, began_at / $1 * $1, CAST(SUM(evaluations) AS BIGINT) FROM usage_hour \
         WHERE environment_id = $2 AND began_at >= $3 GROUP BY flag, began_at / $1 * $1",
    )
    .bind(query.step)
    .bind(query.environment)
    .bind(query.from.as_millis())
    .fetch_all(connection)
    .await?;
    let step = |row: &AnyRow| {
        Ok(FlagUsagePoint {
            flag: row.try_get(0)?,
            began_at: timestamp(row.try_get(1)?),
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
    // Sorted here, since the two databases order text differently.
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
        "DELETE FROM attribute_seen WHERE last_seen_at < $1",
    ] {
        sqlx::query(statement)
            .bind(before.as_millis())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
