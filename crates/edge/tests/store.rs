//! The store of documents: one suite, on SQLite and on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use platform::{
    clock::{self, Clock, Manual},
    db::{Db, Location},
};
use plenum_edge::store::{self, Retention, Row, Settings};
use sha2::{Digest as _, Sha256};
use testkit::Postgres;

const DAY: SignedDuration = SignedDuration::from_hours(24);

struct Bench {
    db: Db,
    clock: Arc<Manual>,
    last: Option<(Row, String)>,
}

impl Bench {
    async fn new(location: &Location) -> Bench {
        let clock = Manual::new("2026-05-17T12:34:56Z".parse::<Timestamp>().unwrap());
        let db = Db::open(location, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Bench { db, clock, last: None }
    }

    async fn put(&mut self, text: &str) -> Row {
        let now = self.clock.now();
        let sha = hex::encode(Sha256::digest(text));
        let current = self.last.as_ref().map(|(row, text)| (row, text.as_str()));
        let packed = store::pack(current, text);
        let (seq, id, depth, base) = store::following(self.last.as_ref().map(|(row, _)| row), now, &sha, &packed);
        let row = Row {
            seq,
            id: id.to_string(),
            at: clock::micros(now),
            actor: "u_0123456789abcdef".to_owned(),
            reason: None,
            sha,
            size: i64::try_from(text.len()).unwrap(),
            meta: "{}".to_owned(),
            depth,
            base,
        };
        let mut tx = self.db.begin().await.unwrap();
        store::insert(&mut tx, &row, &packed).await.unwrap();
        tx.commit().await.unwrap();
        self.last = Some((row.clone(), text.to_owned()));
        row
    }
}

/// A text of some size in which one number differs.
fn text(n: usize) -> String {
    (0..400).map(|line| format!("line {line} has {}\n", if line == n % 400 { n } else { line })).collect()
}

/// Every text is read back from its chain, whatever was stored and removed around it.
async fn suite(location: Location) {
    let mut bench = Bench::new(&location).await;
    assert_eq!(store::newest(&bench.db).await.unwrap(), None);

    // More than one chain's worth, several a day, in one tick of the clock now and then.
    let mut stored = Vec::new();
    for n in 0..200 {
        let row = bench.put(&text(n)).await;
        stored.push((row, text(n)));
        if n % 3 == 0 {
            bench.clock.advance(SignedDuration::from_hours(5));
        }
    }
    let rows = store::list(&bench.db).await.unwrap();
    assert_eq!(rows.len(), 200);
    assert!(rows.is_sorted_by(|newer, older| newer.id > older.id), "ids sort newest first");
    assert_eq!(rows.iter().map(|row| &row.id).collect::<HashSet<_>>().len(), 200);
    assert_eq!(store::newest(&bench.db).await.unwrap().as_ref(), rows.first());
    assert!(rows.iter().all(|row| row.depth <= 64) && rows.iter().any(|row| row.depth > 60));
    for (row, text) in &stored {
        assert_eq!(store::text(&bench.db, row).await.unwrap(), *text);
        let id = store::SnapshotId::parse(&row.id).unwrap();
        assert_eq!(store::find(&bench.db, &id).await.unwrap().as_ref(), Some(row));
    }

    // Thinning keeps the newest twenty and one a day; every text that stays can still be read.
    let rule = Retention { keep_last: 20, keep_days: 365 };
    let gone = store::thin(&bench.db, rule).await.unwrap();
    assert!(gone > 50, "only {gone} rows went");
    let rows = store::list(&bench.db).await.unwrap();
    assert_eq!(rows.len(), 200 - gone);
    for row in &rows {
        let (_, text) = stored.iter().find(|(before, _)| before.seq == row.seq).unwrap();
        assert_eq!(store::text(&bench.db, row).await.unwrap(), *text);
    }
    assert_eq!(store::thin(&bench.db, rule).await.unwrap(), 0, "thinning twice removes nothing more");

    // A change after thinning builds on what is there.
    bench.last = Some((rows[0].clone(), stored[199].1.clone()));
    let row = bench.put(&text(7)).await;
    assert_eq!(store::text(&bench.db, &row).await.unwrap(), text(7));

    // Old days go in the end; the current document never does.
    bench.clock.advance(DAY * 1000);
    store::thin(&bench.db, Retention { keep_last: 1, keep_days: 30 }).await.unwrap();
    let rows = store::list(&bench.db).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(store::text(&bench.db, &rows[0]).await.unwrap(), text(7));

    assert_eq!(Settings::WelcomePort.get(&bench.db).await.unwrap(), None);
    for value in ["1", "2"] {
        let mut tx = bench.db.begin().await.unwrap();
        Settings::WelcomePort.set(&mut tx, value).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(Settings::WelcomePort.get(&bench.db).await.unwrap().as_deref(), Some("2"));
    bench.db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_documents_on_sqlite() {
    let place = tempfile::tempdir().unwrap();
    suite(Location::Sqlite(place.path().join("plenum.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_documents_on_postgresql() {
    let postgres = Postgres::start().unwrap();
    suite(Location::Postgres(postgres.database().await.unwrap())).await;
}
