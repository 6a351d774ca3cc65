//! The mesh area: one call gives an internal service a name, a certificate, a route and a health check.
//!
//! What should be stands in the store ([`store`]); names and routes are made of it by [`publish`], the only place that
//! tells DNS and Caddy. [`registry`] is what callers do, [`health`] looks how services are and [`history`] remembers it,
//! [`monitor`] does the same for machines, [`ca`] is the internal authority, [`acme`] lets others have
//! certificates of it, [`http`] offers all of it.

pub mod acme;
pub mod authority;
pub mod ca;
pub mod capsule;
pub mod engines;
pub mod guard;
pub mod health;
pub mod history;
pub mod http;
pub mod monitor;
pub mod publish;
pub mod registry;
pub mod servers;
pub mod service;
pub mod store;
pub mod text;
pub mod texts;
pub mod trust;

pub use registry::Mesh;
