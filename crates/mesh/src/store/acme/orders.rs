//! Orders of the ACME server.

use jiff::Timestamp;
use platform::{
    clock,
    db::{Db, Error, Tx},
    on_db,
};
use serde_json::Value;
use sqlx::FromRow;

use super::Authorization;
use super::authorizations::insert_authorization;

/// What an account wants a certificate for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: String,
    pub account: String,
    /// In lower case; `*.` stands before a wildcard.
    pub names: Vec<String>,
    /// `pending`, `ready`, `valid` or `invalid`.
    pub status: String,
    pub error: Option<Value>,
    /// Of the certificate.
    pub serial: Option<String>,
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: String,
    account: String,
    names: String,
    status: String,
    error: Option<String>,
    serial: Option<String>,
    expires_at: i64,
}

impl Row {
    fn read(self) -> Result<Order, Error> {
        Ok(Order {
            names: super::json(&self.names, "the names of an ACME order")?,
            error: self.error.map(|text| super::json(&text, "the error of an ACME order")).transpose()?,
            expires_at: clock::from_micros(self.expires_at),
            id: self.id,
            account: self.account,
            status: self.status,
            serial: self.serial,
        })
    }
}

/// An order by its id.
///
/// # Errors
/// When the store fails or the row is damaged.
pub async fn order(db: &Db, id: &str) -> Result<Option<Order>, Error> {
    let row: Option<Row> = on_db!(db, c => {
        sqlx::query_as("SELECT id, account, names, status, error, serial, expires_at FROM mesh_acme_orders WHERE id = $1")
            .bind(id).fetch_optional(c).await
    })?;
    row.map(Row::read).transpose()
}

/// The ids of an account's newest orders.
///
/// # Errors
/// When the store fails.
pub async fn of_account(db: &Db, account: &str, most: i64) -> Result<Vec<String>, Error> {
    Ok(on_db!(db, c => {
        sqlx::query_scalar("SELECT id FROM mesh_acme_orders WHERE account = $1 AND status <> 'invalid' ORDER BY created_at DESC LIMIT $2")
            .bind(account).bind(most).fetch_all(c).await
    })?)
}

/// How many orders of an account wait for something.
///
/// # Errors
/// When the store fails.
pub async fn open_orders(tx: &mut Tx, account: &str) -> Result<i64, Error> {
    Ok(on_db!(tx, c => {
        sqlx::query_scalar("SELECT COUNT(*) FROM mesh_acme_orders WHERE account = $1 AND status IN ('pending', 'ready')")
            .bind(account).fetch_one(c).await?
    }))
}

/// Adds an order and what is to be proved for it.
///
/// # Errors
/// When the store fails.
pub async fn insert_order(tx: &mut Tx, order: &Order, authorizations: &[Authorization]) -> Result<(), Error> {
    let (names, now) = (super::text(&order.names)?, tx.now_micros());
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO mesh_acme_orders (id, account, names, status, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&order.id).bind(&order.account).bind(&names).bind(&order.status).bind(now)
        .bind(clock::micros(order.expires_at))
        .execute(c).await?;
    });
    for authorization in authorizations {
        insert_authorization(tx, authorization).await?;
    }
    Ok(())
}

/// Says that a ready order has its certificate; tells whether it was ready.
///
/// # Errors
/// When the store fails.
pub async fn issued(tx: &mut Tx, id: &str, serial: &str) -> Result<bool, Error> {
    let now = tx.now_micros();
    let changed = on_db!(tx, c => {
        sqlx::query(
            "UPDATE mesh_acme_orders SET status = 'valid', serial = $2 WHERE id = $1 AND status = 'ready' AND expires_at > $3",
        )
        .bind(id).bind(serial).bind(now)
        .execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// Whether anything has run out, or may be removed.
///
/// # Errors
/// When the store fails.
pub async fn overdue(db: &Db, forget: Timestamp) -> Result<bool, Error> {
    let (now, forget) = (clock::micros(db.clock().now()), clock::micros(forget));
    let count: i64 = on_db!(db, c => {
        sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM mesh_acme_orders o WHERE (o.expires_at <= $1 AND o.status IN ('pending', 'ready'))
                OR (o.expires_at <= $2 AND NOT EXISTS (SELECT 1 FROM mesh_acme_certificates c WHERE c.order_id = o.id)))
             + (SELECT COUNT(*) FROM mesh_acme_certificates WHERE not_after <= $2)",
        )
        .bind(now).bind(forget).fetch_one(c).await
    })?;
    Ok(count > 0)
}

/// Ends what has run out, and removes what ran out before `forget`; tells how many orders were removed. Certificates stay
/// until they have ended.
///
/// # Errors
/// When the store fails.
pub async fn tidy(tx: &mut Tx, forget: Timestamp) -> Result<u64, Error> {
    let (now, forget) = (tx.now_micros(), clock::micros(forget));
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_orders SET status = 'invalid' WHERE status IN ('pending', 'ready') AND expires_at <= $1")
            .bind(now).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE mesh_acme_authorizations SET status = 'expired' WHERE status IN ('pending', 'valid') AND expires_at <= $1")
            .bind(now).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query("DELETE FROM mesh_acme_certificates WHERE not_after <= $1").bind(forget).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query(
            "DELETE FROM mesh_acme_challenges WHERE authorization_id IN (SELECT a.id FROM mesh_acme_authorizations a
                JOIN mesh_acme_orders o ON o.id = a.order_id WHERE o.expires_at <= $1
                AND NOT EXISTS (SELECT 1 FROM mesh_acme_certificates c WHERE c.order_id = o.id))",
        )
        .bind(forget).execute(c).await?;
    });
    on_db!(tx, c => {
        sqlx::query(
            "DELETE FROM mesh_acme_authorizations WHERE order_id IN (SELECT o.id FROM mesh_acme_orders o WHERE o.expires_at <= $1
                AND NOT EXISTS (SELECT 1 FROM mesh_acme_certificates c WHERE c.order_id = o.id))",
        )
        .bind(forget).execute(c).await?;
    });
    Ok(on_db!(tx, c => {
        sqlx::query(
            "DELETE FROM mesh_acme_orders WHERE expires_at <= $1
                AND NOT EXISTS (SELECT 1 FROM mesh_acme_certificates c WHERE c.order_id = mesh_acme_orders.id)",
        )
        .bind(forget).execute(c).await?.rows_affected()
    }))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use platform::audit::AuditId;
    use platform::clock::Manual;
    use platform::db::Location;

    use super::super::{Certificate, Challenge, Kind};
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn new(id: &str, expires_at: Timestamp) -> (Order, Authorization) {
        let authorization = format!("a-{id}");
        let challenge = Challenge {
            id: format!("c-{id}"),
            authorization: authorization.clone(),
            kind: Kind::Dns01,
            token: "t".to_owned(),
            status: "pending".to_owned(),
            error: None,
            validated_at: None,
        };
        let authorization = Authorization {
            id: authorization,
            order: id.to_owned(),
            account: "one".to_owned(),
            name: "core.qp.local".to_owned(),
            wildcard: false,
            status: "pending".to_owned(),
            expires_at,
            challenges: vec![challenge],
        };
        let names = vec!["core.qp.local".to_owned()];
        let (id, account, status) = (id.to_owned(), "one".to_owned(), "pending".to_owned());
        (Order { id, account, names, status, error: None, serial: None, expires_at }, authorization)
    }

    #[tokio::test]
    async fn what_runs_out_ends_and_is_forgotten_but_not_before_its_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let clock = Manual::new(start);
        let db = Db::open(&Location::Sqlite(directory.path().join("db")), clock.clone()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for id in ["waiting", "done"] {
            let (order, authorization) = new(id, start + DAY * 7);
            insert_order(&mut tx, &order, &[authorization]).await.unwrap();
        }
        tx.commit().await.unwrap();
        // One is proved and fulfilled.
        let challenge = super::super::challenge(&db, "c-done").await.unwrap().unwrap();
        let authorization = super::super::authorization(&db, "a-done").await.unwrap().unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(super::super::start(&mut tx, "c-done").await.unwrap());
        assert!(!super::super::start(&mut tx, "c-done").await.unwrap());
        assert!(!issued(&mut tx, "done", "aa").await.unwrap(), "not ready yet");
        assert!(super::super::pass(&mut tx, &challenge, &authorization).await.unwrap());
        assert!(!super::super::pass(&mut tx, &challenge, &authorization).await.unwrap());
        assert!(issued(&mut tx, "done", "aa").await.unwrap());
        assert!(!issued(&mut tx, "done", "bb").await.unwrap(), "once is enough");
        let certificate = Certificate {
            serial: "aa".to_owned(),
            account: "one".to_owned(),
            order: "done".to_owned(),
            names: vec!["core.qp.local".to_owned()],
            chain: String::new(),
            audit: AuditId(1),
            not_before: start,
            not_after: start + DAY * 90,
            revoked_at: None,
        };
        super::super::insert_certificate(&mut tx, &certificate).await.unwrap();
        assert_eq!(open_orders(&mut tx, "one").await.unwrap(), 1);
        assert!(super::super::revoke_certificate(&mut tx, "aa", 4).await.unwrap());
        assert!(!super::super::revoke_certificate(&mut tx, "aa", 0).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(super::super::revoked(&db).await.unwrap(), [("aa".to_owned(), start, 4)]);

        let tend = async |after: i64| {
            clock.set(start + DAY * i32::try_from(after).unwrap());
            let forget = clock_now(&db) - DAY * 30;
            let is_overdue = overdue(&db, forget).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            let gone = tidy(&mut tx, forget).await.unwrap();
            tx.commit().await.unwrap();
            assert!(!overdue(&db, forget).await.unwrap());
            (is_overdue, gone)
        };
        assert_eq!(tend(6).await, (false, 0));
        assert_eq!(tend(8).await, (true, 0));
        assert_eq!(order(&db, "waiting").await.unwrap().unwrap().status, "invalid");
        assert_eq!(order(&db, "done").await.unwrap().unwrap().status, "valid");
        assert_eq!(super::super::authorization(&db, "a-waiting").await.unwrap().unwrap().status, "expired");
        assert_eq!(tend(38).await, (true, 1));
        assert!(order(&db, "waiting").await.unwrap().is_none());
        assert!(super::super::challenge(&db, "c-waiting").await.unwrap().is_none());
        assert!(super::super::certificate(&db, "aa").await.unwrap().is_some());
        // A certificate that has ended needs no revocation.
        assert_eq!(tend(91).await, (false, 0));
        assert!(super::super::revoked(&db).await.unwrap().is_empty());
        assert_eq!(tend(121).await, (true, 1));
        assert!(super::super::certificate(&db, "aa").await.unwrap().is_none());
        assert!(super::super::authorization(&db, "a-done").await.unwrap().is_none());
    }

    fn clock_now(db: &Db) -> Timestamp {
        db.clock().now()
    }
}
