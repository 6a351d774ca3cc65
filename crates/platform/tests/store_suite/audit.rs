use std::time::Duration;

use futures_util::TryStreamExt;
use jiff::SignedDuration;
use platform::audit::{self, Entry, Outcome, Query};
use platform::db::Db;
use plenum_platform as platform;
use serde_json::{Value, json};

use crate::kit::Store;

conformance! {
    entries_are_opened_completed_and_listed,
    details_are_merged_and_bounded,
    filters_match_exactly_and_limits_are_bounded,
    what_was_left_open_ends_as_interrupted,
    an_entry_is_completed_once,
    a_transaction_that_is_undone_leaves_no_entry,
    the_chain_is_whole_with_many_writers,
    a_changed_row_is_found,
    a_removed_row_is_found,
    removed_newest_rows_are_found,
    a_row_that_was_slipped_in_is_found,
    retention_removes_the_oldest_and_the_rest_verifies,
    f15_a_clock_that_jumps_does_not_break_the_chain,
    v27_hostile_text_is_stored_as_text,
    an_export_has_every_row_in_order,
}

async fn record(db: &Db, entry: Entry, outcome: Outcome) {
    let mut tx = db.begin().await.unwrap();
    audit::record(&mut tx, entry, outcome).await.unwrap();
    tx.commit().await.unwrap();
}

async fn some(db: &Db, count: usize) {
    for n in 0..count {
        record(db, Entry::new("u_1", "state", "apply").details(json!({ "n": n })), Outcome::Ok).await;
    }
}

async fn entries_are_opened_completed_and_listed(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    let entry = Entry::new("pp_0123abcd", "state", "apply").target("v7").details(json!({ "reason": "edit" }));
    let id = audit::open(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();

    let open = audit::list(&store.db, &Query::default()).await.unwrap();
    assert_eq!((open[0].outcome.as_str(), open[0].seq, open[0].hash.as_deref()), ("pending", None, None));
    assert_eq!(audit::verify(&store.db).await.unwrap().pending, 1);

    store.advance(SignedDuration::from_secs(5));
    record(&store.db, Entry::new("system", "cert", "renew"), Outcome::Error).await;
    let mut tx = store.db.begin().await.unwrap();
    audit::complete(&mut tx, id, Outcome::Ok, json!({ "version": 8 })).await.unwrap();
    tx.commit().await.unwrap();

    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].category.as_str(), rows[0].outcome.as_str(), rows[0].seq), ("cert", "error", Some(1)));
    assert_eq!((rows[0].target.as_deref(), &rows[0].details), (None, &None));
    let row = &rows[1];
    assert_eq!((row.id, row.seq), (id.0, Some(2)));
    assert_eq!((row.actor.as_str(), row.action.as_str(), row.target.as_deref()), ("pp_0123abcd", "apply", Some("v7")));
    assert_eq!(row.details, Some(json!({ "reason": "edit", "version": 8 })));
    assert_eq!(row.ts.to_string(), "2026-05-17T12:34:56Z");
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.pending, found.broken), (2, 0, None));
    assert_eq!(Some(found.head), row.hash);
}

async fn details_are_merged_and_bounded(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    let id = audit::open(&mut tx, Entry::new("a", "b", "c").details(json!({ "a": 1, "b": 1 }))).await.unwrap();
    audit::complete(&mut tx, id, Outcome::Ok, json!({ "b": 2 })).await.unwrap();
    audit::record(&mut tx, Entry::new("a", "b", "c").details(json!("text")), Outcome::Ok).await.unwrap();
    let huge = json!({ "text": "x".repeat(200_000) });
    audit::record(&mut tx, Entry::new("a", "b", "c").details(huge), Outcome::Ok).await.unwrap();
    tx.commit().await.unwrap();
    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    assert_eq!(rows[2].details, Some(json!({ "a": 1, "b": 2 })));
    assert_eq!(rows[1].details, Some(json!({ "value": "text" })));
    let bounded = rows[0].details.as_ref().unwrap();
    assert_eq!(bounded["_truncated"], json!(true));
    assert!(bounded.to_string().len() < 2_000);
    assert_eq!(audit::verify(&store.db).await.unwrap().broken, None);
}

async fn filters_match_exactly_and_limits_are_bounded(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    for n in 0..1_100 {
        let category = if n % 2 == 0 { "state" } else { "auth" };
        let actor = if n % 3 == 0 { "u_1" } else { "u_2" };
        audit::record(&mut tx, Entry::new(actor, category, "x"), Outcome::Ok).await.unwrap();
    }
    tx.commit().await.unwrap();
    let count = async |limit, category: Option<&str>, actor: Option<&str>| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let query = Query { limit, category: owned(category), actor: owned(actor), ..Query::default() };
        let rows = audit::list(&store.db, &query).await.unwrap();
        assert!(rows.is_sorted_by(|a, b| a.id > b.id));
        assert!(
            rows.iter().all(|row| category.is_none_or(|c| row.category == c) && actor.is_none_or(|a| row.actor == a))
        );
        rows.len()
    };
    assert_eq!(count(None, None, None).await, 100);
    assert_eq!(count(Some(0), None, None).await, 1);
    assert_eq!(count(Some(5_000), None, None).await, 1_000);
    assert_eq!(count(Some(1_000), Some("state"), None).await, 550);
    assert_eq!(count(Some(1_000), None, Some("u_1")).await, 367);
    assert_eq!(count(Some(1_000), Some("state"), Some("u_1")).await, 184);
    assert_eq!(count(None, Some("stat"), None).await, 0);
    for (action, target, rows) in [(Some("x"), None, 100), (Some("y"), None, 0), (None, Some("nobody"), 0)] {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let query = Query { action: owned(action), target: owned(target), ..Query::default() };
        assert_eq!(audit::list(&store.db, &query).await.unwrap().len(), rows);
    }
}

async fn what_was_left_open_ends_as_interrupted(mut store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    let one =
        audit::open(&mut tx, Entry::new("u_1", "state", "apply").details(json!({ "reason": "edit" }))).await.unwrap();
    let two = audit::open(&mut tx, Entry::new("u_2", "state", "apply")).await.unwrap();
    // Not by the process that is still at it.
    assert_eq!(audit::interrupt_pending(&mut tx).await.unwrap(), []);
    tx.commit().await.unwrap();
    store.restart().await;
    let mut tx = store.db.begin().await.unwrap();
    assert_eq!(audit::interrupt_pending(&mut tx).await.unwrap(), [one, two]);
    assert_eq!(audit::interrupt_pending(&mut tx).await.unwrap(), []);
    tx.commit().await.unwrap();
    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    assert!(rows.iter().all(|row| row.outcome == "interrupted"));
    assert_eq!(rows[1].details, Some(json!({ "reason": "edit" })));
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.pending, found.broken), (2, 0, None));
}

async fn an_entry_is_completed_once(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    let id = audit::open(&mut tx, Entry::new("u_1", "state", "apply")).await.unwrap();
    audit::complete(&mut tx, id, Outcome::Ok, Value::Null).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.db.begin().await.unwrap();
    assert!(audit::complete(&mut tx, id, Outcome::Error, Value::Null).await.is_err());
    drop(tx);
    assert_eq!(audit::verify(&store.db).await.unwrap().rows, 1);
}

async fn a_transaction_that_is_undone_leaves_no_entry(store: Store) {
    some(&store.db, 1).await;
    let mut tx = store.db.begin().await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    drop(tx);
    let mut tx = store.db.begin().await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    tx.rollback().await.unwrap();
    some(&store.db, 1).await;
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.broken), (2, None));
}

async fn the_chain_is_whole_with_many_writers(store: Store) {
    let writers = (0..8).map(|writer| {
        let db = store.db.clone();
        tokio::spawn(async move {
            for n in 0..15 {
                let mut tx = db.begin().await.unwrap();
                let entry = Entry::new(format!("u_{writer}"), "state", "apply");
                if n % 2 == 0 {
                    audit::record(&mut tx, entry, Outcome::Ok).await.unwrap();
                    tx.commit().await.unwrap();
                } else {
                    let id = audit::open(&mut tx, entry).await.unwrap();
                    tx.commit().await.unwrap();
                    let mut tx = db.begin().await.unwrap();
                    audit::complete(&mut tx, id, Outcome::Ok, Value::Null).await.unwrap();
                    tx.commit().await.unwrap();
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.pending, found.broken), (120, 0, None));
}

async fn a_changed_row_is_found(store: Store) {
    some(&store.db, 5).await;
    assert_eq!(store.tamper("UPDATE audit SET actor = 'u_innocent' WHERE seq = 3").await, 1);
    let broken = audit::verify(&store.db).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.id), (3, Some(3)));
    assert_eq!(broken.reason, "the row or the one before it was changed");
    store.tamper("UPDATE audit SET actor = 'u_1' WHERE seq = 3").await;
    store.tamper("UPDATE audit SET details = '{' WHERE seq = 4").await;
    assert_eq!(audit::verify(&store.db).await.unwrap().broken.unwrap().seq, 4);
    // A damaged row must not keep the others from being read.
    assert_eq!(audit::list(&store.db, &Query::default()).await.unwrap().len(), 5);
}

async fn a_removed_row_is_found(store: Store) {
    some(&store.db, 5).await;
    store.tamper("DELETE FROM audit WHERE seq = 2").await;
    let broken = audit::verify(&store.db).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.reason), (2, "rows are missing before this one"));
}

async fn removed_newest_rows_are_found(store: Store) {
    some(&store.db, 5).await;
    store.tamper("DELETE FROM audit WHERE seq > 3").await;
    let broken = audit::verify(&store.db).await.unwrap().broken.unwrap();
    assert_eq!((broken.seq, broken.id, broken.reason), (4, None, "the newest rows are missing"));
    store.tamper("DELETE FROM audit").await;
    assert!(audit::verify(&store.db).await.unwrap().broken.is_some());
}

async fn a_row_that_was_slipped_in_is_found(store: Store) {
    some(&store.db, 2).await;
    store
        .tamper("INSERT INTO audit (ts, actor, category, action, outcome) VALUES (1, 'u_1', 'state', 'apply', 'ok')")
        .await;
    let broken = audit::verify(&store.db).await.unwrap().broken.unwrap();
    assert_eq!(broken.reason, "a completed row is not part of the chain");
}

async fn retention_removes_the_oldest_and_the_rest_verifies(store: Store) {
    const DAY: Duration = Duration::from_secs(86_400);
    some(&store.db, 5).await;
    store.advance(SignedDuration::from_hours(24 * 10));
    some(&store.db, 3).await;
    assert_eq!(audit::prune(&store.db, 30 * DAY).await.unwrap(), 0);
    assert_eq!(audit::prune(&store.db, 5 * DAY).await.unwrap(), 5);
    assert_eq!(audit::prune(&store.db, 5 * DAY).await.unwrap(), 0);
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.anchor, found.broken), (3, 5, None));
    store.advance(SignedDuration::from_hours(24 * 10));
    assert_eq!(audit::prune(&store.db, 5 * DAY).await.unwrap(), 3);
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.anchor, found.broken), (0, 8, None));
    some(&store.db, 1).await;
    assert_eq!(audit::verify(&store.db).await.unwrap().broken, None);
    // What retention did not remove is still missed.
    store.tamper("DELETE FROM audit").await;
    assert!(audit::verify(&store.db).await.unwrap().broken.is_some());
}

async fn f15_a_clock_that_jumps_does_not_break_the_chain(store: Store) {
    const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);
    some(&store.db, 2).await;
    store.advance(YEAR);
    some(&store.db, 2).await;
    store.advance(-YEAR);
    some(&store.db, 2).await;
    store.advance(SignedDuration::from_hours(24 * 100));
    some(&store.db, 1).await;
    assert_eq!(audit::prune(&store.db, Duration::from_secs(86_400 * 50)).await.unwrap(), 2);
    let found = audit::verify(&store.db).await.unwrap();
    assert_eq!((found.rows, found.broken), (5, None));
}

async fn v27_hostile_text_is_stored_as_text(store: Store) {
    let hostile = "'; DROP TABLE audit; --\n\0\u{1b}[31m\" $1 ? %s";
    let details = json!({ hostile: hostile });
    record(&store.db, Entry::new(hostile, "state", "apply").target(hostile).details(details.clone()), Outcome::Ok)
        .await;
    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    assert_eq!(rows[0].details, Some(details));
    assert!(!rows[0].actor.chars().any(char::is_control), "{:?}", rows[0].actor);
    assert!(rows[0].actor.starts_with("'; DROP TABLE audit; --\\u{a}\\u{0}"));
    let query =
        Query { actor: Some("' OR '1'='1".to_owned()), category: Some(hostile.replace('\0', "")), ..Query::default() };
    assert_eq!(audit::list(&store.db, &query).await.unwrap(), []);
    assert_eq!(audit::verify(&store.db).await.unwrap().broken, None);
}

async fn an_export_has_every_row_in_order(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    for _ in 0..1_203 {
        audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    }
    audit::open(&mut tx, Entry::new("u_1", "state", "apply")).await.unwrap();
    tx.commit().await.unwrap();
    let rows: Vec<_> = audit::export(store.db.clone()).try_collect().await.unwrap();
    assert_eq!(rows.len(), 1_204);
    assert!(rows.is_sorted_by(|a, b| a.id < b.id));
    let text = serde_json::to_string(&rows[0]).unwrap();
    assert!(text.contains("\"ts\":\"2026-05-17T12:34:56Z\"") && text.contains("\"hash\":\""), "{text}");
}
