//! Machines over HTTP.

use axum::{Json, extract::State};
use platform::http::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Mesh;
use crate::monitor::{self, Machine};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServers)]
pub(super) struct Servers {
    ok: bool,
    /// The documented text.
    output: String,
    servers: Vec<Machine>,
}

/// This machine: processors, memory, disk, GPUs.
#[utoipa::path(get, path = "/mesh/api/servers", tag = "Mesh", operation_id = "mesh_list_servers",
    responses((status = 200, description = "The machines.", body = Servers)))]
pub(super) async fn list_servers(State(mesh): State<Mesh>) -> Result<Json<Servers>, Error> {
    let machine = monitor::local(mesh.clock.now()).await.map_err(Error::internal)?;
    Ok(Json(Servers { ok: true, output: monitor::to_text(&machine), servers: vec![machine] }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshContainers)]
pub(super) struct Containers {
    ok: bool,
    output: String,
}

/// Where Docker's API is, when there is Docker.
const DOCKER: &str = "/var/run/docker.sock";

/// The containers of this machine.
#[utoipa::path(get, path = "/mesh/api/servers/containers", tag = "Mesh", operation_id = "mesh_list_containers",
    responses((status = 200, description = "The containers; `ok: false` where Docker cannot be asked.", body = Containers)))]
pub(super) async fn list_containers() -> Json<Containers> {
    let output = if std::path::Path::new(DOCKER).exists() {
        "Plenum does not speak to Docker yet.\n".to_owned()
    } else {
        format!("There is no Docker on this machine ({DOCKER} is missing).\n")
    };
    Json(Containers { ok: false, output })
}
