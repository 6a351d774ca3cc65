//! Machines over HTTP.

use axum::{
    Json,
    extract::{Path, State},
};
use platform::{
    http::{
        body::{JsonBody, Payload},
        error::Error,
    },
    identity::Caller,
};
use serde::{Deserialize, Serialize};
use ssh::{Fingerprint, Host, PrivateKey, User};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::answer::{Outcome, unprocessable};
use crate::Mesh;
use crate::monitor::{Machine, containers::Container, text};
use crate::servers::{Given, Refusal, Wanted};
use crate::service::{Invalid, Name};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServers)]
pub(super) struct Servers {
    ok: bool,
    /// The documented text.
    output: String,
    servers: Vec<Machine>,
}

/// This machine and those that are looked at over SSH: processors, memory, disk, GPUs. All are asked at once.
#[utoipa::path(get, path = "/mesh/api/servers", tag = "Mesh", operation_id = "mesh_list_servers",
    responses((status = 200, description = "The machines: this one first, the others by name.", body = Servers)))]
pub(super) async fn list_servers(State(mesh): State<Mesh>) -> Result<Json<Servers>, Error> {
    let servers = mesh.machines().await?;
    Ok(Json(Servers { ok: true, output: text::of_machines(&servers), servers }))
}

/// Why the containers of a machine are not in the list.
#[derive(Serialize, ToSchema)]
#[schema(as = MeshContainersError)]
pub(super) struct NoContainers {
    /// The id of the machine.
    server: String,
    error: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshContainers)]
pub(super) struct Containers {
    /// Whether anybody could be asked.
    ok: bool,
    /// A table for each machine.
    output: String,
    containers: Vec<Container>,
    errors: Vec<NoContainers>,
}

/// The containers of this machine and of those that are looked at over SSH.
#[utoipa::path(get, path = "/mesh/api/servers/containers", tag = "Mesh", operation_id = "mesh_list_containers",
    responses((status = 200, description = "The containers; `ok: false` where no Docker could be asked.", body = Containers)))]
pub(super) async fn list_containers(State(mesh): State<Mesh>) -> Result<Json<Containers>, Error> {
    let all = mesh.containers().await?;
    let output = text::of_containers(&all);
    let (mut containers, mut errors) = (Vec::new(), Vec::new());
    let machines = all.len();
    for of in all {
        match of.found {
            Ok(found) => containers.extend(found),
            Err(error) => errors.push(NoContainers { server: of.server, error }),
        }
    }
    Ok(Json(Containers { ok: errors.len() < machines, output, containers, errors }))
}

/// A machine to look at. Without a key and a password, Plenum's own key is used.
#[derive(Deserialize, ToSchema)]
#[schema(as = MeshAddServer)]
pub(super) struct Add {
    name: String,
    /// A DNS name or an IP address.
    host: String,
    /// 22 when absent.
    port: Option<u16>,
    /// The account there.
    user: String,
    /// As ssh-keygen writes it, without a passphrase.
    private_key: Option<String>,
    password: Option<String>,
    /// Where Docker listens there; `/var/run/docker.sock` when absent.
    docker_socket: Option<String>,
}

impl Payload for Add {
    const CODE: &'static str = "mesh.invalid";
}

impl Add {
    fn wanted(self) -> Result<Wanted, Invalid> {
        let invalid = |error: ssh::Error| Invalid(error.to_string());
        let name = Name::new(&self.name)
            .map_err(|Invalid(why)| Invalid(why.replacen("Invalid service name", "Invalid server name", 1)))?;
        let docker_socket = self.docker_socket.unwrap_or_else(|| "/var/run/docker.sock".to_owned());
        if !docker_socket.starts_with('/') || docker_socket.len() > 100 || docker_socket.chars().any(char::is_control) {
            return Err(Invalid("docker_socket must be the path of a socket, of at most 100 bytes".to_owned()));
        }
        let port = self.port.unwrap_or(22);
        if port == 0 {
            return Err(Invalid("port is not between 1 and 65535".to_owned()));
        }
        let given = match (self.private_key.map(Zeroizing::new), self.password.map(Zeroizing::new)) {
            (None, None) => Given::Nothing,
            (Some(pem), None) => Given::Key { key: PrivateKey::from_pem(&pem).map_err(invalid)?, pem },
            (None, Some(password)) if (1..=1024).contains(&password.len()) => Given::Password(password),
            (None, Some(_)) => return Err(Invalid("the password must have 1 to 1024 bytes".to_owned())),
            (Some(_), Some(_)) => return Err(Invalid("give a key or a password, not both".to_owned())),
        };
        Ok(Wanted {
            name,
            host: Host::new(&self.host).map_err(invalid)?,
            port,
            user: User::new(&self.user).map_err(invalid)?,
            given,
            docker_socket,
        })
    }
}

/// Goes to a machine, pins its host key, and looks at it from then on.
#[utoipa::path(post, path = "/mesh/api/servers", tag = "Mesh", operation_id = "mesh_add_server", request_body = Add,
    responses((status = 200, description = "Done; or `ok: false` with what to do, and nothing was stored.", body = Outcome),
        (status = 409, description = "There is one of that name."),
        (status = 422, description = "A field cannot be what it is, or the machine may not be reached.")))]
pub(super) async fn add_server(
    State(mesh): State<Mesh>,
    caller: Caller,
    JsonBody(body): JsonBody<Add>,
) -> Result<Json<Outcome>, Error> {
    let wanted = body.wanted().map_err(unprocessable)?;
    match mesh.add_server(&caller.actor, wanted).await {
        Ok(server) => {
            let stdout = format!(
                "\n  Host:     {}\n  Port:     {}\n  User:     {}\n  Host key: {}\n\n\
                 Compare the host key with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the machine.\n",
                server.host, server.port, server.user, server.host_key
            );
            Ok(Outcome::done(format!("Added server: {} ({})", server.name, server.host), stdout))
        }
        Err(refusal) => refused(refusal),
    }
}

/// Forgets a machine.
#[utoipa::path(delete, path = "/mesh/api/servers/{name}", tag = "Mesh", operation_id = "mesh_remove_server",
    params(("name" = String, Path, description = "Name of the machine.")),
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome)))]
pub(super) async fn remove_server(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Outcome>, Error> {
    match mesh.remove_server(&caller.actor, &name).await {
        Ok(server) => {
            let message = format!("Removed server: {}", server.name);
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Err(refusal) => refused(refusal),
    }
}

/// Which key is meant.
#[derive(Deserialize, ToSchema)]
#[schema(as = MeshTrustServerKey)]
pub(super) struct Trust {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    fingerprint: String,
}

impl Payload for Trust {
    const CODE: &'static str = "mesh.invalid";
}

/// Pins the key that a machine shows instead of the pinned one, if it is this one.
#[utoipa::path(post, path = "/mesh/api/servers/{name}/trust", tag = "Mesh", operation_id = "mesh_trust_server_key",
    params(("name" = String, Path, description = "Name of the machine.")), request_body = Trust,
    responses((status = 200, description = "Done; or `ok: false` where it shows another key.", body = Outcome),
        (status = 422, description = "That is no fingerprint.")))]
pub(super) async fn trust_server_key(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<Trust>,
) -> Result<Json<Outcome>, Error> {
    let key = Fingerprint::new(&body.fingerprint).map_err(|error| unprocessable(Invalid(error.to_string())))?;
    match mesh.trust_server_key(&caller.actor, &name, &key).await {
        Ok(server) => {
            let message = format!("Host key of {} is now {}", server.name, server.host_key);
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Err(refusal) => refused(refusal),
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServerKey)]
pub(super) struct OwnKey {
    ok: bool,
    /// A line for `authorized_keys`.
    public_key: String,
}

/// The public half of the key that Plenum logs in with where none is given.
#[utoipa::path(get, path = "/mesh/api/servers/key", tag = "Mesh", operation_id = "mesh_server_key",
    responses((status = 200, description = "The key; it is made when it is first asked for.", body = OwnKey)))]
pub(super) async fn own_key(State(mesh): State<Mesh>) -> Result<Json<OwnKey>, Error> {
    let (_, public_key) = mesh.own_key().await.map_err(Error::internal)?;
    Ok(Json(OwnKey { ok: true, public_key }))
}

/// What a refusal is to a caller: their mistake is a status, everything else an answer with `ok: false`.
fn refused(refusal: Refusal) -> Result<Json<Outcome>, Error> {
    match refusal {
        Refusal::Invalid(invalid) => Err(unprocessable(invalid)),
        Refusal::Exists(_) => Err(Error::conflict("mesh.server.exists", refusal.to_string())),
        Refusal::Store(error) => Err(error.into()),
        Refusal::Key(error) => Err(Error::internal(error)),
        Refusal::Unknown(_) | Refusal::Unreachable(_) | Refusal::NotOffered(_) => {
            Ok(Outcome::failed(refusal.to_string()))
        }
    }
}
