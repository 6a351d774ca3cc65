//! Queries over TCP: a few connections, none of them for long.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Shared, Step, Transport};

/// A query over TCP may be longer than one over UDP, but has no reason to be.
const LONGEST: usize = 4096;

/// What all connections together may use.
pub(super) struct Limits {
    pub(super) connections: Arc<Semaphore>,
    pub(super) idle: Duration,
}

/// Accepts connections until it is told to stop, and ends them then.
pub(super) async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            // Also when the server is gone without a word.
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let Ok((stream, peer)) = accepted else {
            // No file descriptors left, most likely; they come back.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Closed at once when there are too many: whoever asks over TCP can ask again, a queue could not be limited.
        let Ok(permit) = Arc::clone(&limits.connections).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        let idle = limits.idle;
        connections.spawn(async move {
            // Its end, whatever the reason, concerns the other side only.
            let _ = converse(&shared, stream, peer.ip(), idle).await;
            drop(permit);
        });
    }
}

/// Answers one query after the other.
async fn converse(shared: &Shared, mut stream: TcpStream, peer: IpAddr, idle: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut packet = Vec::new();
    let mut buffer = Vec::new();
    loop {
        // A whole query within the time: a byte now and then does not keep a connection.
        timeout(idle, read(&mut stream, &mut packet)).await??;
        match shared.step(&packet, peer, Transport::Tcp, &mut buffer) {
            // Whoever sends what is no query is not listened to any longer.
            Step::Nothing => return Ok(()),
            Step::Send => {}
            Step::Ask(question) => shared.ask(&question, &mut buffer).await,
        }
        let length = u16::try_from(buffer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut framed = Vec::with_capacity(buffer.len() + 2);
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(&buffer);
        timeout(idle, stream.write_all(&framed)).await??;
    }
}

async fn read(stream: &mut TcpStream, packet: &mut Vec<u8>) -> io::Result<()> {
    let length = usize::from(stream.read_u16().await?);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    packet.resize(length, 0);
    stream.read_exact(packet).await?;
    Ok(())
}
