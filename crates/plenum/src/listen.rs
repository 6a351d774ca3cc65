//! The main listener: TLS with the operator's certificate, with one of our own, or none.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::{self, Next},
    response::Response,
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use platform::{
    config::{Config, TlsMode, TlsVersion},
    files,
    http::{Encrypted, Peer},
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio_util::sync::CancellationToken;

/// A certificate of our own is made anew when it has less than this left (days).
const RENEW_DAYS: i64 = 30;
/// How long it is good for (days): browsers refuse longer ones.
const LIFETIME_DAYS: i64 = 397;

/// What tells a server to end when `stop` says so, and to let requests finish for at most `grace`.
pub(crate) fn ending(stop: CancellationToken, grace: Duration) -> Handle<SocketAddr> {
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        stopping.graceful_shutdown(Some(grace));
    });
    handle
}

/// The bound listener.
pub(crate) struct Main {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
}

impl Main {
    /// Binds the configured address and reads or makes the certificate.
    pub(crate) fn bind(config: &Config, data_dir: &Path, now: Timestamp) -> anyhow::Result<Main> {
        let wanted = config.server.address();
        let listener = TcpListener::bind(wanted).with_context(|| {
            format!("cannot listen on {wanted}; is another program there? --listen chooses another address")
        })?;
        listener.set_nonblocking(true)?;
        let tls = match config.ssl.mode {
            TlsMode::Off => None,
            TlsMode::SelfSigned => Some(own_certificate(data_dir, now)?),
            TlsMode::Files => {
                let file = |path: &Option<PathBuf>, key: &str| {
                    path.clone().with_context(|| format!("ssl.mode files needs {key}"))
                };
                Some((file(&config.ssl.cert_path, "ssl.certPath")?, file(&config.ssl.key_path, "ssl.keyPath")?))
            }
        };
        let tls = match tls {
            Some((certificate, key)) => {
                Some(RustlsConfig::from_config(Arc::new(server_config(&certificate, &key, config.ssl.min_version)?)))
            }
            None => None,
        };
        Ok(Main { address: listener.local_addr()?, listener, tls })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets requests finish for at most `grace`.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken, grace: Duration) {
        let handle = ending(stop, grace);
        let encrypted = self.tls.is_some();
        let router = router.layer(middleware::from_fn(move |request, next| with_peer(encrypted, request, next)));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            Some(tls) => match axum_server::from_tcp_rustls(self.listener, tls) {
                Ok(server) => server.handle(handle).serve(service).await,
                Err(error) => Err(error),
            },
            None => match axum_server::from_tcp(self.listener) {
                Ok(server) => server.handle(handle).serve(service).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = served {
            tracing::error!(%error, "the main listener ended");
        }
    }
}

/// Tells the kit who is at the other end.
async fn with_peer(encrypted: bool, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    if let Some(address) = address {
        request.extensions_mut().insert(Peer::Tcp(address));
    }
    if encrypted {
        request.extensions_mut().insert(Encrypted);
    }
    next.run(request).await
}

fn server_config(certificate: &Path, key: &Path, oldest: TlsVersion) -> anyhow::Result<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read the certificate {}", certificate.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(key).with_context(|| format!("cannot read the private key {}", key.display()))?;
    let versions: &[&rustls::SupportedProtocolVersion] = match oldest {
        TlsVersion::V12 => &[&TLS12, &TLS13],
        TlsVersion::V13 => &[&TLS13],
    };
    let mut config = ServerConfig::builder_with_protocol_versions(versions)
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate and the private key do not fit together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The paths of a certificate of our own; made on the first start, and again before it runs out.
fn own_certificate(data_dir: &Path, now: Timestamp) -> anyhow::Result<(PathBuf, PathBuf)> {
    let dir = data_dir.join("tls");
    let (certificate, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    let made = std::fs::metadata(&certificate)
        .and_then(|data| data.modified())
        .ok()
        .and_then(|at| Timestamp::try_from(at).ok());
    let good =
        |made: Timestamp| now.duration_since(made) < SignedDuration::from_hours(24 * (LIFETIME_DAYS - RENEW_DAYS));
    if key.is_file() && made.is_some_and(good) {
        return Ok((certificate, key));
    }
    if !dir.is_dir() {
        files::new_dir(&dir, 0o700)?;
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(host_name().filter(|name| name != "localhost"));
    let pair = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::new(names)?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Plenum");
    set_validity(&mut parameters, now)?;
    let made = parameters.self_signed(&pair)?;
    // The key first: a certificate without its key would stop the next start.
    files::write_atomic(&key, pair.serialize_pem().as_bytes(), 0o600)?;
    files::write_atomic(&certificate, made.pem().as_bytes(), 0o644)?;
    tracing::info!(certificate = %certificate.display(), "made a self-signed certificate");
    Ok((certificate, key))
}

/// Sets how long the certificate is good for, with a day of grace for clocks that are behind.
fn set_validity(parameters: &mut rcgen::CertificateParams, now: Timestamp) -> anyhow::Result<()> {
    let date = |days: i64| (now + SignedDuration::from_hours(24 * days)).to_zoned(TimeZone::UTC).date();
    let (from, to) = (date(-1), date(LIFETIME_DAYS - 1));
    parameters.not_before =
        rcgen::date_time_ymd(i32::from(from.year()), u8::try_from(from.month())?, u8::try_from(from.day())?);
    parameters.not_after =
        rcgen::date_time_ymd(i32::from(to.year()), u8::try_from(to.month())?, u8::try_from(to.day())?);
    Ok(())
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
