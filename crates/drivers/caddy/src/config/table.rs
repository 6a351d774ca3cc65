//! The files of [`Dynamic`]: names come and go by what is written here, without Caddy being told.
//!
//! Each step leaves what a request in the same moment can be answered from: the certificate is there before the route,
//! and a new upstream before the old one goes. Nothing is synced to the disk, for after a crash of the machine everything
//! is written anew. Two calls for the same name at the same time are not for here to put in order.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::dynamic::REDIRECT;
use super::{Certificate, Dynamic, Upstream};
use crate::names::Host;
use crate::{Error, Result};

const HTTP: &str = "http";
const HTTPS: &str = "https";
const CERTIFICATES: &str = "certificates";

impl Dynamic {
    /// Makes the directories. Before the first load of a configuration with this in it, and before the first name.
    pub fn prepare(&self) -> Result<()> {
        self.directory(self.directory.as_path().to_owned())?;
        for name in [HTTP, HTTPS, CERTIFICATES] {
            self.directory(self.directory.join(name))?;
        }
        Ok(())
    }

    /// Makes a name answer, or answer from elsewhere: with a certificate over HTTPS, and then plain HTTP is redirected
    /// if [`super::Config::redirect`] says so, without one over plain HTTP. It does from when this returns.
    ///
    /// Tells `false`, and does nothing, when only a route can do this.
    pub fn put(&self, host: &Host, certificate: Option<&Certificate>, upstream: &Upstream) -> Result<bool> {
        let Some(kind) = self.kind(upstream).filter(|_| !host.is_wildcard()) else { return Ok(false) };
        let entry = format!("{kind}@{}", upstream.address);
        match certificate {
            Some(certificate) => {
                self.write_certificate(host, certificate)?;
                self.point(HTTPS, host, &entry)?;
                self.point(HTTP, host, &format!("{REDIRECT}@-"))?;
            }
            None => {
                self.point(HTTP, host, &entry)?;
                self.unpoint(HTTPS, host)?;
                remove(&self.certificate(host), fs::remove_file)?;
            }
        }
        Ok(true)
    }

    /// Makes a name unknown; one that is unknown already is none the worse.
    pub fn remove(&self, host: &Host) -> Result<()> {
        self.unpoint(HTTPS, host)?;
        self.unpoint(HTTP, host)?;
        remove(&self.certificate(host), fs::remove_file)
    }

    /// The names that are there, such as a daemon that starts again finds them.
    pub fn hosts(&self) -> Result<BTreeSet<Host>> {
        let mut hosts = BTreeSet::new();
        for tree in [HTTP, HTTPS] {
            for name in list(&self.directory.join(tree))? {
                // What is no name is not ours, and cannot be asked for.
                hosts.extend(Host::new(&name).ok());
            }
        }
        for name in list(&self.directory.join(CERTIFICATES))? {
            hosts.extend(name.strip_suffix(".pem").and_then(|name| Host::new(name).ok()));
        }
        Ok(hosts)
    }

    fn certificate(&self, host: &Host) -> PathBuf {
        self.directory.join(CERTIFICATES).join(format!("{host}.pem"))
    }

    fn write_certificate(&self, host: &Host, certificate: &Certificate) -> Result<()> {
        let path = self.certificate(host);
        let text = format!("{}\n{}", certificate.chain_pem.trim_end(), certificate.key_pem);
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        // No name begins with a dot, so nobody asks for this one.
        let new = self.directory.join(CERTIFICATES).join(format!(".{host}"));
        remove(&new, fs::remove_file)?;
        let write = || {
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            self.hand_over(&new)?;
            fs::rename(&new, &path)
        };
        write().map_err(|error| {
            // A part of a key is not to stay behind; that it cannot be removed says the error that there is already.
            let _ = fs::remove_file(&new);
            failed("write", &path)(error)
        })
    }

    /// Makes `entry` the only one of a name.
    fn point(&self, tree: &str, host: &Host, entry: &str) -> Result<()> {
        let directory = self.directory.join(tree).join(host.as_str());
        self.directory(directory.clone())?;
        let path = directory.join(entry);
        match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
            Ok(_) => self.hand_over(&path).map_err(failed("hand over", &path))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("create", &path)(error)),
        }
        for other in list(&directory)?.into_iter().filter(|other| other != entry) {
            remove(&directory.join(other), fs::remove_file)?;
        }
        Ok(())
    }

    fn unpoint(&self, tree: &str, host: &Host) -> Result<()> {
        let directory = self.directory.join(tree).join(host.as_str());
        for entry in list(&directory)? {
            remove(&directory.join(entry), fs::remove_file)?;
        }
        remove(&directory, fs::remove_dir)
    }

    fn directory(&self, path: PathBuf) -> Result<()> {
        let make = || {
            if !path.is_dir() {
                DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
                fs::set_permissions(&path, Permissions::from_mode(0o700))?;
            }
            self.hand_over(&path)
        };
        make().map_err(failed("create", &path))
    }

    fn hand_over(&self, path: &Path) -> io::Result<()> {
        match self.account {
            Some(account) => chown(path, Some(account.uid), Some(account.gid)),
            None => Ok(()),
        }
    }
}

/// The names in a directory; one that is not there has none.
fn list(directory: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", directory)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", directory))?;
        // Ours are all UTF-8.
        names.extend(entry.file_name().into_string().ok());
    }
    Ok(names)
}

fn remove(path: &Path, how: fn(PathBuf) -> io::Result<()>) -> Result<()> {
    match how(path.to_owned()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { action, path, source }
}
