//! From a configuration to a whole application: the only place that knows everyone.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::{Router, extract::FromRef};
use edge::{
    Edge,
    apply::{self, Engine, Patience, Proxy, generation::Generations},
    first,
    render::{Target, Vrrp},
    store::{self, Retention},
};
use haproxy::{Features, Spec, Version};
use mesh::Mesh;
use platform::{
    clock,
    config::{self, Config, HaproxyMode, Keepalived, VrrpState},
    db::Location,
    files::{DataDir, DataDirError, DatabaseLock},
    http::{self, Builder, Platform},
    permissions::Permission,
    reconcile::Outcome,
};

use crate::{client::Client, ui, welcome};

/// The reconciler that makes disk and HAProxy agree with the store.
pub(crate) const CONVERGE: &str = "edge.haproxy";

/// The account of Debian's package.
const USER: &str = "haproxy";

/// How long to wait for a data directory that another process holds.
const HELD_FOR: Duration = Duration::from_secs(5);

/// How often it looks.
const CONVERGE_EVERY: Duration = Duration::from_secs(5);

/// How often servers are looked at while somebody follows them.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// How often it is seen which services are to be checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How often the sums of health checks are written.
const KEEP_EVERY: Duration = Duration::from_secs(5 * 60);

/// How often machines are looked at that nobody asks about.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often it is seen whether orders of certificates ran out.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// How often old snapshots are thinned.
const THIN_EVERY: Duration = Duration::from_secs(60 * 60);

/// The whole application, not yet listening.
pub(crate) struct App {
    pub(crate) platform: Platform,
    pub(crate) edge: Edge,
    pub(crate) mesh: Mesh,
    /// Held as long as the application lives: one daemon for one data directory.
    pub(crate) data_dir: DataDir,
    /// The same for a SQLite file.
    _database: Option<DatabaseLock>,
    /// The welcome page's listener, where the daemon runs.
    pub(crate) welcome: Option<welcome::Listener>,
}

/// What handlers get at: each area sees its own part.
#[derive(Clone, FromRef)]
struct State {
    platform: Platform,
    edge: Edge,
    mesh: Mesh,
}

impl App {
    /// Opens everything that the configuration names. Nothing listens yet; the edge reconciles only `with_background`.
    pub(crate) async fn open(mut config: Config, with_background: bool) -> anyhow::Result<App> {
        let data_dir = DataDir::open(&config.data_dir)?;
        config.data_dir = data_dir.path().to_owned();
        let database = match Location::parse(config.database.url.as_ref().map(|url| url.reveal()), &config.data_dir)? {
            Location::Sqlite(file) => Some(DatabaseLock::of(&file)?),
            Location::Postgres(_) => None,
        };
        let mut builder = Builder::open(config, clock::system()).await?;
        builder.topics = vec![
            ("state", Permission::EdgeStateRead),
            ("haproxy", Permission::EdgeHaproxyRead),
            ("mesh", Permission::MeshRead),
        ];
        let edge = open_edge(&builder)?;
        let mesh = Mesh::new(
            builder.db.clone(),
            Arc::clone(&builder.vault),
            Arc::clone(&builder.clock),
            &builder.config.mesh,
            &builder.config.data_dir,
        );
        let mut welcome = None;
        if with_background {
            let listener = welcome::bind(&builder.db).await?;
            add_reconcilers(&builder, &edge, listener.address);
            mesh.recover().await?;
            add_mesh_reconcilers(&builder, &mesh);
            welcome = Some(listener);
        }
        Ok(App { platform: builder.start(), edge, mesh, data_dir, _database: database, welcome })
    }

    /// Every route of every area behind the platform's layers.
    pub(crate) fn router(&self) -> anyhow::Result<Router> {
        let state = State { platform: self.platform.clone(), edge: self.edge.clone(), mesh: self.mesh.clone() };
        let areas = edge::http::routes().merge(mesh::http::routes());
        Ok(http::serve_router_with_ui(&self.platform, areas, state, ui::router(ui::Built))?)
    }
}

/// Tries again while another process holds the data directory or its database: a command lets go within moments, and so
/// does a daemon that is ending. Whoever goes on holding it is named in the error.
pub(crate) async fn while_held<T, F: Future<Output = anyhow::Result<T>>>(
    mut attempt: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let end = Instant::now() + HELD_FOR;
    loop {
        match attempt().await {
            Err(error) if is_held(&error) && Instant::now() < end => tokio::time::sleep(HELD_FOR / 50).await,
            answer => return answer,
        }
    }
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(DataDirError::InUse { .. } | DataDirError::DatabaseInUse { .. }))
}

/// The application for one command, without listeners and background work.
pub(crate) async fn offline(config: Config) -> anyhow::Result<Client> {
    let app = App::open(config, false).await?;
    if let Err(error) = app.edge.engine.load().await {
        // Commands about users and tokens must work also where HAProxy is not installed.
        tracing::debug!(%error, "the state document is not available");
    }
    let router = app.router()?;
    Ok(Client::InProcess { router, _application: Box::new(app) })
}

/// What the mesh area does in the background. Until something is registered that is next to nothing.
fn add_mesh_reconcilers(builder: &Builder, mesh: &Mesh) {
    let area = mesh.clone();
    builder.reconcilers.add("mesh.publish", CONVERGE_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.converge().await }
    });
    let area = mesh.clone();
    builder.reconcilers.add("mesh.health", CHECK_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.check_due().await }
    });
    let area = mesh.clone();
    builder.reconcilers.add("mesh.history", KEEP_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.keep_history().await }
    });
    let area = mesh.clone();
    builder.reconcilers.add("mesh.servers", LOOK_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.look_at_servers().await.map(Outcome) }
    });
    let area = mesh.clone();
    builder.reconcilers.add("mesh.acme", TEND_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.tend_acme().await.map(|count| format!("{count} orders forgotten")) }
    });
    let area = mesh.clone();
    builder.reconcilers.add("mesh.renewal", THIN_EVERY, move || {
        let mesh = area.clone();
        async move { mesh.renew().await.map(|count| format!("{count} renewed")) }
    });
}

/// What the edge area does in the background.
fn add_reconcilers(builder: &Builder, edge: &Edge, welcome: SocketAddr) {
    let engine = Arc::clone(&edge.engine);
    builder.reconcilers.add(CONVERGE, CONVERGE_EVERY, move || {
        let engine = Arc::clone(&engine);
        async move { converge(&engine, welcome).await }
    });
    let (engine, watch) = (Arc::clone(&edge.engine), Arc::new(edge::status::Watch::default()));
    builder.reconcilers.add("edge.servers", WATCH_EVERY, move || {
        let (engine, watch) = (Arc::clone(&engine), Arc::clone(&watch));
        async move { watch.look(&engine).await }
    });
    let (db, keep) = (builder.db.clone(), &builder.config.snapshots);
    let rule = Retention { keep_last: keep.keep_last as usize, keep_days: i64::from(keep.keep_days) };
    builder.reconcilers.add("edge.snapshots", THIN_EVERY, move || {
        let db = db.clone();
        async move {
            let gone = store::thin(&db, rule).await?;
            if gone > 0 {
                tracing::info!(gone, "old snapshots were removed");
            }
            Ok::<_, store::StoreError>(())
        }
    });
}

/// Makes disk and HAProxy agree with the store, and puts the first document live on a fresh installation.
///
/// Failing is normal here: HAProxy may be missing or broken. The daemon serves all the same, because its API is how a
/// person finds out and mends it, and this runs again.
async fn converge(engine: &Arc<Engine>, welcome: SocketAddr) -> Result<(), apply::ApplyError> {
    if engine.live().is_none() {
        engine.load().await?;
    }
    if let Some(port) = first::ensure(engine, welcome).await? {
        if port != first::PORT {
            tracing::warn!("port {} is taken; the first frontend listens on {port} instead", first::PORT);
        }
        tracing::info!("the first document is live: curl http://127.0.0.1:{port}/");
        return Ok(());
    }
    if engine.is_stand_in() {
        first::store_again(engine).await?;
    }
    engine.reconcile().await.map(drop)
}

fn open_edge(builder: &Builder) -> anyhow::Result<Edge> {
    let config = &builder.config;
    let root = config.data_dir.join("haproxy");
    let generations = Generations::open(&root).with_context(|| format!("cannot create {}", root.display()))?;
    let (admin, master) =
        (config.haproxy.stats_socket_in(&config.data_dir), config.haproxy.master_socket_in(&config.data_dir));
    for socket in [&admin, &master] {
        check_socket_path(socket)?;
    }
    let managed = config.haproxy.mode == HaproxyMode::Managed;
    let mode = if managed {
        apply::Mode::Managed(Spec {
            program: config.haproxy.bin.clone(),
            config: generations.config_path(),
            directory: root.clone(),
            master_socket: master.clone(),
            pid_file: root.join("haproxy.pid"),
            log: root.join("haproxy.log"),
            account: None,
        })
    } else {
        apply::Mode::External
    };
    let patience = Patience {
        check: Duration::from_millis(config.haproxy.check_timeout_ms),
        reload: Duration::from_millis(config.haproxy.reload_timeout_ms),
    };
    let proxy = Proxy::new(mode, &config.haproxy.bin, admin.clone(), master, patience);
    let (user, group) = account(&config.haproxy, rustix::process::geteuid().is_root())?;
    let settings = apply::Settings {
        // The version is asked of the program at every use; see `Target::of`.
        target: Target {
            managed,
            user,
            group,
            node: config.node.id.clone(),
            script_user: config.keepalived.script_user.clone(),
            vrrp: vrrp(&config.keepalived),
            ..Target::new(Version::new(2, 6, 0), Features::default(), admin.display().to_string())
        },
        queue: Duration::from_millis(config.haproxy.queue_timeout_ms),
        keepalived: config.haproxy.keepalived_bin.clone(),
        news: builder.events.news().clone(),
    };
    Ok(Edge {
        engine: Arc::new(Engine::new(builder.db.clone(), Arc::clone(&builder.vault), settings, generations, proxy)),
    })
}

/// The user and the group that HAProxy's workers change to.
///
/// A worker parses what strangers send, so it is not root where that can be had: by default it is the account that
/// Debian's package makes. The master stays root; it reads the configuration and binds ports.
fn account(haproxy: &config::Haproxy, root: bool) -> anyhow::Result<(Option<String>, Option<String>)> {
    let managed = haproxy.mode == HaproxyMode::Managed;
    if managed && !root {
        anyhow::ensure!(
            haproxy.user.is_none() && haproxy.group.is_none(),
            "haproxy.user and haproxy.group need a Plenum that runs as root, or haproxy.mode external"
        );
        return Ok((None, None));
    }
    let default = || Some(USER.to_owned()).filter(|name| managed && is_in("/etc/passwd", name));
    let user = haproxy.user.clone().or_else(default);
    let group = haproxy.group.clone().or_else(|| user.clone().filter(|name| is_in("/etc/group", name)));
    Ok((user, group))
}

/// Whether a table of accounts has a name. One that cannot be read has none, and HAProxy says what it lacks.
fn is_in(table: &str, name: &str) -> bool {
    let table = std::fs::read_to_string(table).unwrap_or_default();
    table.lines().any(|line| line.split(':').next() == Some(name))
}

/// This node's part in floating addresses, in the renderer's words.
fn vrrp(keepalived: &Keepalived) -> BTreeMap<String, Vrrp> {
    let part = |vrrp: &config::Vrrp| Vrrp {
        interface: vrrp.interface.clone(),
        master: vrrp.state == VrrpState::Master,
        priority: vrrp.priority,
    };
    keepalived.instances.iter().map(|(id, vrrp)| (id.clone(), part(vrrp))).collect()
}

/// A socket's path has 107 bytes at most (unix(7)); HAProxy's own message about it would not say what to do.
fn check_socket_path(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        path.as_os_str().len() <= 100,
        "{} is too long for a socket's path (100 bytes); use a shorter --data-dir, or set haproxy.masterSocket and haproxy.statsSocket",
        path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Compares a file of the repository with what it is generated from; `UPDATE_GOLDEN=1` writes it anew.
    fn golden(file: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            platform::files::write_atomic(&path, generated.as_bytes(), 0o644).unwrap();
        }
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(present == generated, "{file} is out of date: run the tests once with UPDATE_GOLDEN=1");
    }

    #[test]
    fn the_page_of_permissions_is_the_route_table() {
        let routes =
            http::platform_routes::<State>().merge(edge::http::routes::<State>()).merge(mesh::http::routes::<State>());
        golden("docs/permissions.md", &http::to_markdown(routes.table()));
    }

    /// The web app's types are made from this file, so a change of the API that it does not know cannot be committed.
    #[test]
    fn the_api_that_the_web_app_knows_is_the_api() {
        let document = http::openapi_of(edge::http::routes::<State>().merge(mesh::http::routes::<State>())).unwrap();
        golden("web/openapi.json", &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()));
    }
}
