//! Clients that know one name, and trust one authority.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::authority::Ca;

pub(crate) fn builder(ca: &Ca, host: &str, port: u16) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .tls_certs_only([reqwest::Certificate::from_pem(ca.pem().as_bytes()).unwrap()])
}

/// One request over HTTPS on a connection of its own; another one where a load that has just ended breaks it off.
pub(crate) async fn get(ca: &Ca, host: &str, port: u16, path: &str) -> reqwest::Result<reqwest::Response> {
    match get_once(ca, host, port, path).await {
        Err(error) if is_reset(&error) || is_closed(&error) => get_once(ca, host, port, path).await,
        other => other,
    }
}

pub(crate) async fn get_once(ca: &Ca, host: &str, port: u16, path: &str) -> reqwest::Result<reqwest::Response> {
    builder(ca, host, port).build()?.get(format!("https://{host}:{port}{path}")).send().await
}

/// Whether the connection was reset, as it may be while a load replaces the listeners.
pub(crate) fn is_reset(error: &reqwest::Error) -> bool {
    // An error within an error of the same type is not among its sources.
    error.is_connect() && format!("{error:?}").contains("ConnectionReset")
}

/// Whether the connection was closed before the request, as a server does that is replaced; any client asks again.
pub(crate) fn is_closed(error: &reqwest::Error) -> bool {
    error.is_request() && format!("{error:?}").contains("Canceled")
}

/// What the upstream was asked.
pub(crate) async fn told(ca: &Ca, host: &str, port: u16, path: &str) -> Value {
    let answer = get(ca, host, port, path).await.unwrap();
    assert_eq!(answer.status(), 200, "{host}{path}");
    json(answer).await
}

pub(crate) async fn json(answer: reqwest::Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// One request over plain HTTP.
pub(crate) async fn get_plain(host: &str, port: u16, path: &str) -> reqwest::Response {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .build()
        .unwrap();
    client.get(format!("http://{host}:{port}{path}")).send().await.unwrap()
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A TLS connection for `sni`.
pub(crate) async fn tls(ca: &Ca, sni: &str, port: u16) -> std::io::Result<Box<dyn Stream>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(ca.roots()).with_no_client_auth();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let name = ServerName::try_from(sni.to_owned()).unwrap();
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

/// Asks for an upgrade on a connection; what follows belongs to whoever upgraded.
pub(crate) async fn upgrade(mut stream: Box<dyn Stream>, host: &str) -> Box<dyn Stream> {
    let request = format!(
        "GET /socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    stream
}

/// Whether what is said comes back.
pub(crate) async fn echoes(stream: &mut Box<dyn Stream>, text: &str) -> bool {
    let mut back = vec![0; text.len()];
    stream.write_all(text.as_bytes()).await.is_ok()
        && stream.read_exact(&mut back).await.is_ok()
        && back == text.as_bytes()
}
