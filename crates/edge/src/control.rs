//! HAProxy's process, as a person asks for it: reload, start, stop.

use std::path::PathBuf;

use haproxy::Verdict;
use platform::audit::{self, Entry, Outcome};
use serde_json::json;

use crate::{
    apply::{ApplyError, Engine, Mode, Turn},
    store::Settings,
};

/// How HAProxy is controlled here.
#[derive(Debug)]
pub(crate) struct Strategy {
    /// `direct` or `systemd`.
    pub(crate) name: &'static str,
    /// `managed` or `external`.
    pub(crate) mode: &'static str,
    /// Where its pid is written.
    pub(crate) pid_file: Option<PathBuf>,
    /// Whether it was stopped on purpose.
    pub(crate) stopped: bool,
    /// Whether it answers.
    pub(crate) running: bool,
}

/// How HAProxy is controlled here.
pub(crate) async fn strategy(engine: &Engine) -> Result<Strategy, ApplyError> {
    let (name, mode, pid_file) = match engine.proxy().mode() {
        Mode::Managed(spec) => ("direct", "managed", Some(spec.pid_file.clone())),
        Mode::External => ("systemd", "external", None),
    };
    Ok(Strategy {
        name,
        mode,
        pid_file,
        stopped: engine.is_stopped().await?,
        running: engine.proxy().is_running().await,
    })
}

impl Engine {
    /// Loads the current generation anew and says what HAProxy printed.
    pub async fn reload(&self, actor: &str) -> Result<String, ApplyError> {
        let turn = self.take_turn().await?;
        if self.is_stopped().await? {
            return Err(ApplyError::Stopped);
        }
        let outcome = self.load_again().await;
        self.audited(&turn, actor, "reload", &outcome, json!({ "trigger": "manual" })).await?;
        outcome
    }

    /// Starts HAProxy and remembers that it should run.
    pub async fn start(&self, actor: &str) -> Result<String, ApplyError> {
        let turn = self.take_turn().await?;
        self.want_stopped(&turn, false).await?;
        let outcome = self.load_again().await;
        self.audited(&turn, actor, "start", &outcome, json!({})).await?;
        outcome
    }

    /// Stops HAProxy and remembers that it should not run.
    pub async fn stop(&self, actor: &str) -> Result<String, ApplyError> {
        let turn = self.take_turn().await?;
        self.want_stopped(&turn, true).await?;
        let outcome = match self.proxy().stop().await {
            Ok(()) => Ok(String::new()),
            Err(error) => {
                self.want_stopped(&turn, false).await?;
                Err(ApplyError::rejected(format!("HAProxy could not be stopped: {error}")))
            }
        };
        self.audited(&turn, actor, "stop", &outcome, json!({})).await?;
        outcome
    }

    async fn load_again(&self) -> Result<String, ApplyError> {
        let failed = |message: String, output: String| ApplyError::Rejected { message, output, hints: Vec::new() };
        match self.load_carrying_overlay().await {
            Ok(Verdict::Success { log, .. }) => Ok(log),
            Ok(Verdict::Failed { log }) => {
                Err(failed("HAProxy refuses to load the configuration; what ran runs on".to_owned(), log))
            }
            Ok(Verdict::Unknown(unknown)) => Err(ApplyError::rejected(format!(
                "HAProxy did not say whether it loaded the configuration: {unknown:?}"
            ))),
            Err(error) => Err(ApplyError::rejected(format!("HAProxy cannot be reached: {error}"))),
        }
    }

    async fn want_stopped(&self, turn: &Turn<'_>, stopped: bool) -> Result<(), ApplyError> {
        let mut tx = self.db().begin_under(turn.permit()).await?;
        Settings::HaproxyStopped.set(&mut tx, if stopped { "yes" } else { "no" }).await?;
        Ok(tx.commit().await?)
    }

    async fn audited(
        &self,
        turn: &Turn<'_>,
        actor: &str,
        action: &'static str,
        outcome: &Result<String, ApplyError>,
        details: serde_json::Value,
    ) -> Result<(), ApplyError> {
        let (verdict, details) = match outcome {
            Ok(_) => (Outcome::Ok, details),
            Err(error) => (Outcome::Error, json!({ "error": error.summary() })),
        };
        let mut tx = self.db().begin_under(turn.permit()).await?;
        audit::record(&mut tx, Entry::new(actor, "haproxy", action).details(details), verdict).await?;
        Ok(tx.commit().await?)
    }
}
