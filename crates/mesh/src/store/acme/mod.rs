//! The tables of the ACME server. Only rows here; what may follow what is decided by [`crate::acme`], except that nothing
//! here changes a state that has been left already.

mod accounts;
mod authorizations;
mod certificates;
mod orders;

pub use accounts::{Account, account, account_of, deactivate, insert_account, set_contact, set_key};
pub use authorizations::{
    Authorization, Challenge, Kind, authorization, authorizations, challenge, challenges, fail, pass, processing,
    proved, release, start,
};
pub use certificates::{Certificate, certificate, insert_certificate, newest, revoke_certificate, revoked};
pub use orders::{Order, insert_order, issued, of_account, open_orders, order, overdue, tidy};

use platform::db::Error;
use serde::de::DeserializeOwned;

fn json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Unreadable(format!("{what} is damaged")))
}

fn text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unreadable(error.to_string()))
}
