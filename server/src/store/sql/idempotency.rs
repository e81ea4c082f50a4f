//! Writes with an `Idempotency-Key`

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::{SqlStore, WORK};
use crate::store::StoreError;
use crate::store::idempotency::{Claim, ClaimResult, IdempotencyStore, NewClaim};

#[async_trait]
impl IdempotencyStore for SqlStore {
    async fn claim(&self, claim: NewClaim) -> Result<ClaimResult, StoreError> {
        self.write(WORK, move |transaction, _| {
            Box::pin(self::claim(transaction, claim))
        })
        .await
    }

    async fn renew(&self, claim: &Claim, at: Timestamp) -> Result<bool, StoreError> {
        let claim = claim.clone();
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move {
                // Never backwards: the clocks of nodes differ.
                let renewed = sqlx::query(
                    "UPDATE idempotency SET claimed_at = CASE WHEN claimed_at < $4 THEN $4 ELSE claimed_at END \
                     WHERE scope = $1 AND name = $2 AND claim = $3 AND applied = 0",
                )
                .bind(claim.scope.to_string())
                .bind(claim.key.to_string())
                .bind(claim.id.to_string())
                .bind(at.as_millis())
                .execute(connection)
                .await?;
                Ok(renewed.rows_affected() == 1)
            })
        })
        .await
    }

    async fn store_response(&self, claim: &Claim, answer: String) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE idempotency SET answer = $4 WHERE scope = $1 AND name = $2 AND claim = $3",
                )
                .bind(claim.scope.to_string())
                .bind(claim.key.to_string())
                .bind(claim.id.to_string())
                .bind(answer)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move {
                sqlx::query(
                    "DELETE FROM idempotency WHERE scope = $1 AND name = $2 AND claim = $3 AND applied = 0",
                )
                .bind(claim.scope.to_string())
                .bind(claim.key.to_string())
                .bind(claim.id.to_string())
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn claim(
    mut transaction: Transaction<'_, Any>,
    new: NewClaim,
) -> Result<ClaimResult, StoreError> {
    let connection = &mut *transaction;
    sqlx::query("DELETE FROM idempotency WHERE expires_at <= $1")
        .bind(new.at.as_millis())
        .execute(&mut *connection)
        .await?;
    let claimed = if insert(connection, &new).await? {
        let is_full = count(connection, &new.claim.scope).await? > i64::from(new.most);
        if is_full {
            ClaimResult::TooMany
        } else {
            ClaimResult::Mine
        }
    } else {
        before(connection, &new).await?
    };
    // A claim beyond the limit is not stored.
    if claimed != ClaimResult::TooMany {
        transaction.commit().await?;
    }
    Ok(claimed)
}

/// Inserts the claim; returns whether the key was unused
async fn insert(connection: &mut AnyConnection, new: &NewClaim) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO idempotency (scope, name, fingerprint, claim, claimed_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (scope, name) DO NOTHING",
    )
    .bind(new.claim.scope.to_string())
    .bind(new.claim.key.to_string())
    .bind(new.fingerprint.clone())
    .bind(new.claim.id.to_string())
    .bind(new.at.as_millis())
    .bind(new.expires_at.as_millis())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn count(connection: &mut AnyConnection, scope: &str) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) FROM idempotency WHERE scope = $1")
        .bind(scope.to_owned())
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// The result of the earlier attempt; takes its place if it failed
async fn before(connection: &mut AnyConnection, new: &NewClaim) -> Result<ClaimResult, StoreError> {
    // This locks the row, so that of two simultaneous claims one sees the other.
    let taken = sqlx::query(
        "UPDATE idempotency SET claim = $4, claimed_at = $5 WHERE scope = $1 AND name = $2 AND fingerprint = $3 \
         AND answer IS NULL AND applied = 0 AND claimed_at < $6",
    )
    .bind(new.claim.scope.to_string())
    .bind(new.claim.key.to_string())
    .bind(new.fingerprint.clone())
    .bind(new.claim.id.to_string())
    .bind(new.at.as_millis())
    .bind(new.abandoned_before.as_millis())
    .execute(&mut *connection)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(ClaimResult::Mine);
    }
    let row = sqlx::query(
        "SELECT fingerprint, applied, answer, claimed_at FROM idempotency WHERE scope = $1 AND name = $2",
    )
    .bind(new.claim.scope.to_string())
    .bind(new.claim.key.to_string())
    .fetch_optional(connection)
    .await?;
    // It was released this moment: the caller tries again.
    let Some(row) = row else {
        return Ok(ClaimResult::UnderWay {
            since: new.abandoned_before,
        });
    };
    let (fingerprint, applied): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    let answer: Option<String> = row.try_get(2)?;
    let since = Timestamp::from_millis(row.try_get(3)?);
    Ok(match answer {
        _ if fingerprint != new.fingerprint => ClaimResult::Reused,
        Some(answer) => ClaimResult::Answered(answer),
        // The response is stored after the transaction: until the lease ends it may still arrive.
        None if applied != 0 && since < new.abandoned_before => ClaimResult::Applied,
        None => ClaimResult::UnderWay { since },
    })
}

/// Marks an attempt as applied, in the transaction that applies it
pub(super) async fn apply(connection: &mut AnyConnection, claim: &Claim) -> Result<(), StoreError> {
    let applied = sqlx::query(
        "UPDATE idempotency SET applied = 1 WHERE scope = $1 AND name = $2 AND claim = $3 AND applied = 0",
    )
    .bind(claim.scope.to_string())
    .bind(claim.key.to_string())
    .bind(claim.id.to_string())
    .execute(connection)
    .await?;
    if applied.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Superseded)
    }
}
