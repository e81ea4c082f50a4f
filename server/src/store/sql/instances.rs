//! Reports of nodes about their instances: one row for each node and environment

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::batch::Batch;
use super::dialect::Dialect;
use super::row::signed;
use super::{SqlStore, WORK, unsigned};
use crate::store::{InstanceStore, NodeInstances, StoreError};

#[async_trait]
impl InstanceStore for SqlStore {
    fn is_shared(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    async fn put_node_reports(&self, reports: Vec<NodeInstances>) -> Result<(), StoreError> {
        // One statement is enough: every node writes only its own rows, and there are few environments.
        let put = Batch {
            before: "INSERT INTO node_instances (node, environment_id, beat, body) VALUES",
            columns: 4,
            after: "ON CONFLICT (node, environment_id) DO UPDATE SET beat = excluded.beat, body = excluded.body",
        };
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move {
                put.run(connection, &reports, |statement, row| {
                    Ok(statement
                        .bind(row.node.clone())
                        .bind(row.environment)
                        .bind(signed(row.beat)?)
                        .bind(row.body.clone()))
                })
                .await
            })
        })
        .await
    }

    async fn node_reports(&self, but: &str) -> Result<Vec<NodeInstances>, StoreError> {
        let but = but.to_owned();
        self.on(&self.readers, WORK, |connection| {
            Box::pin(reports_of_others(connection, but))
        })
        .await
    }

    async fn forget_instances(&self, node: &str, beat: u64) -> Result<(), StoreError> {
        let (node, beat) = (node.to_owned(), signed(beat)?);
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM node_instances WHERE node = $1 AND beat <= $2")
                    .bind(node)
                    .bind(beat)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn reports_of_others(
    connection: &mut AnyConnection,
    but: String,
) -> Result<Vec<NodeInstances>, StoreError> {
    let rows = sqlx::query(
        "SELECT node, environment_id, beat, body FROM node_instances WHERE node <> $1 ORDER BY node, environment_id",
    )
    .bind(but)
    .fetch_all(connection)
    .await?;
    let report = |row: &AnyRow| {
        Ok(NodeInstances {
            node: row.try_get(0)?,
            environment: row.try_get(1)?,
            beat: unsigned(row.try_get(2)?)?,
            body: row.try_get(3)?,
        })
    };
    rows.iter().map(report).collect()
}
