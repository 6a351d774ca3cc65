//! Flags over environment over file over defaults.

use clap::{Args, ValueEnum};
use platform::config::{Config, Overrides};

use crate::cli::Common;

/// The flags of `plenum serve` that override the configuration file. Each has a `PLENUM_*` variable too.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Layers {
    /// Where to listen, such as 127.0.0.1:8099.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where the mesh API listens, or `off`.
    #[arg(long, value_name = "ADDR|off")]
    mesh_listen: Option<String>,
    /// TLS of the main listener.
    #[arg(long, value_enum)]
    tls: Option<Tls>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    Off,
    SelfSigned,
    Files,
}

impl Layers {
    /// The configuration that holds, or every problem with it.
    pub(crate) fn load(&self, common: &Common) -> anyhow::Result<Config> {
        let tls = self.tls.and_then(|tls| tls.to_possible_value()).map(|tls| tls.get_name().to_owned());
        let overrides = Overrides::from_env(std::env::vars())
            .with("dataDir", common.data_dir.as_ref().map(|dir| dir.display()), "--data-dir")
            .with("server.listen", self.listen.as_deref(), "--listen")
            .with("mesh.listen", self.mesh_listen.as_deref(), "--mesh-listen")
            .with("ssl.mode", tls, "--tls");
        Ok(Config::load(common.config.as_deref(), &overrides)?)
    }
}
