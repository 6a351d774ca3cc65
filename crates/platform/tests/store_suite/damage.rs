//! Full disks, read-only directories, damaged files, databases from the future.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::TryStreamExt;
use platform::audit::{self, Entry, Outcome};
use platform::clock;
use platform::db::{Db, Error, Location, OpenError};
use platform::events;
use platform::secrets::{KEY_FILE, Vault};
use plenum_platform as platform;
use testkit::Disk;

use crate::kit::Store;

conformance! {
    f17_a_database_of_a_newer_version_is_refused_and_left_alone,
    f17_a_changed_migration_is_refused,
    opening_twice_changes_nothing,
}

async fn f17_a_database_of_a_newer_version_is_refused_and_left_alone(store: Store) {
    store
        .tamper(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9001, 'from the future', TRUE, '', 0)",
        )
        .await;
    store.db.close().await;
    let error = Db::open(&store.location, store.clock.clone()).await.unwrap_err();
    assert!(matches!(error, OpenError::TooNew { found: 9001, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("9001") && text.contains("newer Plenum") && text.contains("backup"), "{text}");
}

async fn f17_a_changed_migration_is_refused(store: Store) {
    store.tamper("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await;
    store.db.close().await;
    let error = Db::open(&store.location, store.clock.clone()).await.unwrap_err();
    assert!(matches!(error, OpenError::Migration { .. }), "{error:?}");
}

async fn opening_twice_changes_nothing(mut store: Store) {
    write(&store.db).await.unwrap();
    for _ in 0..3 {
        store.restart().await;
    }
    assert_eq!(audit::verify(&store.db).await.unwrap().rows, 1);
}

async fn write(db: &Db) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    let details = serde_json::json!({ "text": "x".repeat(20_000) });
    audit::record(&mut tx, Entry::new("u_1", "state", "apply").details(details), Outcome::Ok).await?;
    tx.commit().await
}

#[tokio::test]
async fn f2_a_full_disk_undoes_the_write_and_nothing_else() {
    let disk = Disk::mount(16 << 20);
    let location = Location::parse(None, disk.path()).unwrap();
    let db = Db::open(&location, clock::system()).await.unwrap();
    write(&db).await.unwrap();
    // At every size: the disk may end in the log, in its index or in the main file.
    for left in [0, 4_096, 16_384, 40_000, 65_536, 100_000] {
        disk.fill_leaving(left).unwrap();
        let before = audit::verify(&db).await.unwrap();
        let mut failures = 0;
        let mut accepted = 0;
        for _ in 0..12 {
            match write(&db).await {
                Ok(()) => accepted += 1,
                Err(error) => {
                    assert!(matches!(error, Error::Full(_)), "{error:?} with {left} bytes left");
                    failures += 1;
                }
            }
        }
        assert!(failures > 0, "the disk was not full with {left} bytes left");
        let after = audit::verify(&db).await.unwrap();
        assert_eq!((after.rows, after.broken), (before.rows + accepted, None), "{left}");
        disk.clear().unwrap();
        write(&db).await.unwrap();
    }
    let rows = audit::verify(&db).await.unwrap().rows;
    db.close().await;
    let db = Db::open(&location, clock::system()).await.unwrap();
    assert_eq!(audit::verify(&db).await.unwrap().rows, rows);
}

#[tokio::test]
async fn f2_a_first_start_on_a_full_disk_fails_and_the_next_one_works() {
    let disk = Disk::mount(4 << 20);
    let location = Location::parse(None, disk.path()).unwrap();
    for left in [0, 8_192, 65_536, 131_072] {
        disk.fill_leaving(left).unwrap();
        let error = Db::open(&location, clock::system()).await.unwrap_err();
        assert!(!disk.path().join("plenum.db").exists(), "half a database with {left} bytes left: {error}");
    }
    disk.clear().unwrap();
    let db = Db::open(&location, clock::system()).await.unwrap();
    write(&db).await.unwrap();
    assert!(!disk.path().join("plenum.db.new").exists());
}

#[tokio::test]
async fn f5_a_read_only_directory_is_named() {
    let disk = Disk::mount(4 << 20);
    let location = Location::parse(None, disk.path()).unwrap();
    disk.set_read_only(true).unwrap();
    let error = Db::open(&location, clock::system()).await.unwrap_err().to_string();
    assert!(error.contains("read-only") && error.contains(disk.path().to_str().unwrap()), "{error}");
    disk.set_read_only(false).unwrap();
    let db = Db::open(&location, clock::system()).await.unwrap();
    db.close().await;
    disk.set_read_only(true).unwrap();
    let error = Db::open(&location, clock::system()).await.unwrap_err();
    assert!(matches!(&error, OpenError::Connect { source: Error::ReadOnly(_), .. }), "{error:?}");
    assert!(error.to_string().contains(disk.path().to_str().unwrap()), "{error}");
}

/// A database with some content and the key beside it, closed.
async fn used() -> Store {
    let store = Store::sqlite().await;
    Vault::load(store.path(), &store.db).await.unwrap();
    for _ in 0..40 {
        write(&store.db).await.unwrap();
    }
    store.db.close().await;
    store
}

async fn refused(store: &Store) -> OpenError {
    let before = std::fs::read(store.file()).ok();
    let error = Db::open(&store.location, store.clock.clone()).await.unwrap_err();
    assert_eq!(std::fs::read(store.file()).ok(), before, "the file was touched");
    assert!(error.to_string().contains("plenum.db"), "{error}");
    error
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    std::fs::File::options().write(true).open(file).unwrap().write_all_at(bytes, at).unwrap();
}

#[tokio::test]
async fn f16_an_empty_file_is_not_taken_for_a_new_database() {
    let store = used().await;
    std::fs::write(store.file(), b"").unwrap();
    let error = refused(&store).await;
    assert!(matches!(&error, OpenError::Damaged { detail, .. } if detail.contains("empty")), "{error}");
}

#[tokio::test]
async fn f16_a_file_that_is_cut_off_is_named() {
    let store = used().await;
    let length = store.file().metadata().unwrap().len();
    for keep in [9, 100, 4096, length / 2, length - 4096] {
        let whole = std::fs::read(store.file()).unwrap();
        std::fs::write(store.file(), &whole[..usize::try_from(keep).unwrap()]).unwrap();
        let error = refused(&store).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{keep}: {error:?}");
        std::fs::write(store.file(), whole).unwrap();
    }
    Db::open(&store.location, store.clock.clone()).await.unwrap();
}

#[tokio::test]
async fn f16_flipped_bits_are_named() {
    let store = used().await;
    let whole = std::fs::read(store.file()).unwrap();
    // The magic, the page size, and the heads of some pages.
    for at in [0, 16, 100, 4096, 3 * 4096] {
        let byte = whole[at];
        overwrite(&store.file(), at as u64, &[!byte, !whole[at + 1]]);
        let error = refused(&store).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{at}: {error:?}");
        std::fs::write(store.file(), &whole).unwrap();
    }
    Db::open(&store.location, store.clock.clone()).await.unwrap();
}

#[tokio::test]
async fn f16_a_flipped_bit_in_an_audit_row_is_found_by_the_chain() {
    let store = used().await;
    let whole = std::fs::read(store.file()).unwrap();
    // In every page that holds such text: some pages are no longer in use, and which ones is not ours to know.
    for page in 0..whole.len() / 4096 {
        let (at, bytes) = (page * 4096, &whole[page * 4096..][..4096]);
        if bytes[2000..2100].iter().all(|byte| *byte == b'x') {
            overwrite(&store.file(), at as u64 + 2050, b"y");
        }
    }
    let db = Db::open(&store.location, store.clock.clone()).await.unwrap();
    assert!(audit::verify(&db).await.unwrap().broken.is_some());
}

#[tokio::test]
async fn f4_whatever_is_left_of_the_log_the_state_is_an_old_one_or_the_newest() {
    let store = Store::sqlite().await;
    for _ in 0..15 {
        write(&store.db).await.unwrap();
    }
    // As after a power cut: the main file and as much of the log as reached the disk.
    let (main, log) =
        (std::fs::read(store.file()).unwrap(), std::fs::read(store.path().join("plenum.db-wal")).unwrap());
    assert!(log.len() > 100_000);
    let mut seen = Vec::new();
    for part in 0..=20 {
        let length = log.len() * part / 20;
        let copy = tempfile::TempDir::new().unwrap();
        std::fs::write(copy.path().join("plenum.db"), &main).unwrap();
        let mut rest = log[..length].to_vec();
        if part % 3 == 1 {
            rest[length / 2] ^= 1;
        }
        std::fs::write(copy.path().join("plenum.db-wal"), rest).unwrap();
        let location = Location::parse(None, copy.path()).unwrap();
        let db = Db::open(&location, clock::system()).await.unwrap();
        let found = audit::verify(&db).await.unwrap();
        assert_eq!(found.broken, None, "{length} of {}", log.len());
        seen.push(found.rows);
        write(&db).await.unwrap();
        db.close().await;
    }
    assert_eq!(seen.iter().max(), Some(&15));
    assert!(seen.iter().any(|rows| *rows < 15));
}

/// Writes until it is killed, and says after each commit how many there were. Only runs as a child of the test below.
async fn write_until_killed(directory: &Path) {
    let db = Db::open(&Location::parse(None, directory).unwrap(), clock::system()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    audit::interrupt_pending(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    for count in 1_u64.. {
        let mut tx = db.begin().await.unwrap();
        let id = audit::open(&mut tx, Entry::new("u_1", "state", "apply")).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        events::append(&mut tx, "state.applied", &serde_json::json!({ "n": count })).await.unwrap();
        audit::complete(&mut tx, id, Outcome::Ok, serde_json::Value::Null).await.unwrap();
        tx.commit().await.unwrap();
        println!("committed {count}");
    }
}

#[tokio::test]
async fn f1_a_store_that_is_killed_at_any_moment_is_whole_and_keeps_what_it_promised() {
    const CHILD: &str = "STORE_SUITE_WRITE_TO";
    if let Some(directory) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&directory)).await;
    }
    let directory = tempfile::TempDir::new().unwrap();
    let name = "damage::f1_a_store_that_is_killed_at_any_moment_is_whole_and_keeps_what_it_promised";
    let mut total = 0;
    for round in 0..15_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Some rounds end before the first commit, some amid the very first start.
        std::thread::sleep(Duration::from_millis(5 + round * 17 % 120));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let promised = said.lines().filter(|line| line.contains("committed ")).count() as u64;

        let db = Db::open(&Location::parse(None, directory.path()).unwrap(), clock::system()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        audit::interrupt_pending(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let rows: Vec<_> = audit::export(db.clone()).try_collect().await.unwrap();
        let done = rows.iter().filter(|row| row.outcome == "ok").count() as u64;
        let found = audit::verify(&db).await.unwrap();
        assert_eq!((found.pending, found.broken), (0, None), "round {round}");
        assert_eq!(events::newest(&db).await.unwrap().unsigned_abs(), done, "round {round}");
        // One commit may have happened whose announcement did not.
        assert!(
            (total + promised..=total + promised + 1).contains(&done),
            "{round}: {total} + {promised}, found {done}"
        );
        total = done;
        db.close().await;
    }
    assert!(total > 20, "{total}");
}

#[tokio::test]
async fn f16_a_missing_database_is_not_silently_made_anew() {
    let store = used().await;
    std::fs::remove_file(store.file()).unwrap();
    let error = refused(&store).await;
    assert!(matches!(&error, OpenError::Missing { .. }) && error.to_string().contains(KEY_FILE), "{error}");
    assert!(!store.file().exists());
    // The way out that the message names.
    std::fs::rename(store.path().join(KEY_FILE), store.path().join("old.key")).unwrap();
    Db::open(&store.location, store.clock.clone()).await.unwrap();
}

#[tokio::test]
async fn f16_a_file_of_another_kind_is_left_alone() {
    let store = used().await;
    std::fs::write(store.file(), "this is somebody's text, and rather longer than a header").unwrap();
    assert!(matches!(refused(&store).await, OpenError::Damaged { .. }));
}

#[tokio::test]
async fn a_killed_first_start_leaves_nothing_in_the_way() {
    let directory = tempfile::TempDir::new().unwrap();
    for name in ["plenum.db.new", "plenum.db.new-wal", "plenum.db.new-shm"] {
        std::fs::write(directory.path().join(name), "half").unwrap();
    }
    let location = Location::parse(None, directory.path()).unwrap();
    let db = Db::open(&location, clock::system()).await.unwrap();
    write(&db).await.unwrap();
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".new")), "{names:?}");
}

#[test]
fn database_urls_are_understood() {
    let data = Path::new("/data");
    let file = |url| match Location::parse(url, data) {
        Ok(Location::Sqlite(file)) => file.display().to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(file(None), "/data/plenum.db");
    assert_eq!(file(Some(" ")), "/data/plenum.db");
    assert_eq!(file(Some("sqlite:other.db")), "/data/other.db");
    assert_eq!(file(Some("sqlite:///var/lib/p.db")), "/var/lib/p.db");
    for bad in ["mysql://x", "sqlite:", "sqlite:x?mode=memory", "/var/lib/p.db"] {
        assert!(matches!(Location::parse(Some(bad), data), Err(OpenError::Url)), "{bad}");
    }
    assert!(matches!(Location::parse(Some("postgresql://h/d"), data), Ok(Location::Postgres(_))));
}
