//! The HTTP kit and the platform's own routes, called in-process through the finished router over a real SQLite store.

mod access;
mod audit;
mod bodies;
mod credentials;
mod csrf;
mod documents;
mod events;
mod families;
mod headers;
mod limits;
mod secrets;
mod server;
mod sign_in;
mod system;
