//! A server under test: the real router and store, a clock that can be moved, and short ways to call it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use plenum_platform::clock::{self, Clock, Manual};
use plenum_platform::config::Config;
use plenum_platform::http::{Builder, Encrypted, Peer, Platform, Routes, serve_router};
use plenum_platform::identity::{Caller, Role};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const HOST_NAME: &str = "panel.example:8099";
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Server {
    pub(crate) platform: Platform,
    pub(crate) router: Router,
    pub(crate) clock: Arc<Manual>,
    dir: Option<tempfile::TempDir>,
}

impl Server {
    /// Limits out of the way, everything else as it is by default.
    pub(crate) async fn start() -> Self {
        Self::with(|config| {
            config.rate_limit.auth_max = 1_000_000;
            config.rate_limit.write_max = 1_000_000;
            config.rate_limit.read_max = 1_000_000;
        })
        .await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_routes(Routes::default(), change).await
    }

    pub(crate) async fn with_routes(areas: Routes<Platform>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Manual::new(clock::System.now());
        Self::open(dir, clock, areas, change).await
    }

    async fn open(
        dir: tempfile::TempDir,
        clock: Arc<Manual>,
        areas: Routes<Platform>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
        change(&mut config);
        let builder = Builder::open(config, clock.clone()).await.unwrap();
        builder.identity.prepare_setup().await.unwrap();
        let platform = builder.start();
        let router = serve_router(&platform, areas, platform.clone()).unwrap();
        Self { platform, router, clock, dir: Some(dir) }
    }

    /// The same data directory in a new process, as far as the server can tell.
    pub(crate) async fn restart(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let hung = self.platform.shutdown(Duration::from_secs(5)).await;
        assert!(hung.is_empty(), "still running: {hung:?}");
        let dir = self.dir.take().unwrap();
        Self::open(dir, self.clock.clone(), Routes::default(), change).await
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    pub(crate) fn setup_token(&self) -> String {
        std::fs::read_to_string(self.data_dir().join("setup.token")).unwrap().trim().to_owned()
    }

    /// A user of a role, named like the role.
    pub(crate) async fn user(&self, role: Role) -> String {
        let name = role.as_str();
        self.platform.identity.create_user(&Caller::system(), name, role, PASSWORD).await.unwrap();
        name.to_owned()
    }

    /// The wire form of a token of a user.
    pub(crate) async fn token(&self, user: &str) -> String {
        let name = format!("{user}-token");
        let made = self.platform.identity.create_token(&Caller::local("root"), Some(user), &name, None).await.unwrap();
        made.wire.to_string()
    }

    /// The cookie of a new session of a user.
    pub(crate) async fn session(&self, user: &str) -> String {
        let body = serde_json::json!({ "username": user, "password": PASSWORD });
        let reply = self.post("/api/auth/login").json(&body).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.cookie().expect("a session cookie")
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        request.headers_mut().insert(HOST, HeaderValue::from_static(HOST_NAME));
        request.extensions_mut().insert(Peer::Tcp(SocketAddr::from(([192, 0, 2, 10], 40_000))));
        Call { router: self.router.clone(), request }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub(crate) async fn audit_rows(&self) -> Vec<plenum_platform::audit::Row> {
        let query = plenum_platform::audit::Query { limit: Some(1000), ..Default::default() };
        plenum_platform::audit::list(&self.platform.db, &query).await.unwrap()
    }
}

/// A request in the making.
pub(crate) struct Call {
    router: Router,
    request: Request<Body>,
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: HeaderName) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn bearer(self, wire: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {wire}"))
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header(COOKIE.as_str(), cookie)
    }

    pub(crate) fn origin(self, origin: &str) -> Self {
        self.header(ORIGIN.as_str(), origin)
    }

    pub(crate) fn peer(mut self, peer: Peer) -> Self {
        self.request.extensions_mut().insert(peer);
        self
    }

    pub(crate) fn at_ip(self, ip: &str) -> Self {
        self.peer(Peer::Tcp(SocketAddr::new(ip.parse().unwrap(), 40_000)))
    }

    pub(crate) fn encrypted(mut self) -> Self {
        self.request.extensions_mut().insert(Encrypted);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        if content_type.is_empty() { self } else { self.header(CONTENT_TYPE.as_str(), content_type) }
    }

    /// Sends it and reads only the head of the answer.
    pub(crate) async fn open(self) -> http::Response<Body> {
        self.router.oneshot(self.request).await.unwrap()
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(self) -> Reply {
        let (parts, body) = self.open().await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The cookie that the answer sets, in the form in which it is sent back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let set = self.headers.get(SET_COOKIE)?.to_str().unwrap();
        Some(set.split(';').next()?.to_owned())
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.json()["code"], code, "{}", self.text());
        self
    }
}

impl Server {
    /// The clock's time as authenticators count it.
    pub(crate) fn clock_seconds(&self) -> u64 {
        self.clock.now().as_second().unsigned_abs()
    }
}
