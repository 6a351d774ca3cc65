//! Where cargo put things, found from where the running test is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Cargo's target directory.
pub fn target() -> Result<PathBuf> {
    let program = std::env::current_exe().context("find the running test")?;
    program
        .ancestors()
        .find(|directory| directory.join("CACHEDIR.TAG").exists())
        .map(Path::to_path_buf)
        .with_context(|| format!("{} is in no target directory", program.display()))
}

/// The directory of the profile that the running test was built with, where cargo puts programs.
pub fn profile() -> Result<PathBuf> {
    let program = std::env::current_exe().context("find the running test")?;
    let directory = program.parent().context("a program is in a directory")?;
    let directory = if directory.ends_with("deps") || directory.ends_with("examples") {
        directory.parent().context("deps is in a directory")?
    } else {
        directory
    };
    Ok(directory.to_path_buf())
}

/// A program of this workspace.
pub fn program(name: &str) -> Result<PathBuf> {
    for variable in [format!("NEXTEST_BIN_EXE_{name}"), format!("CARGO_BIN_EXE_{name}")] {
        if let Some(path) = std::env::var_os(variable) {
            return Ok(path.into());
        }
    }
    let path = profile()?.join(name);
    if !path.exists() {
        bail!("{} is not built: run `cargo build -p {name} --all-features` first", path.display());
    }
    Ok(path)
}
