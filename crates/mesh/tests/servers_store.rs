//! The store of machines: one suite, on SQLite and on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use platform::{
    clock::Manual,
    db::{Db, Location},
};
use plenum_mesh::store::servers::{self as store, Auth, Server};
use ssh::{Fingerprint, Host, User};
use testkit::Postgres;

fn fingerprint(letter: &str) -> Fingerprint {
    Fingerprint::new(&format!("SHA256:{}", letter.repeat(43))).unwrap()
}

fn server(name: &str, auth: Auth, now: Timestamp) -> Server {
    Server {
        key: name.to_lowercase(),
        name: name.to_owned(),
        host: Host::new("192.0.2.7").unwrap(),
        port: 65_535,
        user: User::new("ops").unwrap(),
        auth,
        docker_socket: "/var/run/docker.sock".to_owned(),
        host_key: fingerprint("a"),
        offered_key: None,
        reported_key: None,
        added_at: now,
    }
}

async fn suite(location: Location) {
    let now: Timestamp = "2026-05-17T12:34:56.123456Z".parse().unwrap();
    let db = Db::open(&location, Manual::new(now)).await.unwrap();
    assert_eq!(store::all(&db).await.unwrap(), []);

    let all = [
        server("a", Auth::Own, now),
        server("B", Auth::Key("sealed:v1:x".to_owned()), now),
        server("c", Auth::Password("sealed:v1:y".to_owned()), now),
    ];
    let mut tx = db.begin().await.unwrap();
    for server in all.iter().rev() {
        store::insert(&mut tx, server).await.unwrap();
    }
    assert_eq!(store::one(&mut tx, "b").await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store::one(&mut tx, "B").await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(store::all(&db).await.unwrap(), all);

    // A name is there once.
    let mut tx = db.begin().await.unwrap();
    assert!(store::insert(&mut tx, &all[0]).await.is_err());
    drop(tx);

    // What was shown is remembered while it is shown; what was told of, until a key is pinned.
    let (other, third) = (fingerprint("b"), fingerprint("c"));
    for (offered, expected) in [
        (Some(&other), (Some(&other), Some(&other))),
        (None, (None, Some(&other))),
        (Some(&third), (Some(&third), Some(&third))),
    ] {
        let mut tx = db.begin().await.unwrap();
        store::offer(&mut tx, "a", offered).await.unwrap();
        let row = store::one(&mut tx, "a").await.unwrap().unwrap();
        assert_eq!((row.offered_key.as_ref(), row.reported_key.as_ref()), expected);
        assert_eq!(row.host_key, all[0].host_key);
        tx.commit().await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    store::pin(&mut tx, "a", &third).await.unwrap();
    tx.commit().await.unwrap();
    let rows = store::all(&db).await.unwrap();
    assert_eq!(rows[0], Server { host_key: third, ..all[0].clone() });
    assert_eq!(rows[1..], all[1..]);

    let mut tx = db.begin().await.unwrap();
    store::delete(&mut tx, "b").await.unwrap();
    store::delete(&mut tx, "b").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store::all(&db).await.unwrap().len(), 2);

    // The first key of our own stays.
    assert_eq!(store::own_key(&db).await.unwrap(), None);
    for (line, sealed) in [("ssh-ed25519 one", "sealed:v1:1"), ("ssh-ed25519 two", "sealed:v1:2")] {
        let mut tx = db.begin().await.unwrap();
        store::save_own_key(&mut tx, line, sealed).await.unwrap();
        tx.commit().await.unwrap();
    }
    let first = ("ssh-ed25519 one".to_owned(), "sealed:v1:1".to_owned());
    assert_eq!(store::own_key(&db).await.unwrap(), Some(first));
    db.close().await;
}

#[tokio::test]
async fn on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    suite(Location::parse(None, directory.path()).unwrap()).await;
}

#[tokio::test]
async fn on_postgres() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.database().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    suite(Location::parse(Some(&url), directory.path()).unwrap()).await;
}
