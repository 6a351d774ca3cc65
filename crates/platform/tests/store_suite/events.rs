use std::time::Duration;

use platform::db::Db;
use platform::events::{self, Delivery, Ended, Events, Subscription};
use plenum_platform as platform;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::kit::Store;

conformance! {
    numbers_have_no_holes_and_arrive_in_order,
    an_undone_transaction_publishes_nothing,
    a_reader_resumes_where_it_was,
    a_reader_from_another_time_is_told_to_start_anew,
    a_slow_reader_is_disconnected_and_can_resume,
    retention_keeps_the_newest,
    readers_that_come_and_go_lose_nothing,
}

fn start(store: &Store) -> (Events, CancellationToken) {
    let events = Events::new(store.db.clone());
    let stop = CancellationToken::new();
    tokio::spawn(events.clone().pump(stop.clone()));
    (events, stop)
}

async fn append(db: &Db, count: i64) {
    for n in 0..count {
        let mut tx = db.begin().await.unwrap();
        events::append(&mut tx, "test.event", &json!({ "n": n })).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn next(subscription: &mut Subscription) -> Result<Delivery, Ended> {
    tokio::time::timeout(Duration::from_secs(10), subscription.next()).await.expect("an event within ten seconds")
}

async fn ids(subscription: &mut Subscription, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        match next(subscription).await.unwrap() {
            Delivery::Event(event) => ids.push(event.id),
            Delivery::Reset { newest } => panic!("reset at {newest}"),
        }
    }
    ids
}

async fn numbers_have_no_holes_and_arrive_in_order(store: Store) {
    let (events, _stop) = start(&store);
    let mut subscription = events.subscribe(None).await.unwrap();
    let writers: Vec<_> = (0..6)
        .map(|_| {
            let db = store.db.clone();
            tokio::spawn(async move { append(&db, 20).await })
        })
        .collect();
    assert_eq!(ids(&mut subscription, 120).await, (1..=120).collect::<Vec<_>>());
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(events::newest(&store.db).await.unwrap(), 120);
}

async fn an_undone_transaction_publishes_nothing(store: Store) {
    let (events, _stop) = start(&store);
    let mut subscription = events.subscribe(None).await.unwrap();
    let mut tx = store.db.begin().await.unwrap();
    events::append(&mut tx, "test.undone", &json!({})).await.unwrap();
    tx.rollback().await.unwrap();
    append(&store.db, 1).await;
    let Delivery::Event(event) = next(&mut subscription).await.unwrap() else { panic!("a reset") };
    assert_eq!((event.id, event.kind.as_str(), event.data.get()), (1, "test.event", "{\"n\":0}"));
}

async fn a_reader_resumes_where_it_was(store: Store) {
    let (events, _stop) = start(&store);
    append(&store.db, 450).await;
    let mut subscription = events.subscribe(Some(30)).await.unwrap();
    let db = store.db.clone();
    let writer = tokio::spawn(async move { append(&db, 50).await });
    assert_eq!(ids(&mut subscription, 470).await, (31..=500).collect::<Vec<_>>());
    writer.await.unwrap();
    assert_eq!(subscription.last(), 500);
    let mut from_now = events.subscribe(None).await.unwrap();
    append(&store.db, 1).await;
    assert_eq!(ids(&mut from_now, 1).await, [501]);
    assert_eq!(ids(&mut subscription, 1).await, [501]);
}

async fn a_reader_from_another_time_is_told_to_start_anew(store: Store) {
    let (events, _stop) = start(&store);
    append(&store.db, 5).await;
    let mut from_the_future = events.subscribe(Some(99)).await.unwrap();
    assert!(matches!(next(&mut from_the_future).await.unwrap(), Delivery::Reset { newest: 5 }));
    store.tamper("DELETE FROM events WHERE id <= 3").await;
    let mut too_old = events.subscribe(Some(1)).await.unwrap();
    assert!(matches!(next(&mut too_old).await.unwrap(), Delivery::Reset { newest: 5 }));
    append(&store.db, 1).await;
    assert_eq!(ids(&mut too_old, 1).await, [6]);
    assert_eq!(ids(&mut from_the_future, 1).await, [6]);
    let mut just_there = events.subscribe(Some(3)).await.unwrap();
    assert_eq!(ids(&mut just_there, 3).await, [4, 5, 6]);
}

async fn a_slow_reader_is_disconnected_and_can_resume(store: Store) {
    let (events, _stop) = start(&store);
    let mut slow = events.subscribe(None).await.unwrap();
    let mut quick = events.subscribe(None).await.unwrap();
    for _ in 0..8 {
        append(&store.db, 50).await;
        ids(&mut quick, 50).await;
    }
    let ended = next(&mut slow).await;
    assert!(matches!(ended, Err(Ended::Lagged)), "{ended:?}");
    let mut resumed = events.subscribe(Some(slow.last())).await.unwrap();
    assert_eq!(ids(&mut resumed, 400).await, (1..=400).collect::<Vec<_>>());
}

async fn retention_keeps_the_newest(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    for n in 0..events::KEPT + 7 {
        events::append(&mut tx, "test.event", &json!(n)).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(events::prune(&store.db).await.unwrap(), 7);
    assert_eq!(events::prune(&store.db).await.unwrap(), 0);
    let (events, _stop) = start(&store);
    let mut subscription = events.subscribe(Some(7)).await.unwrap();
    assert_eq!(ids(&mut subscription, 1).await, [8]);
}

async fn readers_that_come_and_go_lose_nothing(store: Store) {
    let (events, stop) = start(&store);
    let db = store.db.clone();
    let writer = tokio::spawn(async move { append(&db, 150).await });
    let mut seen = Vec::new();
    let mut last = 0;
    while seen.len() < 150 {
        let mut subscription = events.subscribe(Some(last)).await.unwrap();
        // A future that is dropped while it waits must not take an event with it.
        for _ in 0..7 {
            match tokio::time::timeout(Duration::from_millis(3), subscription.next()).await {
                Ok(Ok(Delivery::Event(event))) => seen.push(event.id),
                Ok(other) => panic!("{other:?}"),
                Err(_) => {}
            }
        }
        last = subscription.last();
    }
    writer.await.unwrap();
    assert_eq!(seen, (1..=150).collect::<Vec<_>>());
    stop.cancel();
}
