//! The directory of a dnsmasq and the hosts file in it.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::Spec;
use crate::{Error, Result};

/// Everybody may read a file and pass a directory: dnsmasq is nobody in particular by the time it does.
const FILE: u32 = 0o644;
const DIRECTORY: u32 = 0o755;

/// Makes the directory, and those above it, where they are missing, and lets everybody through the new ones. What is
/// there already was made by others for their reasons and stays as it is.
pub(super) fn directory(path: &Path) -> Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.is_dir()).collect();
    for path in missing.into_iter().rev() {
        let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
        DirBuilder::new().mode(DIRECTORY).create(path).map_err(failed("make"))?;
        // Whatever the mask of this process.
        fs::set_permissions(path, Permissions::from_mode(DIRECTORY)).map_err(failed("open up"))?;
    }
    Ok(())
}

/// Writes a file so that whoever reads it at any moment reads the old one or the new one.
pub(super) fn write(spec: &Spec, name: &str, text: &str) -> Result<()> {
    let path = spec.directory.join(name);
    let next = spec.directory.join(format!("{name}.new"));
    let write = || {
        let mut file = File::create(&next)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(FILE))?;
        // Not synced: it is written anew at every start, so nothing of it must survive.
        fs::rename(&next, &path)
    };
    write().map_err(|source| Error::File { action: "write", path: path.clone(), source })
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::File { action: "remove", path: path.to_owned(), source }),
    }
}

/// The first number of hosts files: one that no earlier process is likely to have had, with room to count on.
pub(super) fn first_number() -> u64 {
    RandomState::new().build_hasher().finish() >> 1
}
