//! The HTTP kit.
pub mod body;
pub mod client;
pub mod conditional;
pub mod error;
mod negotiate;
pub mod observe;
mod security;
pub mod tier;
