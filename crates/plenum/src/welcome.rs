//! The page behind the first document's backend: what a person sees at the first `curl`, answered by the daemon itself.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use axum::{Router, http::header, response::IntoResponse, routing::get};
use edge::store::Settings;
use platform::db::Db;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PAGE: &str = include_str!("welcome.html");

/// The bound listener, or only its address where another program has the port.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    listener: Option<TcpListener>,
}

/// Binds the port on loopback that this installation has always used, because documents name it.
pub(crate) async fn bind(db: &Db) -> anyhow::Result<Listener> {
    let known: u16 = Settings::WelcomePort.get(db).await?.and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, known)).await {
        Ok(listener) => listener,
        Err(error) if known != 0 => {
            tracing::warn!(port = known, %error, "the welcome page's port is taken; a document that still names it answers 503");
            return Ok(Listener { address: SocketAddr::from((Ipv4Addr::LOCALHOST, known)), listener: None });
        }
        Err(error) => return Err(error).context("cannot listen on loopback for the welcome page"),
    };
    let address = listener.local_addr()?;
    if address.port() != known {
        let mut tx = db.begin().await?;
        Settings::WelcomePort.set(&mut tx, &address.port().to_string()).await?;
        tx.commit().await?;
    }
    Ok(Listener { address, listener: Some(listener) })
}

impl Listener {
    /// Serves the page until `stop`; its visitors are a proxy's, so nothing is kept.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let Some(listener) = self.listener else { return };
        let router = Router::new().fallback(get(page));
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::warn!(%error, "the welcome page ended");
        }
    }
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], PAGE)
}
