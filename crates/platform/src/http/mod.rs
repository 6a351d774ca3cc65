//! The HTTP kit: what every route of every area stands on, and the platform's own routes.
//!
//! A request passes, from the outside in: `observe` (id, log, error bodies), `security::headers`, `linger`, `observe::catch_panic`,
//! `client::resolve` (address), `admit` (limits, caller, foreign sites), the guard of its route (`routes`), its handler.
//! `assemble` puts them together and says why each stands where it does.
//!
//! Invariant: a route is only reachable through [`Routes::add`], which demands its [`Access`]. Only here are status codes
//! known.

mod admit;
mod allowance;
mod assemble;
mod audit;
mod auth;
mod backup;
pub mod body;
pub mod caller;
pub mod client;
mod client_errors;
pub mod conditional;
mod config;
pub mod error;
mod events;
mod failures;
mod jobs;
mod linger;
mod negotiate;
mod observe;
pub mod openapi;
mod platform;
pub mod routes;
mod security;
mod sessions;
mod setup;
mod system;
pub mod tier;
mod tokens;
mod totp;
mod users;

pub use assemble::{openapi_of, platform_routes, serve_router, serve_router_with_ui, ui_not_built};
pub use body::{JsonBody, OptionalJson, Payload, QueryOf, RawBody};
pub use caller::{COOKIE, MaybeCaller};
pub use client::{Client, Encrypted, Peer};
pub use error::{Class, Error, Family};
pub use observe::{REQUEST_ID, RequestId};
pub use platform::{Builder, OpenError, Parts, Platform};
pub use routes::{Access, Definitions, RouteRow, Routes, Rule, to_markdown};
pub use security::Nonce;
pub use tier::Tier;
