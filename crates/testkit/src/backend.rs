//! A tiny HTTP server that counts what it is asked.
//!
//! `/sleep/<ms>` answers late; everything else answers at once with the server's text. It runs on a thread of its own,
//! so a test may block.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A running server; ends when dropped.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    hits: Arc<AtomicU64>,
    _stop: oneshot::Sender<()>,
}

/// Starts a server on a free port that answers with `text`.
///
/// # Panics
/// When it cannot be started.
pub fn http_backend(text: &str) -> Backend {
    let hits = Arc::new(AtomicU64::new(0));
    let (stop, mut stopped) = oneshot::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel();
    let (counter, text) = (Arc::clone(&hits), Arc::<str>::from(text));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async move {
            let Ok(listener) = TcpListener::bind("127.0.0.1:0").await else { return };
            let _ = tell.send(listener.local_addr());
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    accepted = listener.accept() => if let Ok((connection, _)) = accepted {
                        tokio::spawn(serve(connection, Arc::clone(&counter), Arc::clone(&text)));
                    }
                }
            }
        });
    });
    let address = told.recv().ok().and_then(Result::ok);
    let address = address.unwrap_or_else(|| panic!("the HTTP server did not start"));
    Backend { address, hits, _stop: stop }
}

impl Backend {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many requests it has answered.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::SeqCst)
    }
}

async fn serve(mut connection: TcpStream, hits: Arc<AtomicU64>, text: Arc<str>) {
    let mut pending = Vec::new();
    let mut piece = [0_u8; 4096];
    loop {
        let end = loop {
            if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            match connection.read(&mut piece).await {
                Ok(read @ 1..) => pending.extend_from_slice(&piece[..read]),
                _ => return,
            }
        };
        let head: Vec<u8> = pending.drain(..end).collect();
        let line = String::from_utf8_lossy(&head);
        let path = line.split_whitespace().nth(1).unwrap_or("/");
        if let Some(pause) = path.strip_prefix("/sleep/").and_then(|ms| ms.parse().ok()) {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        hits.fetch_add(1, Ordering::SeqCst);
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        let last = line.to_ascii_lowercase().contains("\r\nconnection: close\r\n");
        if connection.write_all(answer.as_bytes()).await.is_err() || last {
            return;
        }
    }
}
