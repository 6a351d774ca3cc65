//! The admin socket of every version: every command once with success and, where it can fail, once without.

use plenum_haproxy::admin::{Change, MapEntry, ServerState, StatKind, Text, Word};
use plenum_haproxy::{Admin, Error};
use testkit::haproxy::{Running, versions};

fn configuration(port: u16) -> String {
    format!(
        "global\n  stats socket {{dir}}/admin.sock mode 600 level admin\n  description plenum:abc123\n\
         defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n\
         frontend web\n  bind 127.0.0.1:{port}\n  http-request return status 200 content-type text/plain lf-string \"%[path,map({{dir}}/paths.map,none)]\"\n  \
         default_backend app\nbackend app\n  server s1 127.0.0.1:1 weight 100\n  server s2 127.0.0.1:2 weight 100\n"
    )
}

struct Fixture {
    admin: Admin,
    map: Text,
    port: u16,
}

/// One for each version; the map must be there before HAProxy is.
fn fixtures() -> Vec<(Running, Fixture)> {
    versions()
        .into_iter()
        .map(|installed| {
            let port = testkit::free_port();
            // `{dir}` is known only once it is running, so it starts without the map and reloads with it.
            let plain = configuration(port).replace("map({dir}/paths.map,none)", "lower");
            let running = Running::start(&installed, &plain).unwrap();
            write(&running.directory().join("paths.map"), "/a first\n/b second\n");
            running.write_config(&configuration(port)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let master = plenum_haproxy::Master::new(running.master_socket());
            let verdict = runtime.block_on(master.reload(std::time::Duration::from_secs(10))).unwrap();
            assert!(matches!(verdict, plenum_haproxy::Verdict::Success { .. }), "{verdict:?} {}", running.stderr());
            let map = Text::new(running.directory().join("paths.map").to_str().unwrap()).unwrap();
            let fixture = Fixture { admin: Admin::new(running.admin_socket()), map, port };
            (running, fixture)
        })
        .collect()
}

/// Runs `test` for each version, on a runtime of its own.
fn each<F: Future<Output = ()>>(test: impl Fn(Fixture) -> F) {
    for (_running, fixture) in fixtures() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test(fixture));
    }
}

#[expect(clippy::disallowed_methods, reason = "a test plays the outside world")]
fn write(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn refused(result: &Result<(), Error>) -> &str {
    match result {
        Err(Error::Refused { reply, .. }) => reply,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn info_carries_the_description() {
    each(|fixture| async move {
        let info = fixture.admin.info().await.unwrap();
        assert_eq!(info.description(), Some("plenum:abc123"));
        assert!(info.version().unwrap().at_least(2, 6) && !info.is_stopping() && info.number("Maxconn").unwrap() > 0);
    });
}

#[test]
fn servers_change_weight_address_and_state() {
    each(|fixture| async move {
        let admin = &fixture.admin;
        let (backend, server) = (word("app"), word("s1"));
        let results = admin
            .change_all(&[
                Change::ServerWeight { backend: backend.clone(), server: server.clone(), weight: 42 },
                Change::ServerAddress {
                    backend: backend.clone(),
                    server: server.clone(),
                    address: "127.0.0.7".parse().unwrap(),
                    port: Some(8081),
                },
                Change::ServerState { backend: backend.clone(), server: server.clone(), state: ServerState::Drain },
                Change::ServerMaxconn { backend: backend.clone(), server: server.clone(), maxconn: 5 },
            ])
            .await
            .unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let rows = admin.servers_state().await.unwrap();
        let row = rows.iter().find(|row| row.server == "s1").unwrap();
        assert_eq!(
            (row.weight, row.initial_weight, row.port, row.address.as_deref()),
            (42, 100, Some(8081), Some("127.0.0.7"))
        );
        assert!(row.draining() && !row.in_maintenance());

        // The same again changes nothing and is no failure; another family is fine, too.
        let again = Change::ServerAddress {
            backend: backend.clone(),
            server: server.clone(),
            address: "127.0.0.7".parse().unwrap(),
            port: Some(8081),
        };
        admin.change(&again).await.unwrap();
        let six = Change::ServerAddress {
            backend: backend.clone(),
            server: server.clone(),
            address: "::1".parse().unwrap(),
            port: None,
        };
        admin.change(&six).await.unwrap();
        for state in [ServerState::Maintenance, ServerState::Ready] {
            admin
                .change(&Change::ServerState { backend: backend.clone(), server: server.clone(), state })
                .await
                .unwrap();
        }
        let rows = admin.servers_state().await.unwrap();
        let row = rows.iter().find(|row| row.server == "s1").unwrap();
        assert_eq!((row.address.as_deref(), row.in_maintenance(), row.draining()), (Some("::1"), false, false));
    });
}

#[test]
fn an_english_no_is_an_error_and_the_others_are_made() {
    each(|fixture| async move {
        let results = fixture
            .admin
            .change_all(&[
                Change::ServerWeight { backend: word("app"), server: word("nobody"), weight: 1 },
                Change::ServerWeight { backend: word("app"), server: word("s2"), weight: 7 },
                Change::ServerWeight { backend: word("app"), server: word("s2"), weight: 5_000 },
                Change::FrontendEnabled { frontend: word("nowhere"), enabled: false },
                Change::MapSet { map: fixture.map.clone(), key: text("/nothing"), value: text("x") },
                Change::MapSet { map: text("/nonexistent.map"), key: text("/a"), value: text("x") },
            ])
            .await
            .unwrap();
        assert_eq!(refused(&results[0]), "No such server.");
        assert!(results[1].is_ok());
        assert!(refused(&results[2]).contains("between 0 and 256"));
        assert_eq!(refused(&results[3]), "No such frontend.");
        assert!(refused(&results[4]).contains("not found"));
        assert!(refused(&results[5]).contains("nknown map"));
        let rows = fixture.admin.servers_state().await.unwrap();
        assert_eq!(rows.iter().find(|row| row.server == "s2").unwrap().weight, 7);
    });
}

#[test]
fn frontends_pause_resume_and_are_limited() {
    each(|fixture| async move {
        let frontend = word("web");
        let address = ("127.0.0.1", fixture.port);
        let set = async |enabled| {
            fixture.admin.change(&Change::FrontendEnabled { frontend: frontend.clone(), enabled }).await
        };
        set(false).await.unwrap();
        assert!(std::net::TcpStream::connect(address).is_err());
        let rows = fixture.admin.frontends().await.unwrap();
        assert!(rows.len() == 1 && rows[0].name == "web" && rows[0].is_paused(), "{rows:?}");
        set(false).await.unwrap();
        set(true).await.unwrap();
        assert!(std::net::TcpStream::connect(address).is_ok());
        set(true).await.unwrap();
        fixture.admin.change(&Change::FrontendMaxconn { frontend: frontend.clone(), maxconn: 77 }).await.unwrap();
        fixture.admin.change(&Change::GlobalMaxconn { maxconn: 55 }).await.unwrap();
        fixture.admin.change(&Change::ClearCounters { all: true }).await.unwrap();
        assert_eq!(fixture.admin.info().await.unwrap().number("Maxconn"), Some(55));
        let mut limit = None;
        let mut kinds = Vec::new();
        fixture
            .admin
            .stat(|row| {
                kinds.extend(row.kind());
                if row.proxy() == "web" && row.service() == "FRONTEND" {
                    limit = row.number("slim");
                }
            })
            .await
            .unwrap();
        assert_eq!(limit, Some(77));
        let rows = fixture.admin.frontends().await.unwrap();
        assert!(!rows[0].is_paused() && rows[0].maxconn == Some(77), "{rows:?}");
        assert_eq!(kinds, [StatKind::Frontend, StatKind::Server, StatKind::Server, StatKind::Backend]);
    });
}

#[test]
fn map_entries_are_added_set_deleted_and_looked_up() {
    each(|fixture| async move {
        let (admin, map) = (&fixture.admin, &fixture.map);
        let nasty = r"a; b \ c; disable frontend web";
        let results = admin
            .change_all(&[
                Change::MapAdd { map: map.clone(), key: text("/c"), value: text(nasty) },
                Change::MapSet { map: map.clone(), key: text("/a"), value: text("changed") },
                Change::MapDelete { map: map.clone(), key: text("/b") },
            ])
            .await
            .unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let mut entries = admin.map(map).await.unwrap();
        entries.sort_by(|one, two| one.key.cmp(&two.key));
        let entry = |key: &str, value: &str| MapEntry { key: key.to_owned(), value: value.to_owned() };
        assert_eq!(entries, [entry("/a", "changed"), entry("/c", nasty)]);
        assert_eq!(ask(fixture.port, "/a"), "changed");
        // V3: the frontend that the value talks of still listens, for the lookup got through it.
        assert_eq!(ask(fixture.port, "/c"), nasty);
        assert_eq!(ask(fixture.port, "/b"), "none");
        assert!(matches!(admin.map(&text("/nonexistent.map")).await, Err(Error::Refused { .. })));
    });
}

#[test]
fn a_map_is_replaced_at_once_however_large() {
    each(|fixture| async move {
        let entries: Vec<(Text, Text)> =
            (0..5_000).map(|n| (text(&format!("/path/{n}")), text(&format!("backend number {n}")))).collect();
        fixture.admin.replace_map(&fixture.map, &entries).await.unwrap();
        let found = fixture.admin.map(&fixture.map).await.unwrap();
        assert_eq!(found.len(), 5_000);
        assert_eq!(ask(fixture.port, "/path/4999"), "backend number 4999");
        assert_eq!(ask(fixture.port, "/a"), "none");
        fixture.admin.replace_map(&fixture.map, &[]).await.unwrap();
        assert!(fixture.admin.map(&fixture.map).await.unwrap().is_empty());
    });
}

#[test]
fn a_value_that_is_too_long_is_an_error_and_no_hang() {
    each(|fixture| async move {
        let (admin, map) = (&fixture.admin, &fixture.map);
        for length in [1_000, 8_000] {
            let value = text(&"x y;".repeat(length / 4));
            admin.change(&Change::MapSet { map: map.clone(), key: text("/a"), value: value.clone() }).await.unwrap();
            let entries = admin.map(map).await.unwrap();
            assert!(entries.iter().any(|entry| entry.key == "/a" && entry.value == value.as_str()));
        }
        for length in [20_000, 40_000, 400_000] {
            let change = Change::MapSet { map: map.clone(), key: text("/a"), value: text(&"x".repeat(length)) };
            let begin = std::time::Instant::now();
            assert!(admin.change(&change).await.is_err(), "{length}");
            assert!(begin.elapsed() < std::time::Duration::from_secs(6));
        }
        assert_eq!(ask(fixture.port, "/b"), "second");
    });
}

#[test]
fn a_thousand_changes_are_one_call() {
    each(|fixture| async move {
        let changes: Vec<Change> = (0..1_000)
            .map(|n| Change::ServerWeight { backend: word("app"), server: word("s1"), weight: n % 200 })
            .collect();
        let results = fixture.admin.change_all(&changes).await.unwrap();
        assert_eq!(results.len(), 1_000);
        assert!(results.iter().all(Result::is_ok));
        assert!(fixture.admin.change_all(&[]).await.unwrap().is_empty());
    });
}

fn ask(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(connection, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
