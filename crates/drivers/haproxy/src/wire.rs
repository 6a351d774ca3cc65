//! One request and its whole answer over a Unix socket, bounded in time and in size.
//!
//! The writing side is closed after the request: the master socket of 2.6 keeps the connection open for as long as a
//! client might still say something, so reading to the end would hang.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

use crate::{Error, Result};

/// How long an answer may take and how long it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// Sends `request` and hands every piece of the answer to `take` as it arrives.
pub(crate) async fn stream(
    socket: &Path,
    request: &[u8],
    limits: Limits,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let deadline = Instant::now() + limits.time;
    let talk = async {
        let failed = |action| move |source| Error::Socket { action, socket: socket.to_owned(), source };
        let mut connection = UnixStream::connect(socket).await.map_err(failed("connect to"))?;
        // A peer that answers before it has read everything closes early; what it said is still worth reading.
        let mut unsent = None;
        if let Err(error) = connection.write_all(request).await {
            unsent = Some(error);
        } else if let Err(error) = connection.shutdown().await
            && error.kind() != io::ErrorKind::NotConnected
        {
            unsent = Some(error);
        }
        let mut total = 0_usize;
        let mut piece = vec![0_u8; 16 * 1024];
        loop {
            let read = match connection.read(&mut piece).await {
                Ok(0) => break,
                Ok(read) => read,
                Err(source) => return Err(failed("read from")(source)),
            };
            total += read;
            if total > limits.bytes {
                return Err(Error::TooLong { socket: socket.to_owned(), limit: limits.bytes });
            }
            take(&piece[..read])?;
        }
        match unsent {
            Some(source) if total == 0 => Err(failed("write to")(source)),
            _ => Ok(()),
        }
    };
    match timeout_at(deadline, talk).await {
        Ok(result) => result,
        Err(_) => Err(Error::Timeout { socket: socket.to_owned(), within: limits.time }),
    }
}

/// Sends `request` and returns the whole answer; bytes that are not UTF-8 become replacement characters.
pub(crate) async fn exchange(socket: &Path, request: &[u8], limits: Limits) -> Result<String> {
    let mut answer = Vec::new();
    stream(socket, request, limits, |piece| {
        answer.extend_from_slice(piece);
        Ok(())
    })
    .await?;
    Ok(match String::from_utf8(answer) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}
