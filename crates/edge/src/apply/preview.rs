//! What a document would change, without changing anything: steps 1 to 3 of an apply, and its checks on request.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use serde::Serialize;
use similar::TextDiff;
use utoipa::ToSchema;

use super::{
    Action, ApplyError, Candidate, Change, Engine, act, blocking,
    candidate::Sealed,
    generation::{CONFIG_FILE, Generations, KEEPALIVED_FILE},
    plan,
    proxy::Mode,
};
use crate::state::diff;

/// How long keepalived's checker may take.
const KEEPALIVED_WITHIN: Duration = Duration::from_secs(30);

/// A plan, as a person or a CI job reads it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub struct Preview {
    /// `none`, `runtime` or `reload`.
    #[schema(value_type = plan::ActionName)]
    pub action: &'static str,
    /// Why.
    pub reasons: Vec<String>,
    /// The operations over the admin socket, where the action is `runtime`.
    pub operations: Vec<String>,
    /// What is added, changed, removed or moved, by name.
    pub changes: Vec<diff::Change>,
    /// The rendered configuration's unified diff.
    pub diff: String,
    /// The rendered configuration itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// The ETag that the document would have.
    pub etag: String,
    /// Whether HAProxy's own checker has accepted it.
    pub checked: bool,
}

/// What a preview should hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Let HAProxy check the configuration, and test-bind its addresses.
    pub check: bool,
    /// Include the rendered text.
    pub rendered: bool,
    /// Show secrets in it.
    pub secrets: bool,
}

impl Engine {
    /// Plans a change. Waits for nobody, so another change may come first.
    pub async fn preview(&self, change: Change, wanted: Wanted) -> Result<Preview, ApplyError> {
        let live = self.live();
        change.precondition.check(live.as_deref())?;
        let target = self.target().await?;
        let candidate = self.candidate(&change, live.clone(), &target).await?;
        let running = self.proxy().admin_marker().await;
        let plan = plan::plan(live.as_deref(), &candidate, running.as_deref());
        if wanted.check {
            self.check_aside(&candidate).await?;
        }
        let operations = match &plan.action {
            Action::Runtime(operations) => operations.iter().map(plan::Operation::describe).collect(),
            Action::Nothing | Action::Reload => Vec::new(),
        };
        let vault = Arc::clone(&self.vault);
        blocking(move || {
            let after = if wanted.secrets {
                candidate.rendered.cfg.clone()
            } else {
                crate::render::mask(&candidate.document, &candidate.rendered.cfg)
            };
            let before = live.as_ref().map_or(String::new(), |live| {
                if wanted.secrets { live.cfg().to_owned() } else { crate::render::mask(&live.document, live.cfg()) }
            });
            Preview {
                action: plan.action.name(),
                reasons: plan.reasons,
                operations,
                changes: live.as_ref().map(|live| diff::diff(&live.document, &candidate.document)).unwrap_or_default(),
                diff: TextDiff::from_lines(&before, &after).unified_diff().header("live", "planned").to_string(),
                rendered: wanted.rendered.then_some(after),
                etag: Sealed::of(&candidate.document, &vault).sha,
                checked: wanted.check,
            }
        })
        .await
    }

    /// Checks a candidate in a directory of its own, which is gone afterwards. One at a time: the checker is a whole process.
    async fn check_aside(&self, candidate: &Candidate) -> Result<(), ApplyError> {
        let _one = self.checking.lock().await;
        let held = self.live().map(|live| live.listens.clone()).unwrap_or_default();
        let fresh = act::new_listens(&held, &candidate.rendered.listens);
        let (document, managed) = (Arc::clone(&candidate.document), matches!(self.proxy().mode(), Mode::Managed(_)));
        blocking(move || act::bind_all(&fresh, &document, managed)).await??;
        // Inside the data directory: the files hold secrets, and what a crash leaves is found and removed there.
        let aside = self.generations().aside()?;
        let generations = Generations::open(aside.path())?;
        let (builder, files) = (generations.clone(), Arc::clone(&candidate.files));
        let directory = generations.dir(blocking(move || builder.build(&files)).await??);
        match self.proxy().check(&directory, CONFIG_FILE).await {
            Ok(check) if check.ok => {}
            Ok(check) => return Err(act::rejected("HAProxy rejects the configuration", &check.output, candidate)),
            Err(error) => return Err(ApplyError::rejected(format!("HAProxy's checker cannot be run: {error}"))),
        }
        if candidate.rendered.keepalived.is_some() {
            check_keepalived(&self.settings.keepalived, &directory.join(KEEPALIVED_FILE)).await?;
        }
        Ok(())
    }
}

/// Lets keepalived check its configuration.
pub(super) async fn check_keepalived(program: &Path, file: &Path) -> Result<(), ApplyError> {
    let mut command = tokio::process::Command::new(program);
    command.arg("--config-test").arg("--use-file").arg(file).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(KEEPALIVED_WITHIN, command.output()).await;
    let output = match ran {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            let message = format!(
                "the document enables keepalived, but {} cannot be run: {error}; install keepalived or set keepalived.enabled to false",
                program.display()
            );
            return Err(ApplyError::rejected(message));
        }
        Err(_) => return Err(ApplyError::rejected("keepalived's checker did not finish in time")),
    };
    if output.status.success() {
        return Ok(());
    }
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(ApplyError::Rejected {
        message: "keepalived rejects its configuration".to_owned(),
        output: text,
        hints: Vec::new(),
    })
}
