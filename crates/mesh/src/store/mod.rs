//! The tables of the area. Only rows and texts here; secrets are sealed by whoever writes them.

pub mod acme;
mod certificates;
mod hours;
pub mod servers;
mod services;
mod texts;

pub use certificates::{
    Stored, authorities, insert, live, live_of, revoke, revoke_gone, revoke_replaced, revoke_since, revoked,
    save_authority, withdraw,
};
pub use hours::{add_hour, forget_hours, hours};
pub use services::{Fingerprint, all, find, fingerprint, finish, forget, one, page, put, settle, settle_one};
pub use texts::{count_texts, set_texts, texts, texts_of};
