//! What Caddy is told.
//!
//! What a managed Caddy serves is a directory ([`caddy::config::Dynamic`]), so its configuration never changes and a service
//! costs a few files. A Caddy that is somebody else's cannot read them; it is given all routes whenever one changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use caddy::Admin;
use caddy::config::{Certificate, Config, Dynamic, Layout, Logs, Protocol as Speaks, Route, Upstream, Verify};
use caddy::names::{Address, Directory, Host, Id, Listen};
use caddy::requests::{self, Request};
use platform::config::CaddyMode;
use sha2::{Digest as _, Sha256};

use super::told::{Changes, Line, Told};
use super::{PublishError, Publisher};
use crate::ca::Ca;
use crate::service::Protocol;
use crate::store;

/// Services whose files are written in one go.
const CHUNK: usize = 256;

/// What Caddy is told about one service.
struct Entry {
    id: Id,
    host: Host,
    tls: Option<Certificate>,
    upstream: Upstream,
}

impl Publisher {
    /// Gives Caddy what it lacks; tells the marker of its configuration.
    pub(super) async fn tell_caddy(
        &self,
        ca: &Ca,
        told: &Told,
        changes: &Changes,
        anew: bool,
    ) -> Result<String, PublishError> {
        let admin = self.proxy.ready().await?;
        // Caddy itself says what it runs: one that was started anew, by whomever, runs something else.
        // After a failure the marker is not known; one that hangs is waited for once and not by each who comes after.
        let running = match told.marker {
            Some(_) => admin.marker().await?,
            None => admin.marker_within_second().await?,
        };
        let is_known = !anew && running.is_some() && told.marker == running;
        if self.proxy.mode() == CaddyMode::External {
            return match (&told.marker, is_known && changes.is_empty()) {
                (Some(marker), true) => Ok(marker.clone()),
                _ => self.tell_routes(ca, &admin, told, running.filter(|_| !anew)).await,
            };
        }
        let dynamic = self.proxy.dynamic()?;
        let (wanted, gone): (Vec<(&String, &Line)>, BTreeSet<Host>) = if is_known {
            let gone = changes.iter().filter(|(_, line)| line.is_none()).map(|(key, _)| self.host(key));
            let wanted = changes.iter().filter_map(|(key, line)| line.as_ref().map(|line| (key, line)));
            (wanted.collect(), gone.collect::<Result<_, _>>()?)
        } else {
            dynamic.prepare()?;
            let mut found = dynamic.hosts()?;
            for key in told.lines.keys() {
                found.remove(&self.host(key)?);
            }
            (told.lines.iter().collect(), found)
        };
        for chunk in wanted.chunks(CHUNK) {
            let mut entries = Vec::with_capacity(chunk.len());
            for (key, line) in chunk {
                entries.push(self.entry(ca, key, line).await?);
            }
            write(dynamic.clone(), entries, BTreeSet::new()).await?;
        }
        write(dynamic.clone(), Vec::new(), gone).await?;
        if let (Some(marker), true) = (&told.marker, is_known) {
            return Ok(marker.clone());
        }
        let (marker, config) = self.config(Vec::new(), Some(dynamic)).await?;
        if anew || running.as_ref() != Some(&marker) {
            self.proxy.load(&admin, &config).await?;
        }
        Ok(marker)
    }

    async fn tell_routes(
        &self,
        ca: &Ca,
        admin: &Admin,
        told: &Told,
        running: Option<String>,
    ) -> Result<String, PublishError> {
        let mut routes = Vec::with_capacity(told.lines.len());
        for (key, line) in &told.lines {
            let Entry { id, host, tls, upstream } = self.entry(ca, key, line).await?;
            routes.push(Route { id, host, tls, upstream, log: true });
        }
        let (marker, config) = self.config(routes, None).await?;
        if running.as_ref() != Some(&marker) {
            admin.load(&config).await?;
        }
        Ok(marker)
    }

    /// The newest requests that the route of a service answered.
    ///
    /// # Errors
    /// When Caddy's access log is there and cannot be read.
    pub async fn newest_requests(&self, key: &str, most: usize) -> Result<Vec<Request>, PublishError> {
        let (log, host) = (self.logs()?.file_of_names(), self.host(key)?);
        match tokio::task::spawn_blocking(move || requests::newest(&log, &host, most)).await {
            Ok(read) => read.map_err(|error| PublishError::AccessLog(Arc::new(error))),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    fn logs(&self) -> Result<Logs, PublishError> {
        let directory = Directory::new(self.proxy.storage()?.join("logs"))?;
        Ok(Logs { directory, layout: Layout::OneFile })
    }

    fn host(&self, key: &str) -> Result<Host, PublishError> {
        Ok(Host::new(&format!("{key}.{}", self.domain))?)
    }

    async fn entry(&self, ca: &Ca, key: &str, line: &Line) -> Result<Entry, PublishError> {
        let stored = match &line.serial {
            Some(_) => store::live_of(&self.db, key).await?,
            None => None,
        };
        let tls = match stored {
            Some(stored) => {
                let key_pem = ca.key(&stored)?.reveal().to_owned();
                Some(Certificate { chain_pem: stored.chain, key_pem })
            }
            None => None,
        };
        let mut upstream = Upstream::http(Address::new(&line.upstream)?);
        upstream.protocol = match line.protocol {
            Protocol::Http => Speaks::Http,
            Protocol::Https => Speaks::Https,
            Protocol::H2c => Speaks::H2c,
        };
        // Upstreams inside are known by where they are; their certificates are usually their own.
        upstream.verify = Verify::Insecure;
        Ok(Entry { id: Id::new(key)?, host: self.host(key)?, tls, upstream })
    }

    /// The configuration and its marker.
    async fn config(
        &self,
        routes: Vec<Route>,
        dynamic: Option<Dynamic>,
    ) -> Result<(String, serde_json::Value), PublishError> {
        let (http, https) = self.proxy.ports();
        let mut config = Config {
            version: self.proxy.version().await,
            admin: self.proxy.endpoint()?,
            storage: self.proxy.storage()?,
            http: Listen::everywhere(http),
            https: Listen::everywhere(https),
            redirect: true,
            challenges: true,
            routes,
            logs: Some(self.logs()?),
            marker: None,
            dynamic,
        };
        let marker = hex::encode(Sha256::digest(config.render().to_string()));
        config.marker = Some(marker.clone());
        Ok((marker, config.render()))
    }
}

/// Writes what Caddy looks up. It is many small files, so it is not for the threads that serve requests.
async fn write(dynamic: Dynamic, entries: Vec<Entry>, gone: BTreeSet<Host>) -> Result<(), PublishError> {
    if entries.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let work = move || {
        for Entry { host, tls, upstream, .. } in &entries {
            if !dynamic.put(host, tls.as_ref(), upstream)? {
                return Err(caddy::Error::Invalid {
                    what: "route",
                    value: host.to_string(),
                    reason: "it cannot be looked up",
                });
            }
        }
        gone.iter().try_for_each(|host| dynamic.remove(host))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
