//! HTTP/1.1 to an engine, over one stream.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::model::{Container, Id, Listed, Stats, Usage};

/// The newest version of the API that was read for this; older ones have what is used here as well.
const NEWEST: (u32, u32) = (1, 47);
/// A thousand containers are listed in about one megabyte.
const LIST_BYTES: usize = 16 * 1024 * 1024;
const ANSWER_BYTES: usize = 512 * 1024;

/// Why something did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Docker cannot be reached: {0}")]
    Connect(#[source] std::io::Error),
    #[error("Docker does not answer within {0:?}")]
    Slow(Duration),
    #[error("the connection to Docker broke: {0}")]
    Broken(#[source] hyper::Error),
    #[error("Docker's answer is longer than {0} bytes")]
    TooMuch(usize),
    #[error("Docker answers {status}")]
    Status { status: StatusCode },
    #[error("Docker's answer is not what it should be: {0}")]
    Form(String),
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A connection to an engine. One question at a time.
pub struct Client {
    sender: SendRequest<Empty<Bytes>>,
    /// Begins every path: `/v1.41`, or nothing where the engine does not say what it speaks.
    version: String,
    within: Duration,
    connection: JoinHandle<()>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Client {
    /// Connects to the engine behind a socket of this machine. Each answer may take as long as `within`.
    ///
    /// # Errors
    /// When nobody listens there, or it is no engine.
    pub async fn local(socket: &Path, within: Duration) -> Result<Self> {
        let stream = timeout(within, UnixStream::connect(socket)).await.map_err(|_| Error::Slow(within))?;
        Self::over(stream.map_err(Error::Connect)?, within).await
    }

    /// Speaks to the engine at the other end of a stream. Each answer may take as long as `within`.
    ///
    /// # Errors
    /// When there is no engine.
    pub async fn over<S>(stream: S, within: Duration) -> Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(Error::Broken)?;
        // What goes wrong with it, the question that was under way tells.
        let connection = tokio::spawn(async move { drop(connection.await) });
        let mut client = Self { sender, version: String::new(), within, connection };
        let (_, version) = client.ask("/_ping", ANSWER_BYTES).await?;
        client.version =
            version.map(|spoken| spoken.min(NEWEST)).map_or_else(String::new, |(a, b)| format!("/v{a}.{b}"));
        Ok(client)
    }

    /// All containers, those that do not run included.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    pub async fn containers(&mut self) -> Result<Vec<Container>> {
        let path = format!("{}/containers/json?all=true", self.version);
        let listed: Vec<Listed> = self.get(&path, LIST_BYTES).await?;
        Ok(listed.into_iter().map(Container::from).collect())
    }

    /// What a container takes at this moment; none where it is gone meanwhile.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    pub async fn usage(&mut self, id: &Id) -> Result<Option<Usage>> {
        // Without `one-shot` the engine waits for two readings of its own, one second apart.
        let path = format!("{}/containers/{id}/stats?stream=false&one-shot=true", self.version);
        match self.get::<Stats>(&path, ANSWER_BYTES).await {
            Ok(stats) => Ok(Some(stats.into())),
            Err(Error::Status { status: StatusCode::NOT_FOUND | StatusCode::CONFLICT }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str, bytes: usize) -> Result<T> {
        let (body, _) = self.ask(path, bytes).await?;
        serde_json::from_slice(&body).map_err(|error| Error::Form(error.to_string()))
    }

    /// The body of an answer, and the version of the API that its head names.
    async fn ask(&mut self, path: &str, bytes: usize) -> Result<(Bytes, Option<(u32, u32)>)> {
        let within = self.within;
        timeout(within, self.ask_patiently(path, bytes)).await.unwrap_or(Err(Error::Slow(within)))
    }

    async fn ask_patiently(&mut self, path: &str, bytes: usize) -> Result<(Bytes, Option<(u32, u32)>)> {
        // The host is needed by HTTP and by nobody else.
        let request = Request::get(path).header(header::HOST, "docker").header(header::USER_AGENT, "Plenum");
        let request = request.body(Empty::new()).map_err(|error| Error::Form(error.to_string()))?;
        self.sender.ready().await.map_err(Error::Broken)?;
        let answer = self.sender.send_request(request).await.map_err(Error::Broken)?;
        let (head, body) = answer.into_parts();
        // The body is read even where it is not of use: the next answer comes after it.
        let body =
            Limited::new(body, bytes).collect().await.map_err(|error| match error.downcast::<hyper::Error>() {
                Ok(error) => Error::Broken(*error),
                Err(error) if error.is::<LengthLimitError>() => Error::TooMuch(bytes),
                Err(error) => Error::Form(error.to_string()),
            })?;
        if !head.status.is_success() {
            return Err(Error::Status { status: head.status });
        }
        let version = head.headers.get("api-version").and_then(|version| {
            let (major, minor) = version.to_str().ok()?.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        Ok((body.to_bytes(), version))
    }
}
