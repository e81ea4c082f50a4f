//! Statements with many rows: the time of a bulk load depends on the number of round trips

use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::dialect;
use crate::store::StoreError;

/// A statement with a list of rows
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// The text before the rows
    pub(super) before: &'static str,
    /// The number of parameters of a row
    pub(super) columns: usize,
    /// The text after the rows
    pub(super) after: &'static str,
}

/// A statement while its parameters are bound
type Statement<'q> = Query<'q, Any, AnyArguments>;

impl Batch {
    /// Runs the statement as often as needed; `bind` binds the parameters of a row
    pub(super) async fn run<T>(
        self,
        connection: &mut AnyConnection,
        rows: &[T],
        bind: impl Fn(Statement<'static>, &T) -> Result<Statement<'static>, StoreError>,
    ) -> Result<(), StoreError> {
        let most = dialect::rows_of_a_statement(connection);
        for rows in rows.chunks(most) {
            // Statements with these numbers of rows are used again and are worth preparing.
            let is_common = rows.len() == 1 || rows.len() == most;
            let text = AssertSqlSafe(self.text(rows.len()));
            let statement = sqlx::query(text).persistent(is_common);
            let statement = rows.iter().try_fold(statement, &bind)?;
            statement.execute(&mut *connection).await?;
        }
        Ok(())
    }

    fn text(self, rows: usize) -> String {
        let mut text = self.before.to_owned();
        let mut parameters = 1_usize..;
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { ", (" });
            for (column, parameter) in (0..self.columns).zip(&mut parameters) {
                let comma = if column == 0 { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}${parameter}");
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.after);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;

    #[test]
    fn parameters_are_numbered_through() {
        let batch = Batch {
            before: "INSERT INTO t (a, b) VALUES",
            columns: 2,
            after: "ON CONFLICT DO NOTHING",
        };
        let expected = "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING";
        assert_eq!(batch.text(2), expected);
    }
}
