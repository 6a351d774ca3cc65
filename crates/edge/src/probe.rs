//! One request through HAProxy, to see what a client would get.
//!
//! It goes only to an address that the live document's frontend listens on, so it cannot be used to reach anything else. The
//! certificate is not checked: names of the outside do not resolve to this machine, and what is asked is what HAProxy does.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use haproxy::bind::{Endpoint, Transport};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use utoipa::ToSchema;

use crate::{
    apply::Live,
    state::{bind::Bind, common::Mode, frontend::Frontend},
};

mod insecure;

const WITHIN: Duration = Duration::from_secs(5);
/// As much of a body as is looked at; what comes after it is not waited for.
const BODY_BYTES: usize = 2 * 1024;

/// What to ask.
#[derive(Debug)]
pub struct Question {
    /// The frontend's id.
    pub frontend: String,
    /// The bind's id; the first that can be reached when absent.
    pub bind: Option<String>,
    /// The `Host` header, and the name in TLS.
    pub host: String,
    /// The path with its query.
    pub path: String,
    /// `GET` or `HEAD`.
    pub method: http::Method,
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProbeAnswer)]
pub struct Answer {
    /// Whether there was an answer, whatever its status.
    pub ok: bool,
    /// What was asked for.
    pub url: String,
    /// Where it was sent.
    pub address: String,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its headers, as name and value.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_start: Option<String>,
    /// From the connection to the end of what was read.
    pub duration_ms: u64,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The live document has no such frontend or bind.
    #[error("the document that is live has no {0}; apply it first")]
    Unknown(String),
    /// It speaks something else than HTTP over a stream.
    #[error("{0}")]
    Unsuitable(String),
    /// The request cannot be written.
    #[error("this is no request: {0}")]
    Request(#[from] http::Error),
}

/// Sends one request to a frontend of the live document and tells what came back.
pub async fn probe(live: &Live, question: &Question) -> Result<Answer, Refused> {
    let frontend = find(live, &question.frontend)?;
    let (bind, endpoint) = endpoint_of(frontend, question.bind.as_deref())?;
    let tls = bind.ssl.enabled;
    let request = http::Request::builder()
        .method(&question.method)
        .uri(&question.path)
        .header(http::header::HOST, &question.host)
        .header(http::header::USER_AGENT, "plenum-probe")
        .header(http::header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let scheme = if tls { "https" } else { "http" };
    let mut answer = Answer {
        ok: false,
        url: format!("{scheme}://{}{}", question.host, question.path),
        address: endpoint.to_string(),
        status: None,
        headers: Vec::new(),
        body_start: None,
        duration_ms: 0,
        error: None,
    };
    let begin = Instant::now();
    let target = Target { endpoint, tls: tls.then(|| question.host.clone()), proxy_header: bind.accept_proxy };
    match tokio::time::timeout(WITHIN, send(target, request, &mut answer)).await {
        Ok(Ok(())) => answer.ok = true,
        Ok(Err(error)) => answer.error = Some(error),
        Err(_) => answer.error = Some(format!("there was no answer within {} s", WITHIN.as_secs())),
    }
    answer.duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(answer)
}

fn find<'a>(live: &'a Live, id: &str) -> Result<&'a Frontend, Refused> {
    let found = live.document.haproxy.frontends.iter().find(|frontend| frontend.id.as_str() == id);
    let frontend = found.ok_or_else(|| Refused::Unknown(format!("frontend {id:?}")))?;
    if frontend.mode != Mode::Http {
        return Err(Refused::Unsuitable("this frontend is in TCP mode; only HTTP can be tried".to_owned()));
    }
    if !frontend.enabled {
        return Err(Refused::Unsuitable("this frontend is not enabled".to_owned()));
    }
    Ok(frontend)
}

/// A place to connect to.
enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Tcp(address) => write!(f, "{address}"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

fn endpoint_of<'a>(frontend: &'a Frontend, id: Option<&str>) -> Result<(&'a Bind, Place), Refused> {
    let mut candidates = frontend.binds.iter().filter(|bind| id.is_none_or(|id| bind.id.as_str() == id)).peekable();
    if candidates.peek().is_none() {
        return Err(Refused::Unknown(format!("bind {:?}", id.unwrap_or_default())));
    }
    candidates
        .find_map(|bind| haproxy::bind::parse(&bind.address).into_iter().find_map(place).map(|place| (bind, place)))
        .ok_or_else(|| Refused::Unsuitable("this frontend has no address that TCP can reach".to_owned()))
}

/// Wildcards are reached over the loopback address.
fn place(endpoint: Endpoint) -> Option<Place> {
    match endpoint {
        Endpoint::Inet { mut address, transport: Transport::Stream } => {
            match address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
                IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
                _ => {}
            }
            Some(Place::Tcp(address))
        }
        Endpoint::Inet { transport: Transport::Datagram, .. } => None,
        Endpoint::Unix(path) => Some(Place::Unix(path)),
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Target {
    endpoint: Place,
    tls: Option<String>,
    proxy_header: bool,
}

impl Target {
    async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let mut stream: Box<dyn Stream> = match &self.endpoint {
            Place::Tcp(address) => Box::new(tokio::net::TcpStream::connect(address).await.map_err(|error| {
                format!("no connection to {address}: {error}; does HAProxy run, and does a firewall of this machine interfere?")
            })?),
            Place::Unix(path) => Box::new(
                tokio::net::UnixStream::connect(path)
                    .await
                    .map_err(|error| format!("no connection to {}: {error}", path.display()))?,
            ),
        };
        if self.proxy_header {
            // The PROXY protocol's own way to say that there is nothing to say (version 1, "UNKNOWN").
            stream.write_all(b"PROXY UNKNOWN\r\n").await.map_err(|error| error.to_string())?;
        }
        let Some(name) = &self.tls else { return Ok(stream) };
        let name = rustls::pki_types::ServerName::try_from(name.split(':').next().unwrap_or_default().to_owned())
            .map_err(|_| format!("{name:?} cannot be asked for in TLS"))?;
        let connector =
            tokio_rustls::TlsConnector::from(Arc::new(insecure::config().map_err(|error| error.to_string())?));
        let stream = connector.connect(name, stream).await.map_err(|error| format!("TLS failed: {error}"))?;
        Ok(Box::new(stream))
    }
}

async fn send(target: Target, request: http::Request<Empty<Bytes>>, answer: &mut Answer) -> Result<(), String> {
    let stream = TokioIo::new(target.connect().await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| format!("no answer: {error}"));
    let result = match response {
        Ok(response) => {
            answer.status = Some(response.status().as_u16());
            answer.headers = response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect();
            answer.body_start = Some(beginning(response.into_body()).await);
            Ok(())
        }
        Err(error) => Err(error),
    };
    driver.abort();
    result
}

/// The beginning of a body; a longer one is cut, a torn one is told as far as it came.
async fn beginning(body: hyper::body::Incoming) -> String {
    let mut body = Limited::new(body, 1 << 20);
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() >= BODY_BYTES {
            bytes.truncate(BODY_BYTES);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
