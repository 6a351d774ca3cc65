//! `plenum serve`: open, listen, converge, wait, drain.

use std::{io::Write as _, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use platform::{http::Platform, log};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use crate::{
    cli::Common,
    client::SOCKET,
    config_layers::Layers,
    listen, local, mesh_listen,
    wiring::{self, App, CONVERGE},
};

/// How long the first answers may wait for HAProxy. It is usually a tenth of a second; a broken one must not keep the API shut.
const FIRST_CONVERGENCE: Duration = Duration::from_secs(3);

/// Runs the daemon until it is told to stop.
pub(crate) async fn run(common: &Common, layers: Layers) -> anyhow::Result<()> {
    let config = layers.load(common)?;
    log::install(&config.logging)?;
    let grace = Duration::from_millis(config.server.shutdown_grace_period_ms);
    let mut app = wiring::while_held(|| App::open(config.clone(), true)).await?;
    let (platform, stop, tasks) = (app.platform.clone(), app.platform.stop.clone(), TaskTracker::new());

    let local = local::bind(&app.data_dir.path().join(SOCKET)).context("cannot listen on the local socket")?;
    let main = listen::Main::bind(&platform.config, app.data_dir.path(), platform.clock.now())?;
    let mesh = match platform.config.mesh.listen {
        platform::config::Listen::On(address) => match mesh_listen::Mesh::bind(address) {
            Ok(bound) => Some(bound),
            Err(error) => {
                // The edge's traffic does not depend on it, and the API to see and mend it is on the main listener.
                tracing::error!(error = format!("{error:#}"), "the mesh API is not there");
                None
            }
        },
        platform::config::Listen::Off => None,
    };
    if let Some(welcome) = app.welcome.take() {
        tasks.spawn(welcome.serve(stop.clone()));
    }
    // Bound already, so early callers wait in the kernel's queue instead of being refused.
    first_convergence(&platform).await;
    let router = app.router()?;
    announce(&app, main.address()).await?;
    tasks.spawn(local::serve(local, router.clone(), stop.clone()));
    if let Some(mesh) = mesh {
        tracing::info!("the mesh API is on http://{}/api", mesh.address());
        tasks.spawn(mesh.serve(router.clone(), stop.clone(), grace));
    }
    tasks.spawn(main.serve(router, stop.clone(), grace));

    wait_for_stop().await?;
    tracing::info!("stopping; HAProxy and Caddy go on");
    stop.cancel();
    drain(&platform, &app.mesh, tasks, grace).await;
    Ok(())
}

/// Waits until disk and HAProxy have been compared with the store once.
async fn first_convergence(platform: &Platform) {
    let compared = async {
        while !platform.reconcilers.status().iter().any(|status| status.name == CONVERGE && status.runs > 0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(FIRST_CONVERGENCE, compared).await.is_err() {
        tracing::warn!("HAProxy is not there yet; serving all the same");
    }
}

/// Says where Plenum is, and on a fresh installation how to sign in.
async fn announce(app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let scheme = match app.platform.config.ssl.mode {
        platform::config::TlsMode::Off => "http",
        _ => "https",
    };
    tracing::info!("listening on {scheme}://{address}");
    if let Some(token) = app.platform.identity.prepare_setup().await? {
        let host =
            if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() };
        let url = format!("{scheme}://{host}/setup-admin?token={}", token.as_str());
        // To standard output, apart from the log: logs are kept and read by others.
        writeln!(std::io::stdout(), "\n  Nobody can sign in yet. Set up the first user at\n\n    {url}\n")?;
    }
    Ok(())
}

async fn wait_for_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Lets what is under way finish, for as long as the configuration allows, and names what did not.
async fn drain(platform: &Platform, mesh: &mesh::Mesh, tasks: TaskTracker, grace: Duration) {
    tasks.close();
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        tracing::warn!("connections did not end in time");
    }
    if tokio::time::timeout(grace, mesh.stop()).await.is_err() {
        tracing::warn!("the mesh area did not stop in time");
    }
    let hung = platform.shutdown(grace).await;
    if !hung.is_empty() {
        tracing::warn!(?hung, "these did not stop in time");
    }
}
