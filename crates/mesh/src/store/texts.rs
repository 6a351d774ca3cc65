//! Texts in the zone (TXT records).

use std::collections::BTreeMap;

use platform::{
    db::{Db, Error, Tx},
    on_db,
};

/// Every name that has texts, and these in order.
///
/// # Errors
/// When the store fails.
pub async fn texts(db: &Db) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let rows: Vec<(String, String)> = on_db!(db, c => {
        sqlx::query_as("SELECT name, value FROM mesh_dns_texts ORDER BY name, place").fetch_all(c).await
    })?;
    let mut texts = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in rows {
        texts.entry(name).or_default().push(value);
    }
    Ok(texts)
}

/// The texts of one name.
///
/// # Errors
/// When the store fails.
pub async fn texts_of(tx: &mut Tx, name: &str) -> Result<Vec<String>, Error> {
    Ok(on_db!(tx, c => {
        sqlx::query_scalar("SELECT value FROM mesh_dns_texts WHERE name = $1 ORDER BY place").bind(name).fetch_all(c).await?
    }))
}

/// How many names have texts.
///
/// # Errors
/// When the store fails.
pub async fn count_texts(tx: &mut Tx) -> Result<i64, Error> {
    Ok(on_db!(tx, c => {
        sqlx::query_scalar("SELECT COUNT(DISTINCT name) FROM mesh_dns_texts").fetch_one(c).await?
    }))
}

/// Gives a name these texts and no others; with none it has none. Tells whether it had any.
///
/// # Errors
/// When the store fails.
pub async fn set_texts(tx: &mut Tx, name: &str, values: &[String]) -> Result<bool, Error> {
    let now = tx.now_micros();
    let removed = on_db!(tx, c => {
        sqlx::query("DELETE FROM mesh_dns_texts WHERE name = $1").bind(name).execute(c).await?.rows_affected()
    });
    for (place, value) in (0_i64..).zip(values) {
        on_db!(tx, c => {
            sqlx::query("INSERT INTO mesh_dns_texts (name, place, value, set_at) VALUES ($1, $2, $3, $4)")
                .bind(name).bind(place).bind(value).bind(now)
                .execute(c).await?;
        });
    }
    Ok(removed > 0)
}
