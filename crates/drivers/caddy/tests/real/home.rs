//! A running managed Caddy with a directory of its own; whatever still runs there ends with the value.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use plenum_caddy::config::{Authority, Certificate, Dynamic, Layout, Logs, Route, Upstream};
use plenum_caddy::names::{Address, Directory, Host, Id, Listen};
use plenum_caddy::{Binary, Config, Process, Spec};
use tempfile::TempDir;
use testkit::process::{end, users_of};

pub(crate) const START: Duration = Duration::from_secs(15);
pub(crate) const STOP: Duration = Duration::from_secs(5);

/// The Caddy to try: the distribution's, or the one that is named in the environment.
pub(crate) fn program() -> PathBuf {
    let program = std::env::var_os("PLENUM_TEST_CADDY").map_or_else(|| PathBuf::from("/usr/bin/caddy"), PathBuf::from);
    assert!(program.exists(), "{} is not there: run `scripts/install.sh test`", program.display());
    program
}

pub(crate) struct Home {
    directory: TempDir,
    pub(crate) spec: Spec,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("plenum-c-").tempdir().unwrap();
        let spec = Spec::new(program(), Directory::new(directory.path().join("caddy")).unwrap()).unwrap();
        Self { directory, spec, http: testkit::free_port(), https: testkit::free_port() }
    }

    pub(crate) async fn start(&self) -> Process {
        Process::start(self.spec.clone(), START).await.unwrap()
    }

    pub(crate) fn binary(&self) -> Binary {
        Binary::new(&self.spec.bin)
    }

    pub(crate) fn logs(&self, layout: Layout) -> Logs {
        Logs { directory: Directory::new(self.directory.path().join("logs")).unwrap(), layout }
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.directory.path().join("scratch")
    }

    pub(crate) fn dynamic(&self, authorities: Vec<(Id, Authority)>) -> Dynamic {
        let directory = Directory::new(self.directory.path().join("names")).unwrap();
        let dynamic =
            Dynamic { directory, port: testkit::free_port(), secret: id("s3cret"), authorities, account: None };
        dynamic.prepare().unwrap();
        dynamic
    }

    pub(crate) fn config(&self, routes: Vec<Route>) -> Config {
        Config {
            version: None,
            admin: self.spec.admin.clone(),
            storage: self.spec.storage().unwrap(),
            http: Listen::on(Ipv4Addr::LOCALHOST, self.http),
            https: Listen::on(Ipv4Addr::LOCALHOST, self.https),
            redirect: true,
            challenges: false,
            routes,
            logs: None,
            marker: None,
            dynamic: None,
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for pid in users_of(self.directory.path()) {
            end(pid);
        }
    }
}

pub(crate) fn host(text: &str) -> Host {
    Host::new(text).unwrap()
}

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A route named after its host, to an upstream that speaks plain HTTP.
pub(crate) fn route(name: &str, address: &Address, tls: Option<Certificate>) -> Route {
    Route {
        id: id(&name.replace(['.', '*'], "_")),
        host: host(name),
        tls,
        upstream: Upstream::http(address.clone()),
        log: false,
    }
}
