//! How the command line reaches the API: over the daemon's local socket, or, where no daemon runs, in this process.
//!
//! Both ways end in the same router, so a command means the same with and without a daemon.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use platform::http::Peer;
use tokio::net::UnixStream;
use tower::ServiceExt as _;

/// The local socket's name inside the data directory.
pub(crate) const SOCKET: &str = "plenum.sock";

/// A way to the API.
pub(crate) enum Client {
    /// The socket of a running daemon.
    Socket(PathBuf),
    /// The same router, in this process, with what must live as long as it.
    InProcess { router: Router, _application: Box<dyn Send> },
}

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// The daemon that serves `data_dir`, if one answers.
    pub(crate) async fn daemon(data_dir: &Path) -> Option<Client> {
        Client::connect(data_dir).await.ok()
    }

    /// The same, with the reason where there is none.
    pub(crate) async fn connect(data_dir: &Path) -> std::io::Result<Client> {
        let socket = data_dir.join(SOCKET);
        UnixStream::connect(&socket).await?;
        Ok(Client::Socket(socket))
    }

    /// Sends one request. `body` is sent as `content_type`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match self {
            Client::Socket(socket) => over_socket(socket, request.body(Full::new(Bytes::from(body)))?).await,
            Client::InProcess { router, .. } => {
                let mut request = request.body(Body::from(body))?;
                request.extensions_mut().insert(Peer::this_process());
                let response = router.clone().oneshot(request).await?;
                let (parts, body) = response.into_parts();
                Ok(Answer { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() })
            }
        }
    }

    /// Sends a request and reads the answer's JSON; anything but a success is an error that says what the API said.
    pub(crate) async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> anyhow::Result<serde_json::Value> {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let answer = self.send(method, path, &[("content-type", "application/json")], bytes).await?;
        answer.success()?.json()
    }
}

impl Answer {
    /// This answer if it is a success; otherwise the API's own words as an error.
    pub(crate) fn success(self) -> anyhow::Result<Answer> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!(Refused { status: self.status, body: self.body })
    }

    /// The body as JSON; an empty body is null.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        if self.body.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_slice(&self.body).context("the daemon's answer is not JSON")
    }
}

/// The API answered, and said no.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    /// The message, then every issue and hint on a line of its own: what a person needs to mend the input.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(&self.body) else {
            return write!(f, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        };
        write!(f, "{}", body["message"].as_str().or(body["error"].as_str()).unwrap_or("refused"))?;
        for issue in body["issues"].as_array().into_iter().flatten() {
            write!(f, "\n  {}: {}", dotted(&issue["path"]), issue["message"].as_str().unwrap_or_default())?;
        }
        for hint in body["hints"].as_array().into_iter().flatten() {
            write!(f, "\n  {}", hint["message"].as_str().unwrap_or_default())?;
            if let Some(name) = hint["entity"]["name"].as_str() {
                write!(f, " ({} '{name}')", hint["entity"]["kind"].as_str().unwrap_or("entity"))?;
            }
        }
        if let Some(output) = body["output"].as_str().filter(|output| !output.is_empty()) {
            write!(f, "\n{}", output.trim_end())?;
        }
        Ok(())
    }
}

fn dotted(path: &serde_json::Value) -> String {
    let parts: Vec<String> = path
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
        .collect();
    if parts.is_empty() { "document".to_owned() } else { parts.join(".") }
}

async fn over_socket(socket: &Path, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
    let stream = UnixStream::connect(socket)
        .await
        .with_context(|| format!("cannot reach the daemon at {}", socket.display()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .context("the daemon closed the connection; is this user root or the daemon's own?")?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    drop(sender);
    driving.abort();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}
