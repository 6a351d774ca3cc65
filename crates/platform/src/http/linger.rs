//! Lets a refused client finish its sentence.
//!
//! An answer may be ready long before a large body has arrived: 401, 413, 429. A server that then closes makes most clients
//! report a broken connection instead of the answer. So what is left of the body is read on and thrown away, within
//! bounds, while the answer goes out. A client that asked first (`Expect: 100-continue`) sends nothing, and is left alone.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt};
use http::header::EXPECT;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// As much as the largest body that clients are known to send by mistake.
const MOST_BYTES: usize = 512 * 1024 * 1024;
const MOST_TIME: Duration = Duration::from_secs(20);
const AT_ONCE: usize = 32;

/// Bounds how many bodies are read to nowhere at the same time.
#[derive(Clone)]
pub(super) struct Linger(Arc<Semaphore>);

impl Default for Linger {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// Answers, and reads the rest of the body behind the answer's back.
pub(super) async fn linger(bounds: Linger, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() || parts.headers.contains_key(EXPECT) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let (give_back, mut rest) = oneshot::channel();
    let body = Body::from_stream(Returned { inner: Some(body.into_data_stream()), give_back: Some(give_back) });
    let response = next.run(Request::from_parts(parts, body)).await;
    if let (Ok(rest), Ok(turn)) = (rest.try_recv(), bounds.0.try_acquire_owned()) {
        tokio::spawn(async move {
            // Whoever is slower than this loses the connection, which is what would have happened at once.
            let _ = timeout(MOST_TIME, discard(rest)).await;
            drop(turn);
        });
    }
    response
}

async fn discard(mut rest: BodyDataStream) {
    let mut read = 0;
    while let Some(Ok(bytes)) = rest.next().await {
        read += bytes.len();
        if read > MOST_BYTES {
            return;
        }
    }
}

/// The bytes of a body, which come back when they are dropped before their end.
struct Returned {
    inner: Option<BodyDataStream>,
    give_back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Returned {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = inner.poll_next_unpin(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            // Read to its end, or broken: there is nothing to give back.
            self.inner = None;
        }
        polled
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let (Some(inner), Some(give_back)) = (self.inner.take(), self.give_back.take()) {
            // Nobody waits for it once the answer is on its way.
            let _ = give_back.send(inner);
        }
    }
}
