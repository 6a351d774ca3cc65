//! `plenum config …`

use clap::Subcommand;
use serde_json::json;

use super::{Common, output::Output};
use crate::config_layers::Layers;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the configuration and say everything that is wrong with it, or print what holds.
    Check,
}

pub(crate) fn run(common: &Common, command: &Command, output: &mut Output) -> anyhow::Result<()> {
    match command {
        Command::Check => {
            let config = Layers::default().load(common)?;
            let effective = config.effective()?;
            output.result(&json!({ "ok": true, "effective": effective }), effective.trim_end())?;
        }
    }
    Ok(())
}
