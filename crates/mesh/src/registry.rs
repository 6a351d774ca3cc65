//! What callers do: register and remove services, rotate certificates, flush, apply again.
//!
//! A registration is a run in the store. The row says `registering` from the first transaction on and keeps beside it what was
//! there before; then names and routes follow; then the row says `active`, in one transaction with the audit entry and the
//! event. What fails on the way is undone before the caller hears of it; what a crash interrupts is undone at the next start
//! ([`Mesh::recover`]), before anything is published.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError};

use futures_util::future::join_all;
use platform::{
    audit::{self, AuditId, Entry, Outcome},
    clock::{self, Clock},
    config,
    db::{self, Db},
    events,
    secrets::Vault,
};
use serde_json::json;
use tokio::sync::{Mutex, RwLock};

use crate::acme::Acme;
use crate::authority::Successor;
use crate::ca::{self, Ca, CaError};
use crate::capsule::Signer;
use crate::engines::{Dns, Proxy};
use crate::guard;
use crate::health::Health;
use crate::monitor::Monitor;
use crate::publish::{PublishError, Publisher, What};
use crate::service::{Invalid, Name, Protocol, Service, State};
use crate::store;

/// The category of the area's audit entries.
pub const CATEGORY: &str = "mesh";

/// What somebody wants to be registered; the parts are checked already.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: Name,
    pub host: String,
    pub port: u16,
    pub protocol: Protocol,
    pub health_path: String,
    pub tls: bool,
    /// The name answers the upstream's own address.
    pub direct: bool,
    pub tags: Vec<String>,
    /// Whether a service of that name may be there, and is replaced.
    pub overwrite: bool,
}

/// Why something was not done. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("Service '{0}' already registered. Set overwrite=true to repoint an existing route.")]
    Exists(String),
    #[error("Service '{0}' not found")]
    Unknown(String),
    #[error("{0}")]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Ca(#[from] CaError),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// The area, as its handlers see it; clones share it.
#[derive(Clone)]
pub struct Mesh(Arc<Inner>);

impl std::ops::Deref for Mesh {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A change of a service that was begun and whose end is not in the store: that is full, or gone.
#[derive(Clone, PartialEq, Eq)]
struct Open {
    key: String,
    audit: AuditId,
    /// Of the certificate that replaces the service's older ones, where that was the change.
    serial: Option<String>,
}

/// What the area stands on.
pub struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) config: config::Mesh,
    pub(crate) publisher: Publisher,
    pub(crate) health: Health,
    pub(crate) monitor: Monitor,
    pub(crate) ca: RwLock<Option<Arc<Ca>>>,
    acme: OnceLock<Acme>,
    /// The services when they were last taken from the store.
    watched: Mutex<Option<store::Fingerprint>>,
    open: std::sync::Mutex<Vec<Open>>,
    /// One change of the registry at a time; publications are shared all the same.
    pub(crate) changes: Mutex<()>,
}

impl Mesh {
    /// Nothing is started and nothing is told to anybody yet.
    #[must_use]
    pub fn new(db: Db, vault: Arc<Vault>, clock: Arc<dyn Clock>, config: &config::Mesh, data_dir: &Path) -> Self {
        let directory = data_dir.join("mesh");
        let publisher = Publisher::new(
            db.clone(),
            config.domain.clone(),
            config.gateway,
            Dns::new(config.dns.clone(), &directory),
            Proxy::new(config.caddy.clone(), &directory),
        );
        let health = Health::new(&config.health, config.allow_loopback);
        Self(Arc::new(Inner {
            db,
            clock,
            vault,
            config: config.clone(),
            publisher,
            health,
            monitor: Monitor::default(),
            ca: RwLock::default(),
            acme: OnceLock::new(),
            watched: Mutex::default(),
            open: std::sync::Mutex::default(),
            changes: Mutex::default(),
        }))
    }

    /// Whoever signs capsules; made when first asked for.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub async fn signer(&self) -> Result<Signer, CaError> {
        ca::capsule_signer(&self.db, &self.vault).await
    }

    /// What the ACME server remembers; it begins when it is first asked.
    pub(crate) fn acme(&self) -> Result<&Acme, getrandom::Error> {
        match self.acme.get() {
            Some(acme) => Ok(acme),
            None => {
                let new = Acme::new()?;
                Ok(self.acme.get_or_init(|| new))
            }
        }
    }

    /// Undoes what a crash interrupted. Call it before anything else.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recover(&self) -> Result<(), Refusal> {
        let mut tx = self.db.begin().await?;
        let count = store::settle(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        self.watch_all().await?;
        if count > 0 {
            tracing::warn!(count, "services that were being registered or removed when Plenum ended were settled");
        }
        Ok(())
    }

    /// Makes DNS and Caddy agree with the store; does nothing where they do.
    ///
    /// # Errors
    /// When one of them cannot be told.
    pub async fn converge(&self) -> Result<(), Refusal> {
        self.settle_open().await?;
        self.watch_all().await?;
        Ok(self.publisher.publish(&*self.ca().await?, What::All).await?)
    }

    /// Watches the services that the store has: another node may have changed them.
    async fn watch_all(&self) -> Result<(), Refusal> {
        let now = store::fingerprint(&self.db).await?;
        if self.watched.lock().await.replace(now.clone()) == Some(now) {
            return Ok(());
        }
        let services = store::all(&self.db).await?;
        self.health.watch_only(services.into_iter().filter(|service| service.state == State::Active));
        Ok(())
    }

    /// Ends what should not outlive the daemon; Caddy goes on.
    pub async fn stop(&self) {
        if let Err(error) = self.keep_history().await {
            tracing::warn!(%error, "the last health checks are not in the history");
        }
        self.publisher.dns.stop().await;
    }

    /// Does something to the end, also when whoever asked for it has gone: half a registration would block its name.
    pub(crate) async fn to_the_end<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        match tokio::spawn(work(self.clone())).await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// The name of a service below the domain.
    #[must_use]
    pub fn fqdn(&self, key: &str) -> String {
        format!("{key}.{}", self.config.domain)
    }

    /// Gives services their names, certificates, routes and health checks: all of them, or none.
    ///
    /// # Errors
    /// When one is not allowed or something fails; nothing is left of any of them then.
    pub async fn register(&self, actor: &str, wanted: Vec<Wanted>) -> Result<Vec<Service>, Refusal> {
        let actor = actor.to_owned();
        let what = match &*wanted {
            [one] => one.name.as_str().to_owned(),
            many => format!("{} services", many.len()),
        };
        self.to_the_end(async move |mesh| {
            let done = mesh.register_now(&actor, wanted).await;
            mesh.note_refused(&actor, "service_register", &what, done).await
        })
        .await
    }

    async fn register_now(&self, actor: &str, wanted: Vec<Wanted>) -> Result<Vec<Service>, Refusal> {
        let checks = wanted.iter().map(|each| guard::addresses(&each.host, self.config.allow_loopback));
        let checked = join_all(checks).await;
        let is_one = wanted.len() == 1;
        let mut keys = BTreeSet::new();
        for (each, checked) in wanted.iter().zip(checked) {
            let name = each.name.as_str();
            checked.map_err(|Invalid(why)| Invalid(if is_one { why } else { format!("{name}: {why}") }))?;
            if !keys.insert(each.name.key()) {
                return Err(Invalid(format!("{name} is there twice")).into());
            }
        }
        let mut ca = self.ca().await?;
        let (services, overwrite): (Vec<Service>, Vec<bool>) =
            wanted.into_iter().map(|each| (self.service(&each), each.overwrite)).unzip();
        let mut certificates = self.issue(&ca, &services).await?;
        let audits = {
            let _turn = self.changes.lock().await;
            let present = self.ca().await?;
            if !Arc::ptr_eq(&ca, &present) {
                // The authority was replaced meanwhile, and with it every certificate that was written down.
                ca = present;
                certificates = self.issue(&ca, &services).await?;
            }
            self.intend(actor, &services, &overwrite, &certificates).await?
        };
        platform::failpoint!("mesh.after_intent");
        let keys: Vec<_> = keys.into_iter().collect();
        let published = self.publisher.publish(&ca, What::Some(&keys)).await;
        let settled = self.settle_registration(&services, &audits, certificates, &published).await;
        if settled.is_err() {
            self.leave_open(keys.into_iter().zip(audits).map(|(key, audit)| Open { key, audit, serial: None }));
        }
        if let Err(error) = settled.and(published.map_err(Refusal::from)) {
            self.publish_again().await;
            return Err(error);
        }
        let active = services.into_iter().map(|service| Service { state: State::Active, ..service });
        let active: Vec<_> = active.collect();
        active.iter().for_each(|service| self.health.watch(service.clone()));
        Ok(active)
    }

    /// Writes down what became of a registration.
    async fn settle_registration(
        &self,
        services: &[Service],
        audits: &[AuditId],
        certificates: Vec<Option<store::Stored>>,
        published: &Result<(), PublishError>,
    ) -> Result<(), Refusal> {
        if published.is_ok() {
            platform::failpoint!("mesh.after_publish");
        }
        let mut tx = self.db.begin().await?;
        for ((service, audit), certificate) in services.iter().zip(audits).zip(certificates) {
            if let Err(error) = published {
                store::forget(&mut tx, &service.key).await?;
                audit::complete(&mut tx, *audit, Outcome::Error, json!({ "error": error.to_string() })).await?;
                continue;
            }
            store::finish(&mut tx, &service.key, None).await?;
            // One that was replaced had a certificate as well.
            let serial = certificate.map(|certificate| certificate.serial);
            store::revoke(&mut tx, &service.key, serial.as_deref()).await?;
            audit::complete(&mut tx, *audit, Outcome::Ok, json!({})).await?;
            events::append(&mut tx, "mesh.services", &json!({ "name": service.name })).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Remembers changes whose end could not be written down.
    fn leave_open(&self, changes: impl IntoIterator<Item = Open>) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
    }

    /// Ends them as the next start would: what was being registered is undone, what was being removed is gone, and the newest
    /// certificate stays.
    async fn settle_open(&self) -> Result<(), Refusal> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if open.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for Open { key, audit, serial } in &open {
            if serial.is_some() {
                store::revoke(&mut tx, key, serial.as_deref()).await?;
            } else if !store::settle_one(&mut tx, key, self.clock.now()).await? {
                continue;
            }
            let why = json!({ "error": "its end could not be stored at once" });
            audit::complete(&mut tx, *audit, Outcome::Error, why).await?;
        }
        tx.commit().await?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| !open.contains(one));
        tracing::warn!(count = open.len(), "changes of services whose end could not be stored at once were settled");
        Ok(())
    }

    fn service(&self, wanted: &Wanted) -> Service {
        Service {
            key: wanted.name.key(),
            name: wanted.name.as_str().to_owned(),
            host: wanted.host.clone(),
            port: wanted.port,
            upstream_protocol: wanted.protocol,
            health_path: wanted.health_path.clone(),
            tls: wanted.tls,
            direct: wanted.direct,
            tags: wanted.tags.clone(),
            state: State::Registering,
            // As the store has it: what is compared with it later must be the same.
            registered_at: clock::from_micros(clock::micros(self.clock.now())),
            deregistered_at: None,
        }
    }

    /// A certificate for each that has TLS. Signing is work, so it is not for the threads that serve requests, and done
    /// before anything is locked.
    async fn issue(&self, ca: &Arc<Ca>, services: &[Service]) -> Result<Vec<Option<store::Stored>>, Refusal> {
        let keys = services.iter().map(|service| service.tls.then(|| service.key.clone()));
        self.issue_with(Arc::clone(ca), keys.collect()).await
    }

    /// The same for keys of services, by this authority.
    pub(crate) async fn issue_with(
        &self,
        ca: Arc<Ca>,
        keys: Vec<Option<String>>,
    ) -> Result<Vec<Option<store::Stored>>, Refusal> {
        let (mesh, now) = (self.clone(), self.clock.now());
        let work = move || {
            let issue = |key: Option<String>| key.map(|key| ca.issue(&key, &mesh.fqdn(&key), now)).transpose();
            keys.into_iter().map(issue).collect::<Result<Vec<_>, CaError>>()
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(issued) => Ok(issued?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Writes down what is about to be done, in one transaction.
    async fn intend(
        &self,
        actor: &str,
        services: &[Service],
        overwrite: &[bool],
        certificates: &[Option<store::Stored>],
    ) -> Result<Vec<AuditId>, Refusal> {
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let mut audits = Vec::with_capacity(services.len());
        for ((service, overwrite), certificate) in services.iter().zip(overwrite).zip(certificates) {
            let before = store::one(&mut tx, &service.key).await?;
            match &before {
                Some(there) if matches!(there.state, State::Registering | State::Removing) => {
                    return Err(Refusal::Exists(service.name.clone()));
                }
                Some(there) if there.state == State::Active && !overwrite => {
                    return Err(Refusal::Exists(service.name.clone()));
                }
                _ => {}
            }
            store::put(&mut tx, service, before.as_ref()).await?;
            if let Some(certificate) = certificate {
                store::insert(&mut tx, certificate).await?;
            }
            let entry = Entry::new(actor, CATEGORY, "service_register").target(&service.name).details(details(service));
            audits.push(audit::open(&mut tx, entry).await?);
        }
        tx.commit().await?;
        Ok(audits)
    }

    /// Takes name, certificate, route and health check away.
    ///
    /// # Errors
    /// When there is no such service, or it cannot be taken away; it stays then.
    pub async fn deregister(&self, actor: &str, name: &str) -> Result<Service, Refusal> {
        let (actor, name) = (actor.to_owned(), name.to_owned());
        self.to_the_end(async move |mesh| {
            let done = mesh.deregister_now(&actor, &name).await;
            mesh.note_refused(&actor, "service_deregister", &name, done).await
        })
        .await
    }

    async fn deregister_now(&self, actor: &str, name: &str) -> Result<Service, Refusal> {
        let key = name.to_ascii_lowercase();
        let ca = self.ca().await?;
        let (service, audit) = {
            let _turn = self.changes.lock().await;
            let mut tx = self.db.begin().await?;
            tx.serialize().await?;
            let Some(service) = store::one(&mut tx, &key).await?.filter(|there| there.state == State::Active) else {
                return Err(Refusal::Unknown(name.to_owned()));
            };
            let removing = Service { state: State::Removing, ..service };
            store::put(&mut tx, &removing, None).await?;
            let entry = Entry::new(actor, CATEGORY, "service_deregister").target(&removing.name);
            let audit = audit::open(&mut tx, entry.details(json!({ "name": removing.name }))).await?;
            tx.commit().await?;
            (removing, audit)
        };
        platform::failpoint!("mesh.after_removal");
        let published = self.publisher.publish(&ca, What::Some(std::slice::from_ref(&key))).await;
        if let Err(error) = self.settle_removal(&service, audit, &published).await {
            self.leave_open([Open { key, audit, serial: None }]);
            return Err(error);
        }
        match published {
            Ok(()) => Ok(Service { state: State::Inactive, ..service }),
            Err(error) => {
                self.publish_again().await;
                Err(error.into())
            }
        }
    }

    /// Writes down what became of a removal.
    async fn settle_removal(
        &self,
        service: &Service,
        audit: AuditId,
        published: &Result<(), PublishError>,
    ) -> Result<(), Refusal> {
        let mut tx = self.db.begin().await?;
        match published {
            Ok(()) => {
                store::finish(&mut tx, &service.key, Some(self.clock.now())).await?;
                store::revoke(&mut tx, &service.key, None).await?;
                audit::complete(&mut tx, audit, Outcome::Ok, json!({})).await?;
                events::append(&mut tx, "mesh.services", &json!({ "name": service.name })).await?;
            }
            Err(error) => {
                store::finish(&mut tx, &service.key, None).await?;
                audit::complete(&mut tx, audit, Outcome::Error, json!({ "error": error.to_string() })).await?;
            }
        }
        tx.commit().await?;
        if published.is_ok() {
            self.health.forget(&service.key);
        }
        Ok(())
    }

    /// Replaces a service's certificate; the old one is revoked once the new one is served.
    ///
    /// # Errors
    /// When there is no such service, it has no certificate, or the new one cannot be served.
    pub async fn rotate(&self, actor: &str, name: &str) -> Result<store::Stored, Refusal> {
        let (actor, name) = (actor.to_owned(), name.to_owned());
        self.to_the_end(async move |mesh| {
            let done = mesh.rotate_now(&actor, &name).await;
            mesh.note_refused(&actor, "cert_rotate", &name, done).await
        })
        .await
    }

    async fn rotate_now(&self, actor: &str, name: &str) -> Result<store::Stored, Refusal> {
        let key = name.to_ascii_lowercase();
        let turn = self.changes.lock().await;
        let ca = self.ca().await?;
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let service = store::one(&mut tx, &key).await?;
        let Some(service) = service.filter(|there| there.state == State::Active && there.tls) else {
            return Err(Refusal::Unknown(name.to_owned()));
        };
        let certificate = ca.issue(&key, &self.fqdn(&key), self.clock.now())?;
        store::insert(&mut tx, &certificate).await?;
        let entry = Entry::new(actor, CATEGORY, "cert_rotate").target(&service.name);
        let audit = audit::open(&mut tx, entry.details(json!({ "name": service.name }))).await?;
        tx.commit().await?;
        drop(turn);
        let published = self.publisher.publish(&ca, What::Some(std::slice::from_ref(&key))).await;
        if let Err(error) = self.settle_rotation(&service, &certificate.serial, audit, &published).await {
            self.leave_open([Open { key, audit, serial: Some(certificate.serial) }]);
            return Err(error);
        }
        published?;
        Ok(certificate)
    }

    /// Writes down what became of a rotation.
    async fn settle_rotation(
        &self,
        service: &Service,
        serial: &str,
        audit: AuditId,
        published: &Result<(), PublishError>,
    ) -> Result<(), Refusal> {
        let mut tx = self.db.begin().await?;
        match published {
            Ok(()) => {
                store::revoke(&mut tx, &service.key, Some(serial)).await?;
                audit::complete(&mut tx, audit, Outcome::Ok, json!({ "serial": serial })).await?;
                events::append(&mut tx, "mesh.certificates", &json!({ "name": service.name })).await?;
            }
            Err(error) => {
                store::withdraw(&mut tx, serial).await?;
                audit::complete(&mut tx, audit, Outcome::Error, json!({ "error": error.to_string() })).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Replaces every certificate that has lived two thirds of its life; how many those were.
    ///
    /// # Errors
    /// When one cannot be replaced.
    pub async fn renew(&self) -> Result<usize, Refusal> {
        let now = self.clock.now();
        let live = store::live(&self.db).await?;
        if !live.is_empty() && self.ca().await?.is_old(now) {
            return self.rotate_ca("system", Successor::Issuing).await;
        }
        let mut renewed = 0;
        for certificate in live {
            let valid = pki::Validity { not_before: certificate.not_before, not_after: certificate.not_after };
            // The serial is random, and always the same for this certificate: so is the moment.
            let spread = certificate.serial.bytes().map(u64::from).sum::<u64>() % 1000;
            if pki::renew_at(&valid, spread as f64 / 1000.0) <= now {
                match self.rotate("system", &certificate.service).await {
                    Ok(_) => renewed += 1,
                    Err(Refusal::Unknown(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(renewed)
    }

    /// Forgets what other DNS servers said.
    ///
    /// # Errors
    /// When the DNS server is not running; the text says why.
    pub async fn flush(&self, actor: &str) -> Result<Result<Option<u64>, String>, Refusal> {
        let flushed = self.publisher.dns.flush().await;
        self.note(actor, "dns_flush", flushed.as_ref().err().map(String::as_str)).await?;
        Ok(flushed)
    }

    /// Gives Caddy the current configuration again.
    ///
    /// # Errors
    /// When it cannot be given.
    pub async fn reload(&self, actor: &str) -> Result<(), Refusal> {
        let published = self.publisher.publish(&*self.ca().await?, What::Anew).await;
        let failure = published.as_ref().err().map(ToString::to_string);
        self.note(actor, "caddy_reload", failure.as_deref()).await?;
        Ok(published?)
    }

    /// Records something that is done or failed already.
    pub(crate) async fn note(&self, actor: &str, action: &'static str, failure: Option<&str>) -> Result<(), Refusal> {
        let mut tx = self.db.begin().await?;
        let details = failure.map_or(json!({}), |error| json!({ "error": error }));
        let outcome = if failure.is_some() { Outcome::Error } else { Outcome::Ok };
        audit::record(&mut tx, Entry::new(actor, CATEGORY, action).details(details), outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records an attempt that was refused before it began; what has begun has its entry already.
    async fn note_refused<T>(
        &self,
        actor: &str,
        action: &'static str,
        target: &str,
        done: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if let Err(refusal @ (Refusal::Invalid(_) | Refusal::Exists(_) | Refusal::Unknown(_))) = &done {
            let details = json!({ "name": target, "error": refusal.to_string() });
            let mut tx = self.db.begin().await?;
            let entry = Entry::new(actor, CATEGORY, action).target(target).details(details);
            audit::record(&mut tx, entry, Outcome::Error).await?;
            tx.commit().await?;
        }
        done
    }

    /// After something was undone; what fails now is tried again in the background.
    async fn publish_again(&self) {
        if let Err(error) = self.converge().await {
            tracing::warn!(%error, "names and routes could not be put back yet");
        }
    }

    /// The gateway's address.
    #[must_use]
    pub fn gateway(&self) -> IpAddr {
        self.config.gateway
    }
}

/// What the audit log says of a registration; `port` is a text, as the documented entries have it.
fn details(service: &Service) -> serde_json::Value {
    json!({
        "name": service.name,
        "host": service.host,
        "port": service.port.to_string(),
        "protocol": if service.tls { "https" } else { "http" },
        "health_path": service.health_path,
        "tls": service.tls,
    })
}
