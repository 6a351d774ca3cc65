//! The configuration: one YAML file with documented keys, under environment variables, under flags.
//!
//! Precedence is defaults < `CONDUIT_*` < file < `PLENUM_*` < flags. No file at all is a valid configuration. Unknown keys are refused
//! and every problem is reported at once, with its line and key. Nothing here opens a socket or touches the data
//! directory: a configuration is only a value. There is no key that turns authentication off.

mod fallbacks;
mod mesh;
mod node;
mod overrides;
mod read;
mod reader;
mod sections;
mod settings;
mod tree;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use mesh::{CaddyMode, DnsEngine, Mesh, MeshAcme, MeshCaddy, MeshDns, MeshHealth};
pub use node::{Keepalived, Node, Vrrp, VrrpState};
pub use overrides::{Override, Overrides};
pub use reader::Problem;
pub use sections::{
    Database, DatabaseUrl, FrontendLogging, Haproxy, HaproxyMode, Listen, LogFormat, LogLevel, Logging, RateLimit,
    Security, Server, Snapshots, Ssl, TlsMode, TlsVersion,
};
pub use settings::{Origins, Setting, Source};

/// Everything that an operator can set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Where Plenum keeps what it owns.
    pub data_dir: PathBuf,
    pub server: Server,
    pub ssl: Ssl,
    pub rate_limit: RateLimit,
    pub logging: Logging,
    pub frontend_logging: FrontendLogging,
    pub database: Database,
    pub haproxy: Haproxy,
    pub node: Node,
    pub keepalived: Keepalived,
    pub mesh: Mesh,
    pub security: Security,
    pub snapshots: Snapshots,
    /// Where all of that comes from.
    #[serde(skip)]
    pub origins: Origins,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            server: Server::default(),
            ssl: Ssl::default(),
            rate_limit: RateLimit::default(),
            logging: Logging::default(),
            frontend_logging: FrontendLogging::default(),
            database: Database::default(),
            haproxy: Haproxy::default(),
            node: Node::default(),
            keepalived: Keepalived::default(),
            mesh: Mesh::default(),
            security: Security::default(),
            snapshots: Snapshots::default(),
            origins: Origins::default(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the configuration file {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}", list(file.as_deref(), problems))]
    Invalid { file: Option<PathBuf>, problems: Vec<Problem> },
}

fn list(file: Option<&Path>, problems: &[Problem]) -> String {
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let place = file.map_or_else(String::new, |file| format!(" ({})", file.display()));
    let mut text = format!("the configuration has {count} {noun}{place}:");
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    text
}

impl Config {
    /// Reads the file, if one is named, and puts the overrides on top.
    ///
    /// # Errors
    /// When the file cannot be read, or with every problem that it or the overrides have.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Error> {
        let text = match file {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?
            }
            None => String::new(),
        };
        let mut config = Self::parse(&text, overrides)
            .map_err(|problems| Error::Invalid { file: file.map(Path::to_owned), problems })?;
        config.origins.file = file.map(Path::to_owned);
        Ok(config)
    }

    /// The same from text.
    ///
    /// # Errors
    /// With every problem, in the order in which the keys are documented, unknown keys after the known ones.
    pub fn parse(text: &str, overrides: &Overrides) -> Result<Self, Vec<Problem>> {
        let mut root = tree::parse(text).map_err(|malformed| {
            vec![Problem { line: malformed.line, origin: None, key: String::new(), message: malformed.message }]
        })?;
        let is_missing = |entry: &&Override| !root.holds(&entry.key.split('.').collect::<Vec<_>>());
        let missing: Vec<&Override> = overrides.fallbacks().iter().filter(is_missing).collect();
        for entry in missing.into_iter().chain(overrides.entries()) {
            let path: Vec<&str> = entry.key.split('.').collect();
            root.set(&path, &entry.value, &tree::Origin::Outside(entry.origin.clone()));
        }

        let origins = Origins::of(&root);
        let mut problems = Vec::new();
        let mut root = reader::Section::root(&root, &mut problems);
        let config = Self {
            data_dir: root.value("dataDir", Self::default().data_dir, reader::path),
            server: root.section("server", read::server),
            ssl: root.section("ssl", read::ssl),
            rate_limit: root.section("rateLimit", read::rate_limit),
            logging: root.section("logging", read::logging),
            frontend_logging: root.section("frontendLogging", read::frontend_logging),
            database: root.section("database", read::database),
            haproxy: root.section("haproxy", read::haproxy),
            node: root.section("node", node::node),
            keepalived: root.section("keepalived", node::keepalived),
            mesh: root.section("mesh", mesh::mesh),
            security: root.section("security", read::security),
            snapshots: root.section("snapshots", read::snapshots),
            origins,
        };
        root.finish();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// The configuration as it is in force, as YAML, with the database password masked.
    ///
    /// # Errors
    /// When a path is not UTF-8, which YAML cannot hold.
    pub fn effective(&self) -> Result<String, serde_saphyr::SerializeError> {
        serde_saphyr::to_string(self)
    }
}
