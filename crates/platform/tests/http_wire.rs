//! Over a real socket: what clients see of answers that are ready before their body is sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use plenum_platform::clock;
use plenum_platform::config::Config;
use plenum_platform::http::{Builder, Peer, Routes, serve_router};
use plenum_platform::identity::{Caller, Role};

struct Server {
    address: SocketAddr,
    token: String,
    _dir: tempfile::TempDir,
}

async fn serve() -> Server {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    config.server.body_timeout_ms = 300;
    let builder = Builder::open(config, clock::system()).await.unwrap();
    builder.identity.create_user(&Caller::system(), "owner", Role::Owner, "correct horse battery").await.unwrap();
    let token = builder.identity.create_token(&Caller::local("root"), Some("owner"), "t", None).await.unwrap();
    let platform = builder.start();
    let with_peer = |mut request: Request, next: Next| async move {
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0).unwrap();
        request.extensions_mut().insert(Peer::Tcp(address));
        next.run(request).await
    };
    let router = serve_router(&platform, Routes::default(), platform.clone()).unwrap().layer(from_fn(with_peer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    Server { address, token: token.wire.to_string(), _dir: dir }
}

/// Writes a head and then so many bytes without looking at the answer, as simple clients do; then reads the status line.
fn post_blindly(server: &Server, authorization: &str, megabytes: usize) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = megabytes * 1024 * 1024;
    let head = format!(
        "POST /api/users HTTP/1.1\r\nhost: {}\r\n{authorization}content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = vec![b' '; 1024 * 1024];
    for _ in 0..megabytes {
        stream.write_all(&chunk).unwrap();
    }
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v23_a_200_mb_body_gets_its_status_also_from_clients_that_do_not_listen_while_they_talk() {
    let server = serve().await;
    let bearer = format!("authorization: Bearer {}\r\n", server.token);
    let answers = tokio::task::spawn_blocking(move || {
        [post_blindly(&server, &bearer, 200), post_blindly(&server, "", 200), post_blindly(&server, &bearer, 2)]
    });
    let answers = answers.await.unwrap();
    assert_eq!(
        answers,
        ["HTTP/1.1 413 Payload Too Large", "HTTP/1.1 401 Unauthorized", "HTTP/1.1 413 Payload Too Large"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_first_sends_nothing() {
    let server = serve().await;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!(
            "POST /api/users HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: 209715200\r\n\r\n",
            server.address, server.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 413 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_coming_holds_nothing_up() {
    let server = serve().await;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!(
            "POST /api/users HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"username\":",
            server.address, server.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("api.bodyTimeout"), "{answer}");
}

/// Not the measurement of the benchmark, which runs on a release build: this catches a look into the store or a bcrypt per
/// request, each of which would cost a hundred times more than what is allowed here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticated_read_costs_no_look_into_the_store() {
    let server = serve().await;
    let elapsed = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let head = format!(
            "GET /api/auth/whoami HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
            server.address, server.token
        );
        let mut answer = [0; 4096];
        let mut ask = || {
            stream.write_all(head.as_bytes()).unwrap();
            assert!(stream.read(&mut answer).unwrap() > 0);
            assert!(answer.starts_with(b"HTTP/1.1 200"));
        };
        ask();
        let started = Instant::now();
        for _ in 0..500 {
            ask();
        }
        started.elapsed()
    });
    let each = elapsed.await.unwrap() / 500;
    assert!(each < Duration::from_millis(5), "{each:?} for each request of a debug build");
}
