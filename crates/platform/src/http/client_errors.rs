//! Errors that the web app met in the browser, written to the audit log where the operator finds them.
//!
//! Public, because the login page reports too. So it is bounded in every direction: size of a report, size of each part,
//! and how many entries a minute all reports together may make.

use axum::Json;
use axum::extract::{FromRef, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{JsonBody, Payload};
use super::caller::MaybeCaller;
use super::client::Client;
use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::audit::{self, Entry, Outcome};

const BODY: usize = 256 * 1024;
const MOST: usize = 200;
const RECENT: usize = 20;
const MESSAGE_CHARS: usize = 4096;
const METADATA_BYTES: usize = 16 * 1024;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    // Public: see above.
    Routes::default().add(Access::public().body_limit(BODY), routes!(report_client_errors))
}

/// One thing that the web app logged.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

impl Line {
    fn bounded(mut self) -> Self {
        let short = |text: String, most: usize| -> String { text.chars().take(most).collect() };
        self.level = self.level.map(|level| short(level, 16));
        self.category = self.category.map(|category| short(category, 64));
        self.message = self.message.map(|message| short(message, MESSAGE_CHARS));
        self.ts = self.ts.filter(|ts| ts.is_number() || ts.as_str().is_some_and(|text| text.len() <= 64));
        if let Some(metadata) = &self.metadata {
            let text = metadata.to_string();
            if text.len() > METADATA_BYTES {
                let preview: String = text.chars().take(1024).collect();
                self.metadata = Some(json!({ "_truncated": true, "preview": preview }));
            }
        }
        self
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Report {
    /// What went wrong.
    #[serde(default)]
    errors: Vec<Line>,
    /// What was logged before.
    #[serde(default)]
    recent: Vec<Line>,
}

impl Payload for Report {}

/// Takes a report of the web app about its own errors.
#[utoipa::path(post, path = "/api/client-errors", tag = "Observability", operation_id = "report_client_errors",
    request_body = Report,
    responses((status = 200, description = "Taken, as far as the bounds allow.", body = Acknowledged),
        (status = 400, description = "Not a report.", body = ErrorBody)))]
async fn report_client_errors(
    State(platform): State<Platform>,
    MaybeCaller(caller): MaybeCaller,
    client: Client,
    JsonBody(report): JsonBody<Report>,
) -> Result<Json<Acknowledged>, Error> {
    let recent: Vec<Line> = report.recent.into_iter().take(MOST).map(Line::bounded).collect();
    let recent = json!(&recent[recent.len().saturating_sub(RECENT)..]);
    let actor = caller.map_or_else(|| "anonymous".to_owned(), |caller| caller.actor.clone());
    let mut entries = Vec::new();
    for line in report.errors.into_iter().take(MOST).map(Line::bounded) {
        let Some(suppressed) = platform.shared().client_errors.take() else { break };
        let mut details = json!({
            "ts": line.ts, "level": line.level, "message": line.message, "metadata": line.metadata,
            "recent": recent, "ip": client.ip.to_string(),
        });
        if suppressed > 0 {
            details["suppressedBefore"] = suppressed.into();
        }
        let target = line.category.unwrap_or_else(|| "app".to_owned());
        entries.push(Entry::new(&actor, "client-error", "report").target(target).details(details));
    }
    write(&platform, entries).await?;
    Ok(done())
}

async fn write(platform: &Platform, entries: Vec<Entry>) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut tx = platform.db.begin().await?;
    for entry in entries {
        audit::record(&mut tx, entry, Outcome::Error).await?;
    }
    Ok(tx.commit().await?)
}
