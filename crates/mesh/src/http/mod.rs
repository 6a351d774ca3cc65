//! The mesh API. The table of its routes is in [`router`].

mod acme;
mod answer;
mod audit;
mod capsules;
mod dns;
mod router;
mod routing;
mod servers;
mod services;
mod status;
mod texts;
mod tls;

pub use router::routes;
