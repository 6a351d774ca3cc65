//! The mesh API as a table. On its own listener the paths begin with `/api`, on the main one with `/mesh/api`.

use axum::extract::FromRef;
use platform::{
    http::{
        error::Family,
        routes::{Access, Routes},
    },
    permissions::Permission,
};
use utoipa_axum::routes;

use super::{acme, audit, capsules, dns, routing, servers, services, status, texts, tls};
use crate::Mesh;

/// All routes of the area.
pub fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Mesh: FromRef<S>,
{
    let read = Access::needs(Permission::MeshRead);
    let write = Access::needs(Permission::MeshWrite);
    Routes::new(Family::Mesh)
        .add(read, routes!(status::get_status))
        // For load balancers and scripts that only want to know whether anybody is there.
        .add(Access::public(), routes!(status::ping))
        // Services
        .add(read, routes!(services::list_services))
        .add(write, routes!(services::register_service))
        .add(write, routes!(services::register_services))
        .add(write, routes!(services::deregister_service))
        .add(read, routes!(services::service_health))
        .add(read, routes!(services::service_history))
        // DNS
        .add(read, routes!(dns::list_dns))
        .add(read, routes!(dns::resolve))
        .add(read, routes!(dns::resolve_get))
        .add(read, routes!(dns::explain))
        .add(write, routes!(dns::flush))
        .add(read, routes!(texts::list_texts))
        .add(write, routes!(texts::set_texts, texts::add_text, texts::remove_texts))
        // TLS
        .add(read, routes!(tls::list_certificates))
        .add(read, routes!(tls::get_ca))
        .add(Access::needs(Permission::MeshTrust), routes!(tls::rotate_ca))
        // Clients ask for it while they check a certificate.
        .add(Access::public(), routes!(tls::crl))
        .add(write, routes!(tls::rotate))
        .add(read, routes!(tls::inspect))
        .add(read, routes!(acme::list_certificates))
        .add(write, routes!(acme::revoke_certificate))
        .add(Access::needs(Permission::MeshTrust), routes!(tls::trust))
        // Servers
        .add(read, routes!(servers::list_servers))
        .add(read, routes!(servers::list_containers))
        .add(read, routes!(servers::own_key))
        .add(write, routes!(servers::add_server))
        .add(write, routes!(servers::remove_server))
        .add(write, routes!(servers::trust_server_key))
        // Routing
        .add(read, routes!(routing::list_routes))
        .add(read, routes!(routing::list_requests))
        .add(write, routes!(routing::reload))
        .add(Access::needs(Permission::AuditRead), routes!(audit::list_audit))
        .add(Access::needs(Permission::AuditRead), routes!(capsules::capsules))
        .add(Access::needs(Permission::AuditRead), routes!(capsules::capsule_key))
        // The ACME server's own paths.
        .merge(crate::acme::routes())
}
