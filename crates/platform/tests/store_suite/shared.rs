//! Two nodes on one PostgreSQL, and what happens when it goes away.

use std::time::Duration;

use platform::audit::{self, Entry, Outcome};
use platform::db::{Db, Error, Location, OpenError};
use platform::events::{self, Delivery, Events};
use platform::identity::Role;
use plenum_platform as platform;
use testkit::Postgres;
use tokio_util::sync::CancellationToken;

use crate::kit::{Store, client, root, signed_in};

#[tokio::test]
async fn v28_another_nodes_revocation_is_heard_within_a_second() {
    let postgres = Postgres::start().unwrap();
    let here = Store::postgres(&postgres).await;
    let there = Db::open(&here.location, here.clock.clone()).await.unwrap();
    let one = here.identity().await;
    let vault = platform::secrets::Vault::load(here.path(), &there).await.unwrap();
    let two = platform::identity::Identity::new(there, vault.into(), here.path(), Default::default()).unwrap();
    let (alice, secret) = signed_in(&one, "alice", Role::Admin).await;
    let token = one.create_token(&alice, None, "ci", None).await.unwrap();
    assert!(two.authenticate_session(&secret).await.unwrap().is_some());
    assert!(two.authenticate_token(&token.wire, &client()).await.unwrap().is_some());
    one.set_role(&root(), "alice", Role::Viewer).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(two.authenticate_token(&token.wire, &client()).await.unwrap().unwrap().role, Role::Viewer);
    one.revoke_token(&root(), &token.token.key_id).await.unwrap();
    one.set_disabled(&root(), "alice", true).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(two.authenticate_token(&token.wire, &client()).await.unwrap(), None);
    assert_eq!(two.authenticate_session(&secret).await.unwrap(), None);
}

#[tokio::test]
async fn events_of_another_node_arrive_at_once_and_in_order() {
    let postgres = Postgres::start().unwrap();
    let here = Store::postgres(&postgres).await;
    let there = Db::open(&here.location, here.clock.clone()).await.unwrap();
    let events = Events::new(here.db.clone());
    tokio::spawn(events.clone().pump(CancellationToken::new()));
    let mut subscription = events.subscribe(None).await.unwrap();
    // Time for the pump to begin listening; without it the first event comes with the next poll.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = std::time::Instant::now();
    for db in [&there, &here.db, &there] {
        let mut tx = db.begin().await.unwrap();
        events::append(&mut tx, "test.event", &serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }
    for expected in 1..=3 {
        let delivery = tokio::time::timeout(Duration::from_secs(5), subscription.next()).await.unwrap().unwrap();
        assert!(matches!(delivery, Delivery::Event(event) if event.id == expected));
    }
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn audit_chains_of_two_nodes_are_one() {
    let postgres = Postgres::start().unwrap();
    let here = Store::postgres(&postgres).await;
    let there = Db::open(&here.location, here.clock.clone()).await.unwrap();
    let writers: Vec<_> = [here.db.clone(), there, here.db.clone()]
        .into_iter()
        .map(|db| {
            tokio::spawn(async move {
                for _ in 0..30 {
                    let mut tx = db.begin().await.unwrap();
                    // In either order, so that a lock order that can deadlock would show.
                    events::append(&mut tx, "test.event", &serde_json::json!({})).await.unwrap();
                    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
                    tx.commit().await.unwrap();
                    let mut tx = db.begin().await.unwrap();
                    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
                    events::append(&mut tx, "test.event", &serde_json::json!({})).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let found = audit::verify(&here.db).await.unwrap();
    assert_eq!((found.rows, found.broken), (180, None));
    assert_eq!(events::newest(&here.db).await.unwrap(), 180);
}

#[tokio::test]
async fn a_starting_node_leaves_alone_what_another_is_working_on() {
    let postgres = Postgres::start().unwrap();
    let here = Store::postgres(&postgres).await;
    let mut tx = here.db.begin().await.unwrap();
    let id = audit::open(&mut tx, Entry::new("u_1", "state", "apply")).await.unwrap();
    tx.commit().await.unwrap();
    let there = Db::open(&here.location, here.clock.clone()).await.unwrap();
    let mut tx = there.begin().await.unwrap();
    assert_eq!(audit::interrupt_pending(&mut tx).await.unwrap(), []);
    tx.commit().await.unwrap();
    let Store { db, location, clock, directory } = here;
    db.close().await;
    drop(db);
    let mut tx = there.begin().await.unwrap();
    let mut interrupted = Vec::new();
    for _ in 0..100 {
        interrupted = audit::interrupt_pending(&mut tx).await.unwrap();
        if !interrupted.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(interrupted, [id]);
    tx.commit().await.unwrap();
    drop((location, clock, directory));
}

#[tokio::test]
async fn a_database_that_goes_away_is_an_error_and_shows_no_password() {
    let mut postgres = Postgres::start().unwrap();
    let store = Store::postgres(&postgres).await;
    postgres.crash().unwrap();
    let error = store.db.begin().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    let url = format!("postgres://plenum:hunter2@127.0.0.1:{}/plenum", postgres.port());
    let location = Location::parse(Some(&url), store.path()).unwrap();
    assert!(!format!("{location:?}").contains("hunter2"));
    let error = Db::open(&location, store.clock.clone()).await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }));
    let text = format!("{error} {error:?}");
    assert!(text.contains("127.0.0.1") && !text.contains("hunter2"), "{text}");
}
