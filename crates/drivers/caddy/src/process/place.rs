//! The directory of a managed Caddy, made ready for a start.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::Spec;
use crate::{Endpoint, Error, Result};

/// Makes the directory and what a start needs in it, for nobody but the account that Caddy runs as.
pub(super) fn prepare(spec: &Spec, config: &[u8]) -> Result<()> {
    let (data, config_home) = (spec.directory.join("data"), spec.directory.join("config"));
    for directory in [spec.directory.as_path(), &data, &config_home] {
        let failed = |action| move |source| Error::File { action, path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed("create"))?;
        // It may be an old one, with other permissions.
        fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(failed("protect"))?;
        hand_over(spec, directory)?;
    }
    // They name a process that is gone, and would make "missing" look like "refusing".
    remove_if_present(&spec.pid_file())?;
    if let Endpoint::Unix(path) = &spec.admin {
        remove_if_present(path)?;
    }
    // Read once, by the process that is started next.
    let path = spec.first_config();
    let write = || {
        remove_if_missing_ok(&path)?;
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(config)
    };
    write().map_err(|source| Error::File { action: "write", path: path.clone(), source })?;
    hand_over(spec, &path)
}

/// Whether anybody listens at the admin address already.
pub(super) async fn is_taken(admin: &Endpoint) -> bool {
    const WITHIN: Duration = Duration::from_secs(1);
    match admin {
        Endpoint::Tcp(address) => matches!(timeout(WITHIN, TcpStream::connect(address.to_string())).await, Ok(Ok(_))),
        Endpoint::Unix(path) => matches!(timeout(WITHIN, UnixStream::connect(path)).await, Ok(Ok(_))),
    }
}

pub(super) fn remove_if_present(path: &Path) -> Result<()> {
    remove_if_missing_ok(path).map_err(|source| Error::File { action: "remove", path: path.to_owned(), source })
}

fn remove_if_missing_ok(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn hand_over(spec: &Spec, path: &Path) -> Result<()> {
    let Some(account) = spec.account else { return Ok(()) };
    chown(path, Some(account.uid), Some(account.gid)).map_err(|source| Error::File {
        action: "hand over",
        path: path.to_owned(),
        source,
    })
}
