//! Pausing writes for a backup.

use std::time::{Duration, Instant};

use platform::audit::{self, Entry, Outcome};
use platform::db::{Db, Location, QuiesceError};
use plenum_platform as platform;

use crate::kit::Store;

conformance! {
    writers_wait_and_readers_do_not,
    a_pause_waits_for_running_writers,
    a_pause_gives_up_on_a_writer_that_never_ends,
    a_pause_ends_by_itself,
    a_second_pause_is_refused_and_a_wrong_id_ends_nothing,
    a_writer_under_a_permit_is_not_locked_out_by_a_waiting_pause,
}

const LONG: Duration = Duration::from_secs(20);

async fn write(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    tx.commit().await.unwrap();
}

async fn rows(db: &Db) -> u64 {
    audit::verify(db).await.unwrap().rows
}

async fn writers_wait_and_readers_do_not(store: Store) {
    write(&store.db).await;
    let id = store.db.quiesce(LONG).await.unwrap();
    assert!(store.db.gate().paused_for().is_some_and(|left| left > LONG / 2));
    let db = store.db.clone();
    let writer = tokio::spawn(async move { write(&db).await });
    for _ in 0..20 {
        assert_eq!(rows(&store.db).await, 1);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!writer.is_finished());
    store.db.resume(Some(id)).unwrap();
    tokio::time::timeout(LONG, writer).await.unwrap().unwrap();
    assert_eq!(rows(&store.db).await, 2);
    assert!(store.db.gate().paused_for().is_none());
}

async fn a_pause_waits_for_running_writers(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    let db = store.db.clone();
    let pause = tokio::spawn(async move { db.quiesce(LONG).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!pause.is_finished());
    tx.commit().await.unwrap();
    pause.await.unwrap().unwrap();
    assert_eq!(rows(&store.db).await, 1);
    store.db.resume(None).unwrap();
}

async fn a_pause_gives_up_on_a_writer_that_never_ends(store: Store) {
    let stuck = store.db.begin().await.unwrap();
    let error = store.db.quiesce(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, QuiesceError::Busy(_)), "{error}");
    drop(stuck);
    write(&store.db).await;
}

async fn a_pause_ends_by_itself(store: Store) {
    let id = store.db.quiesce(Duration::from_millis(100)).await.unwrap();
    let started = Instant::now();
    write(&store.db).await;
    assert!(started.elapsed() > Duration::from_millis(50), "{:?}", started.elapsed());
    let error = store.db.resume(Some(id)).unwrap_err();
    assert!(error.to_string().contains("may be torn"), "{error}");
}

async fn a_second_pause_is_refused_and_a_wrong_id_ends_nothing(store: Store) {
    let first = store.db.quiesce(LONG).await.unwrap();
    assert!(matches!(store.db.quiesce(LONG).await, Err(QuiesceError::Already { .. })));
    store.db.resume(Some(first)).unwrap();
    let second = store.db.quiesce(LONG).await.unwrap();
    assert_ne!(first, second);
    assert!(matches!(store.db.resume(Some(first)), Err(QuiesceError::NotPaused)));
    store.db.resume(None).unwrap();
    write(&store.db).await;
}

async fn a_writer_under_a_permit_is_not_locked_out_by_a_waiting_pause(store: Store) {
    let permit = store.db.gate().enter().await;
    let db = store.db.clone();
    let pause = tokio::spawn(async move { db.quiesce(LONG).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut tx = store.db.begin_under(&permit).await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    tx.commit().await.unwrap();
    drop(permit);
    pause.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_main_file_alone_is_a_whole_backup_while_writes_are_paused() {
    let store = Store::sqlite().await;
    for _ in 0..20 {
        write(&store.db).await;
    }
    store.db.quiesce(LONG).await.unwrap();
    assert_eq!(std::fs::metadata(store.path().join("plenum.db-wal")).unwrap().len(), 0);
    let elsewhere = tempfile::TempDir::new().unwrap();
    std::fs::copy(store.file(), elsewhere.path().join("plenum.db")).unwrap();
    store.db.resume(None).unwrap();
    write(&store.db).await;
    let location = Location::parse(None, elsewhere.path()).unwrap();
    let copy = Db::open(&location, platform::clock::system()).await.unwrap();
    let found = audit::verify(&copy).await.unwrap();
    assert_eq!((found.rows, found.broken), (20, None));
}
