//! One HTTP request to an admin API and its whole answer, over TCP or a Unix socket, bounded in time and in size.

use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};

use crate::{Endpoint, Error, Result};

/// How often a question is asked again, and after how long.
const RETRIES: usize = 3;
const RETRY: Duration = Duration::from_millis(10);

/// How long an answer may take and how long it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// What to ask.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) json: Option<Bytes>,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Sends a request on a connection of its own and reads the whole answer.
///
/// With every load Caddy replaces its admin server, and a connection that the old one has accepted in its last moment is
/// closed unanswered. Nothing that is asked here does harm when it is asked twice, so it is asked again.
pub(crate) async fn ask(endpoint: &Endpoint, question: Question, limits: Limits) -> Result<Answer> {
    let talk = async {
        for _ in 0..RETRIES {
            match attempt(endpoint, question.clone(), limits).await {
                Err(Failure::BrokenOff(_)) => sleep(RETRY).await,
                other => return other,
            }
        }
        attempt(endpoint, question, limits).await
    };
    match timeout(limits.time, talk).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Failure::BrokenOff(error) | Failure::Final(error))) => Err(error),
        Err(_) => Err(Error::Timeout { peer: endpoint.to_string(), within: limits.time }),
    }
}

/// Why there is no answer.
enum Failure {
    /// The connection ended before an answer began.
    BrokenOff(Error),
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

async fn attempt(endpoint: &Endpoint, question: Question, limits: Limits) -> Result<Answer, Failure> {
    match endpoint {
        Endpoint::Tcp(address) => {
            let stream = TcpStream::connect(address.to_string()).await;
            let stream = stream.map_err(|error| unreachable(endpoint, error))?;
            // A request is written in two pieces, and an answer shall not wait for the second.
            stream.set_nodelay(true).map_err(|error| unreachable(endpoint, error))?;
            exchange(endpoint, stream, question, limits.bytes).await
        }
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| unreachable(endpoint, error))?;
            exchange(endpoint, stream, question, limits.bytes).await
        }
    }
}

async fn exchange<S>(endpoint: &Endpoint, stream: S, question: Question, limit: usize) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Question { method, path, json, header } = question;
    let asked = format!("{method} {path}");
    let garbled = |detail: String| Error::Garbled { request: asked.clone(), detail };
    let mut request = Request::builder().method(method).uri(path).header(HOST, host(endpoint));
    // Checked where the API enforces origins; browsers are meant, and we are none, but it wants one.
    if let Endpoint::Tcp(address) = endpoint {
        request = request.header(ORIGIN, format!("http://{address}"));
    }
    if json.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(json.unwrap_or_default()))
        .map_err(|error| garbled(format!("it cannot be asked: {error}")))?;

    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unreachable(endpoint, error))?;
    // It ends with the answer, or when this future is dropped and the sender with it.
    let connection = AbortOnDrop(tokio::spawn(connection));
    let response = sender.send_request(request).await.map_err(|error| {
        // A peer that does not speak HTTP is there, and not Caddy.
        if error.is_parse() {
            Failure::Final(garbled(error.to_string()))
        } else {
            Failure::BrokenOff(unreachable(endpoint, error))
        }
    })?;
    let status = response.status();
    let body = match Limited::new(response.into_body(), limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(Error::TooLong { peer: endpoint.to_string(), limit }.into());
        }
        Err(error) => return Err(unreachable(endpoint, error).into()),
    };
    drop(connection);
    Ok(Answer { status, body })
}

/// Caddy answers only to names that it listens by, against rebinding; on a socket that is the empty one.
fn host(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp(address) => address.to_string(),
        Endpoint::Unix(_) => String::new(),
    }
}

fn unreachable(endpoint: &Endpoint, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    Error::Unreachable { endpoint: endpoint.to_string(), reason }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
