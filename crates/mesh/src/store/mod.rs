//! The tables of the area. Only rows and texts here; secrets are sealed by whoever writes them.

mod certificates;
mod services;

pub use certificates::{Stored, authorities, insert, live, revoke, save_authority, withdraw};
pub use services::{all, finish, forget, one, put, settle};
