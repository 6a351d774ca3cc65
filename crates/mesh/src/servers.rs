//! What callers do with machines: add and remove them, and pin a key that has changed.
//!
//! A machine is stored once Plenum has been there: its host key is pinned then, and from then on a server that shows another
//! one gets nothing from us (V18). What is needed to log in is sealed in the store and never shown to anybody (V9, V10).

use std::fmt;

use platform::{
    audit::{self, Entry, Outcome},
    db, events,
};
use serde_json::json;
use ssh::{Credential, Fingerprint, Host, PrivateKey, User};
use zeroize::Zeroizing;

use crate::monitor::looks::LookError;
use crate::monitor::{LOCAL, remote};
use crate::registry::{CATEGORY, Mesh};
use crate::service::{Invalid, Name};
use crate::store::servers::{self as store, Auth, Server};

/// More machines than this are another product's work.
const MOST: usize = 256;
/// Names that are parts of paths, or this machine.
const TAKEN: [&str; 3] = [LOCAL, "key", "containers"];
const OWN_KEY: &str = "mesh.ssh:own";

/// What somebody gave to log in with.
#[derive(Clone)]
pub enum Given {
    /// Nothing: Plenum's own key does.
    Nothing,
    Key {
        key: PrivateKey,
        pem: Zeroizing<String>,
    },
    Password(Zeroizing<String>),
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Key { .. } => "Key(***)",
            Self::Password(_) => "Password(***)",
        })
    }
}

/// A machine to be added; the parts are checked already.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: Name,
    pub host: Host,
    pub port: u16,
    pub user: User,
    pub given: Given,
    pub docker_socket: String,
}

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("what is needed to log in cannot be unsealed: it was sealed with another secret key")]
    Sealed,
    #[error("{0}")]
    Unusable(#[from] ssh::Error),
    #[error(transparent)]
    Store(#[from] db::Error),
    #[error("there is no randomness")]
    Random(#[from] getrandom::Error),
}

/// Why something was not done. Nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("Server '{0}' is already there")]
    Exists(String),
    #[error("Server '{0}' not found")]
    Unknown(String),
    /// The machine cannot be read; the text says what to do.
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    NotOffered(String),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl Mesh {
    /// Goes to a machine, pins its host key and keeps it.
    ///
    /// # Errors
    /// When there is one of that name, or it cannot be reached and read; nothing is stored then.
    pub async fn add_server(&self, actor: &str, wanted: Wanted) -> Result<Server, Refusal> {
        let key = wanted.name.key();
        if TAKEN.contains(&key.as_str()) {
            return Err(Invalid(format!("A server cannot be called {key}")).into());
        }
        let there = store::all(&self.db).await?;
        if there.iter().any(|server| server.key == key) {
            return Err(Refusal::Exists(wanted.name.as_str().to_owned()));
        }
        if there.len() >= MOST {
            return Err(
                Invalid(format!("There are {MOST} servers already, which is as many as Plenum looks at")).into()
            );
        }
        let (credential, auth) = match &wanted.given {
            Given::Nothing => (Credential::Key(self.own_key().await?.0), Auth::Own),
            Given::Key { key: private, pem } => (Credential::Key(private.clone()), Auth::Key(self.seal(&key, pem)?)),
            Given::Password(password) => {
                (Credential::Password(password.clone()), Auth::Password(self.seal(&key, password)?))
            }
        };
        let entry = Entry::new(actor, CATEGORY, "server_add").target(wanted.name.as_str());
        let details = json!({
            "name": wanted.name.as_str(),
            "host": wanted.host.as_str(),
            "port": wanted.port,
            "user": wanted.user.as_str(),
        });
        let (host_key, reading) = match self.first_look(&wanted, &credential).await {
            Ok(seen) => seen,
            Err(error) => {
                let mut details = details;
                details["error"] = error.to_string().into();
                let mut tx = self.db.begin().await?;
                audit::record(&mut tx, entry.details(details), Outcome::Error).await?;
                tx.commit().await?;
                return Err(match error {
                    LookError::Guard(invalid) => invalid.into(),
                    error => Refusal::Unreachable(self.advice(&wanted, &error).await?),
                });
            }
        };
        let server = Server {
            name: wanted.name.as_str().to_owned(),
            host: wanted.host,
            port: wanted.port,
            user: wanted.user,
            auth,
            docker_socket: wanted.docker_socket,
            host_key,
            offered_key: None,
            reported_key: None,
            added_at: self.clock.now(),
            key,
        };
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        // Somebody may have been quicker.
        if store::one(&mut tx, &server.key).await?.is_some() {
            return Err(Refusal::Exists(server.name));
        }
        store::insert(&mut tx, &server).await?;
        let mut details = details;
        details["host_key"] = server.host_key.as_str().into();
        audit::record(&mut tx, entry.details(details), Outcome::Ok).await?;
        events::append(&mut tx, "mesh.servers", &json!({ "name": server.name })).await?;
        tx.commit().await?;
        self.monitor.note(&server.key, reading, self.clock.now());
        Ok(server)
    }

    async fn first_look(
        &self,
        wanted: &Wanted,
        credential: &Credential,
    ) -> Result<(Fingerprint, crate::monitor::Reading), LookError> {
        let addresses = self.addresses(&wanted.host, wanted.port).await?;
        let session = remote::connect(&addresses, &wanted.user, credential, None).await?;
        let reading = remote::read(&session).await?;
        let host_key = session.host_key().clone();
        session.close().await;
        Ok((host_key, reading))
    }

    /// What a person can do about a machine that could not be read.
    async fn advice(&self, wanted: &Wanted, error: &LookError) -> Result<String, KeyError> {
        use remote::RemoteError::Ssh;
        let at = format!("{}:{}", wanted.host, wanted.port);
        let advice = match error {
            LookError::Remote(Ssh(ssh::Error::Refused { .. })) if matches!(wanted.given, Given::Nothing) => {
                let (_, line) = self.own_key().await?;
                format!("Append Plenum's own key to ~{}/.ssh/authorized_keys on the machine:\n{line}", wanted.user)
            }
            LookError::Remote(Ssh(ssh::Error::Refused { .. })) => "Check the user and the key or password.".to_owned(),
            LookError::Remote(Ssh(ssh::Error::Connect(_) | ssh::Error::Slow(_))) | LookError::Slow => {
                "Check the host and the port, that sshd runs there, and that no firewall is in between.".to_owned()
            }
            _ => "Only Linux machines with OpenSSH or the like can be looked at.".to_owned(),
        };
        Ok(format!("{at} could not be read, so nothing was stored: {error}. {advice}"))
    }

    /// Forgets a machine.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn remove_server(&self, actor: &str, name: &str) -> Result<Server, Refusal> {
        let key = name.to_ascii_lowercase();
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let server = store::one(&mut tx, &key).await?.ok_or_else(|| Refusal::Unknown(name.to_owned()))?;
        store::delete(&mut tx, &key).await?;
        let entry = Entry::new(actor, CATEGORY, "server_remove").target(&server.name);
        let details = json!({ "name": server.name, "host": server.host.as_str() });
        audit::record(&mut tx, entry.details(details), Outcome::Ok).await?;
        events::append(&mut tx, "mesh.servers", &json!({ "name": server.name })).await?;
        tx.commit().await?;
        self.monitor.forget(&key);
        Ok(server)
    }

    /// Pins the key that a server shows instead of the pinned one, if it is the one that the caller means.
    ///
    /// # Errors
    /// When there is no such server, or it does not show that key.
    pub async fn trust_server_key(&self, actor: &str, name: &str, key: &Fingerprint) -> Result<Server, Refusal> {
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let server = store::one(&mut tx, &name.to_ascii_lowercase()).await?;
        let server = server.ok_or_else(|| Refusal::Unknown(name.to_owned()))?;
        let entry = Entry::new(actor, CATEGORY, "server_key_trust").target(&server.name);
        let details = json!({ "name": server.name, "before": server.host_key.as_str(), "fingerprint": key.as_str() });
        let entry = entry.details(details);
        if server.offered_key.as_ref() != Some(key) {
            audit::record(&mut tx, entry, Outcome::Fail).await?;
            tx.commit().await?;
            return Err(Refusal::NotOffered(match &server.offered_key {
                None => format!("{} shows the key that is pinned; there is nothing to trust", server.name),
                Some(offered) => {
                    format!("{} shows {offered}, which is not the key that was given; nothing was changed", server.name)
                }
            }));
        }
        store::pin(&mut tx, &server.key, key).await?;
        audit::record(&mut tx, entry, Outcome::Ok).await?;
        events::append(&mut tx, "mesh.servers", &json!({ "name": server.name })).await?;
        tx.commit().await?;
        self.monitor.forget(&server.key);
        Ok(Server { host_key: key.clone(), offered_key: None, reported_key: None, ..server })
    }

    /// Plenum's own key and its line for `authorized_keys`; made when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be made, stored or unsealed.
    pub async fn own_key(&self) -> Result<(PrivateKey, String), KeyError> {
        let stored = match store::own_key(&self.db).await? {
            Some(stored) => stored,
            None => {
                let made = PrivateKey::generate()?;
                let line = made.public_line(&format!("plenum@{}", self.config.domain))?;
                let sealed = self.vault.seal(OWN_KEY, &made.to_pem()?)?;
                let mut tx = self.db.begin().await?;
                store::save_own_key(&mut tx, &line, &sealed).await?;
                tx.commit().await?;
                // Somebody may have been quicker.
                store::own_key(&self.db).await?.unwrap_or((line, sealed))
            }
        };
        let (line, sealed) = stored;
        let pem = self.vault.open(OWN_KEY, &sealed).map_err(|_| KeyError::Sealed)?;
        Ok((PrivateKey::from_pem(&pem)?, line))
    }

    /// What Plenum logs in with at a machine.
    pub(crate) async fn credential(&self, server: &Server) -> Result<Credential, KeyError> {
        let open = |sealed| self.vault.open(&aad(&server.key), sealed).map_err(|_| KeyError::Sealed);
        match &server.auth {
            Auth::Own => Ok(Credential::Key(self.own_key().await?.0)),
            Auth::Key(sealed) => Ok(Credential::Key(PrivateKey::from_pem(&open(sealed)?)?)),
            Auth::Password(sealed) => Ok(Credential::Password(open(sealed)?)),
        }
    }

    fn seal(&self, key: &str, secret: &Zeroizing<String>) -> Result<String, KeyError> {
        Ok(self.vault.seal(&aad(key), secret)?)
    }
}

fn aad(key: &str) -> String {
    format!("mesh.server:{key}")
}
