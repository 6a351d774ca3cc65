//! A certificate authority for machines (ACME, RFC 8555): any client may have certificates for names below the domain that
//! it proves to speak for, by HTTP (section 8.3) or by DNS (section 8.4).
//!
//! [`table`] is what clients call; [`call`] takes a request apart and says who signed it ([`jws`], [`jwk`], [`nonce`]);
//! [`account`], [`order`], [`finalize`], [`revoke`] and [`rollover`] do what is asked; [`validation`] looks for the proof.
//! What was asked for and what was issued is in the store, so a restart loses nothing but nonces.
//!
//! What it deliberately does not have: accounts bound to other accounts (section 7.3.4), orders for a period
//! (`notBefore`), pre-authorization (section 7.4.1). Each is refused by name, or not offered.

mod account;
mod base64;
mod call;
mod finalize;
mod identifier;
mod jwk;
mod jws;
mod nonce;
mod order;
mod problem;
mod revoke;
mod rollover;
mod table;
mod tend;
mod validation;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use platform::limits::{Rule, Windows};
use tokio::sync::Semaphore;

pub use table::routes;

/// How long an order may take.
const ORDER: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long afterwards it is remembered.
const FORGET: SignedDuration = SignedDuration::from_hours(24 * 30);
/// The most names of one order.
const NAMES: usize = 100;
/// Orders of one account that wait for something.
const OPEN: i64 = 1_000;
/// Validations at once; others wait.
const VALIDATIONS: usize = 16;

const fn rule(max: u32, minutes: i64) -> Rule {
    Rule { max, window: SignedDuration::from_mins(minutes) }
}

/// Signed requests of one address. A certificate takes about a dozen.
const REQUESTS: Rule = rule(1_200, 1);
/// New accounts of one address.
const ACCOUNTS: Rule = rule(60, 60);
/// New orders of one account.
const ORDERS: Rule = rule(1_000, 60);

/// What the server remembers besides the store.
pub(crate) struct Acme {
    nonces: nonce::Nonces,
    windows: Windows,
    /// Challenges that are being looked at.
    busy: Mutex<HashSet<String>>,
    turns: Arc<Semaphore>,
}

impl Acme {
    /// Nothing is asked for yet.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self {
            nonces: nonce::Nonces::new()?,
            windows: Windows::new(8_192),
            busy: Mutex::default(),
            turns: Arc::new(Semaphore::new(VALIDATIONS)),
        })
    }
}

/// A new name for something: so many random octets.
fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
