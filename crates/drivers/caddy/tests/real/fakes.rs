//! Peers at the admin address that are slow, endless, or no Caddy.

use std::time::{Duration, Instant};

use plenum_caddy::{Admin, Error};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every connection with these bytes, after it has heard something, and keeps it open.
async fn peer(answer: Vec<u8>) -> Admin {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = Admin::new(&listener.local_addr().unwrap().to_string()).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut piece = [0; 4096];
                let _ = stream.read(&mut piece).await;
                let _ = stream.write_all(&answer).await;
                // Whoever closes, it is not us.
                while let Ok(1..) = stream.read(&mut piece).await {}
            });
        }
    });
    admin
}

#[tokio::test]
async fn f_who_never_answers_is_not_waited_for_forever() {
    let admin = peer(Vec::new()).await;
    let began = Instant::now();
    assert!(matches!(admin.presence().await, Err(Error::Timeout { .. })));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn f11_garbage_is_an_error_and_never_a_caddy() {
    let web = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    for answer in [
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"\0\0\0\0\0\0\0\0\r\n\r\n".to_vec(),
        web("200 OK", "<html>a router</html>"),
        web("404 Not Found", "<html>no such page</html>"),
        web("404 Not Found", "{}"),
    ] {
        let admin = peer(answer.clone()).await;
        let error = admin.presence().await.unwrap_err();
        assert!(!matches!(error, Error::Timeout { .. }), "{error}: {:?}", String::from_utf8_lossy(&answer));
        assert!(admin.marker().await.is_err());
    }
    let admin = peer(web("500 Internal Server Error", r#"{"error":"no space left"}"#)).await;
    let Err(Error::Refused { message }) = admin.load(&json!({})).await else { panic!() };
    assert_eq!(message, "no space left");
}

#[tokio::test]
async fn f_an_endless_answer_is_cut() {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".to_vec();
    answer.resize(answer.len() + 200_000, b'x');
    let error = peer(answer).await.presence().await.unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error}");
}
