//! Tiny upstreams: plain, behind TLS, HTTP/2 without TLS. They tell what they were asked and echo what is upgraded.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plenum_caddy::config::Certificate;
use plenum_caddy::names::Address;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Reply = Response<Full<Bytes>>;

/// Listens until the test ends.
pub(crate) struct Server {
    pub(crate) address: Address,
}

impl Server {
    /// HTTP/1.1, or HTTP/2 for whoever begins with it.
    pub(crate) async fn plain() -> Self {
        Self::start(None).await
    }

    pub(crate) async fn tls(certificate: &Certificate) -> Self {
        let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::start(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start(acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = Address::new(&listener.local_addr().unwrap().to_string()).unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut start = [0; 3];
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, false).await;
                            }
                        }
                        None if stream.peek(&mut start).await.is_ok() => {
                            serve(stream, &start == b"PRI").await;
                        }
                        None => {}
                    }
                });
            }
        });
        Self { address }
    }
}

// A client that goes away in the middle ends its connection with an error, which is nobody's fault here.
async fn serve<S>(stream: S, h2: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(async |request| Ok::<_, Infallible>(tell(request).await));
    let io = TokioIo::new(stream);
    if h2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).with_upgrades().await;
    }
}

/// Tells what was asked. `/wait/<ms>` waits first, an upgrade is granted and echoed, `/status/<n>` has that status.
async fn tell(mut request: Request<Incoming>) -> Reply {
    if request.headers().get(UPGRADE).is_some() {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = read.read(&mut piece).await {
                if write.write_all(&piece[..length]).await.is_err() {
                    break;
                }
            }
        });
        let mut reply = Response::new(Full::default());
        *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        reply.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return reply;
    }
    let (head, body) = request.into_parts();
    let number = |prefix: &str| head.uri.path().strip_prefix(prefix).and_then(|rest| rest.parse::<u64>().ok());
    if let Some(ms) = number("/wait/") {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let body = body.collect().await.map(|body| body.to_bytes().len()).unwrap_or_default();
    let headers: Map<String, Value> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let told = json!({
        "method": head.method.as_str(),
        "uri": head.uri.path_and_query().map_or("", |uri| uri.as_str()),
        "version": format!("{:?}", head.version),
        "headers": headers,
        "body": body,
    });
    let mut reply = Response::new(Full::from(told.to_string()));
    if let Some(status) = number("/status/") {
        *reply.status_mut() = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
    }
    reply
}
