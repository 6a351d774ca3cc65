use platform::{
    db::{Db, Error, Tx},
    on_db,
};
use sqlx::FromRow;

use crate::history::Hour;

#[derive(FromRow)]
struct Row {
    hour: i64,
    checks: i64,
    failures: i64,
    ms_sum: i64,
    ms_max: i64,
}

impl Row {
    fn read(self) -> Hour {
        // What was written came from these types.
        Hour {
            number: self.hour,
            checks: self.checks.try_into().unwrap_or(u32::MAX),
            failures: self.failures.try_into().unwrap_or(u32::MAX),
            ms_sum: self.ms_sum.try_into().unwrap_or(u64::MAX),
            ms_max: self.ms_max.try_into().unwrap_or(u32::MAX),
        }
    }
}

/// Adds to an hour of a service.
///
/// # Errors
/// When the store fails.
pub async fn add_hour(tx: &mut Tx, service: &str, hour: &Hour) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_hours (service, hour, checks, failures, ms_sum, ms_max) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (service, hour) DO UPDATE SET checks = mesh_hours.checks + excluded.checks,
                failures = mesh_hours.failures + excluded.failures, ms_sum = mesh_hours.ms_sum + excluded.ms_sum,
                ms_max = CASE WHEN excluded.ms_max > mesh_hours.ms_max THEN excluded.ms_max ELSE mesh_hours.ms_max END",
        )
        .bind(service).bind(hour.number).bind(i64::from(hour.checks)).bind(i64::from(hour.failures))
        .bind(i64::try_from(hour.ms_sum).unwrap_or(i64::MAX)).bind(i64::from(hour.ms_max))
        .execute(c).await?;
    });
    Ok(())
}

/// Forgets hours before this one.
///
/// # Errors
/// When the store fails.
pub async fn forget_hours(tx: &mut Tx, before: i64) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("DELETE FROM mesh_hours WHERE hour < $1").bind(before).execute(c).await?;
    });
    Ok(())
}

/// The hours of a service from this one on, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn hours(db: &Db, service: &str, from: i64) -> Result<Vec<Hour>, Error> {
    let rows: Vec<Row> = on_db!(db, c => {
        sqlx::query_as(
            "SELECT hour, checks, failures, ms_sum, ms_max FROM mesh_hours WHERE service = $1 AND hour >= $2 ORDER BY hour",
        )
        .bind(service).bind(from).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(Row::read).collect())
}
