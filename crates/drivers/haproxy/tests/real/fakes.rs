//! Peers that misbehave, where a real HAProxy cannot be made to (F8, F11).

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plenum_haproxy::{Admin, Error, Master, Unknown, Verdict};
use tempfile::TempDir;

/// A socket whose answers a closure gives: the number of the connection, what was asked, the connection.
struct Fake {
    directory: TempDir,
    asked: Arc<AtomicUsize>,
}

impl Fake {
    fn new(answer: impl Fn(usize, &str, UnixStream) + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("sock")).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    let length = (&connection).read(&mut request).unwrap_or(0);
                    answer(number, &String::from_utf8_lossy(&request[..length]), connection);
                });
            }
        });
        Self { directory, asked }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("sock")
    }
}

fn table(reloads: u32, failed: u32, worker: u32) -> String {
    format!(
        "#<PID> <type> <reloads> <uptime> <version>\n1 master {reloads} [failed: {failed}] 0d00h00m09s 2.6.12\n# workers\n\
         {worker} worker 0 0d00h00m01s 2.6.12\n# programs\n\n"
    )
}

fn say(mut connection: UnixStream, text: &str) {
    let _ = connection.write_all(text.as_bytes());
}

#[tokio::test]
async fn f11_a_missing_and_a_refusing_socket_are_absent() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let refusing = directory.path().join("refusing");
    drop(UnixListener::bind(&refusing).unwrap());
    for path in [&missing, &refusing] {
        assert!(Master::new(path).show_proc().await.unwrap_err().is_absent());
        assert!(Admin::new(path).info().await.unwrap_err().is_absent());
        assert!(Master::new(path).reload(Duration::from_secs(1)).await.unwrap_err().is_absent());
    }
    let file = directory.path().join("file");
    std::fs::File::create(&file).unwrap();
    assert!(matches!(Admin::new(&file).info().await, Err(Error::Socket { .. })));
}

#[tokio::test]
async fn f11_a_slow_drip_is_bounded_in_time() {
    let fake = Fake::new(|_, _, mut connection| {
        while connection.write_all(b"#").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let begin = Instant::now();
    let result = Master::new(fake.path()).show_proc_within(Duration::from_millis(300)).await;
    assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn f11_a_peer_that_says_nothing_is_bounded_in_time() {
    let fake = Fake::new(|_, _, connection| {
        std::thread::sleep(Duration::from_secs(60));
        drop(connection);
    });
    let result = Master::new(fake.path()).show_proc_within(Duration::from_millis(300)).await;
    assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
}

#[tokio::test]
async fn f11_fifty_megabytes_are_not_kept() {
    let fake = Fake::new(|_, _, mut connection| {
        let block = vec![b'x'; 1 << 20];
        for _ in 0..50 {
            if connection.write_all(&block).is_err() {
                return;
            }
        }
    });
    assert!(matches!(Master::new(fake.path()).show_proc().await, Err(Error::TooLong { .. })));
    assert!(matches!(Admin::new(fake.path()).info().await, Err(Error::TooLong { .. })));
    // A stream has no end that is too far, but a record has.
    assert!(matches!(Admin::new(fake.path()).stat(|_| {}).await, Err(Error::Garbled { .. })));
}

#[tokio::test]
async fn f11_garbage_is_an_error_everywhere() {
    let fake = Fake::new(|_, _, connection| say(connection, "\u{1b}[2J\0\r\nHTTP/1.1 400 Bad request\r\n\r\n<html>"));
    let admin = Admin::new(fake.path());
    let word = |text: &str| plenum_haproxy::admin::Word::new(text).unwrap();
    assert!(Master::new(fake.path()).show_proc().await.is_err());
    assert!(admin.info().await.is_err());
    assert!(admin.servers_state().await.is_err());
    assert!(admin.stat(|_| {}).await.is_err());
    assert!(admin.map(&plenum_haproxy::admin::Text::new("m").unwrap()).await.is_err());
    let change = plenum_haproxy::admin::Change::ServerWeight { backend: word("b"), server: word("s"), weight: 1 };
    assert!(admin.change(&change).await.is_err());
}

#[tokio::test]
async fn f8_an_empty_reply_with_a_restarting_master_is_waited_for() {
    // As 2.6 does it: nothing, then refused and hung-up connections, then a master with the count gone up, and only
    // after that a new worker.
    let fake = Fake::new(|number, asked, connection| match (number, asked) {
        (0, _) => say(connection, &table(4, 0, 10)),
        (_, "reload\n") => {}
        (2..6, _) => drop(connection),
        (6, _) => say(connection, "#<PID> <type>\n1 mas"),
        (7, _) => say(connection, &table(4, 0, 10)),
        (8..11, _) => say(connection, &table(5, 0, 10)),
        _ => say(connection, &table(5, 0, 11)),
    });
    let verdict = Master::new(fake.path()).reload(Duration::from_secs(10)).await.unwrap();
    assert_eq!(verdict, Verdict::Success { worker_pid: 11, log: String::new() });
    assert!(fake.asked.load(Ordering::SeqCst) >= 12);
}

#[tokio::test]
async fn f8_a_reply_that_is_cut_off_is_no_verdict() {
    for cut in ["Succ", "Success=", "Success=1", "Success=0\n--\n[ALERT]  (1) : conf"] {
        let fake = Fake::new(move |number, asked, connection| match (number, asked) {
            (0, _) => say(connection, &table(4, 0, 10)),
            (_, "reload\n") => say(connection, cut),
            _ => say(connection, &table(5, 1, 10)),
        });
        let verdict = Master::new(fake.path()).reload(Duration::from_secs(10)).await.unwrap();
        assert!(matches!(verdict, Verdict::Failed { .. }), "{cut}: {verdict:?}");
    }
}

#[tokio::test]
async fn f8_a_success_that_the_process_table_denies_is_not_believed() {
    let fake = Fake::new(|_, asked, connection| match asked {
        "reload\n" => say(connection, "Success=1\n--\n"),
        _ => say(connection, &table(4, 0, 10)),
    });
    let verdict = Master::new(fake.path()).reload(Duration::from_millis(400)).await.unwrap();
    assert!(matches!(verdict, Verdict::Unknown(Unknown::Deadline { .. })), "{verdict:?}");
}

#[tokio::test]
async fn f8_a_reply_that_never_ends_does_not_hide_the_verdict() {
    let fake = Fake::new(|number, asked, mut connection| match (number, asked) {
        (0, _) => say(connection, &table(4, 0, 10)),
        (_, "reload\n") => {
            while connection.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        _ => say(connection, &table(5, 0, 11)),
    });
    let begin = Instant::now();
    let verdict = Master::new(fake.path()).reload(Duration::from_secs(1)).await.unwrap();
    assert_eq!(verdict, Verdict::Success { worker_pid: 11, log: String::new() });
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn f10_another_master_on_the_same_socket_is_no_success() {
    let fake = Fake::new(|number, asked, connection| match (number, asked) {
        (0, _) => say(connection, &table(4, 0, 10)),
        (_, "reload\n") => {}
        _ => say(connection, &table(5, 0, 11).replace("\n1 master", "\n2 master")),
    });
    let verdict = Master::new(fake.path()).reload(Duration::from_secs(5)).await.unwrap();
    assert_eq!(verdict, Verdict::Unknown(Unknown::MasterReplaced { before: 1, after: 2 }));
}

#[tokio::test]
async fn f11_too_few_answers_are_an_error_not_a_guess() {
    let fake = Fake::new(|_, _, connection| say(connection, "\n\n"));
    let word = |text: &str| plenum_haproxy::admin::Word::new(text).unwrap();
    let change = |weight| plenum_haproxy::admin::Change::ServerWeight { backend: word("b"), server: word("s"), weight };
    let result = Admin::new(fake.path()).change_all(&[change(1), change(2)]).await;
    assert!(matches!(result, Err(Error::Garbled { .. })), "{result:?}");
}

#[test]
fn the_fake_is_where_it_says() {
    let fake = Fake::new(|_, _, _| {});
    assert!(Path::new(&fake.path()).exists());
}
