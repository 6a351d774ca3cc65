//! The configuration that the daemon runs with. It is read here and changed in its file.

use axum::Json;
use axum::extract::{FromRef, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::error::Error;
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::config::Setting;
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default().add(Access::needs(Permission::ConfigRead), routes!(read_config))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Settings {
    /// The configuration file; null where there is none.
    file: Option<String>,
    /// Every key, in the order of the documentation.
    settings: Vec<Setting>,
}

/// Every key of the configuration, what is in force, and who set it.
#[utoipa::path(get, path = "/api/config", tag = "System", operation_id = "read_config",
    responses((status = 200, description = "The configuration. Passwords in it are masked.", body = Settings)))]
async fn read_config(State(platform): State<Platform>) -> Result<Json<Settings>, Error> {
    let file = platform.config.origins.file.as_ref().map(|path| path.display().to_string());
    let settings = platform.config.settings().map_err(Error::internal)?;
    Ok(Json(Settings { file, settings }))
}
