//! What should be becomes what is: the one place that tells DNS and Caddy.
//!
//! It knows what both were last told ([`told`]), and tells what differs from the store. After a failure, or when Caddy runs
//! something else, nobody knows any more, and everything is told again: so a publication that failed is mended by the next
//! one, whoever asks for it. Callers that come while one is under way share the next.

mod error;
mod routes;
mod told;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::PoisonError;

use dns::Zone;
use platform::db::Db;
use tokio::sync::Mutex;

use crate::ca::Ca;
use crate::engines::{Dns, Proxy};
use crate::store;

pub use error::PublishError;
use told::Told;

/// Changes of so many services at once are found by looking at all of them.
const FEW: usize = 64;

/// What is to be put in place.
#[derive(Clone, Copy, Debug)]
pub enum What<'k> {
    /// Some services, by their keys.
    Some(&'k [String]),
    /// The texts in the zone.
    Texts,
    /// Whatever differs.
    All,
    /// Everything, also where it seems to be in place.
    Anew,
}

/// Tells DNS and Caddy what should be.
pub struct Publisher {
    db: Db,
    domain: String,
    gateway: IpAddr,
    pub(crate) dns: Dns,
    pub(crate) proxy: Proxy,
    wanted: std::sync::Mutex<Wanted>,
    turn: Mutex<Turn>,
}

/// What nobody has begun with.
#[derive(Default)]
struct Wanted {
    /// Of the last wish.
    number: u64,
    keys: BTreeSet<String>,
    texts: bool,
    all: bool,
    anew: bool,
}

#[derive(Default)]
struct Turn {
    /// Every wish up to this one is fulfilled, or failed as below.
    done: u64,
    result: Option<Result<(), PublishError>>,
    told: Option<Told>,
}

impl Publisher {
    /// Nothing is told to anybody yet.
    #[must_use]
    pub fn new(db: Db, domain: String, gateway: IpAddr, dns: Dns, proxy: Proxy) -> Self {
        Self { db, domain, gateway, dns, proxy, wanted: std::sync::Mutex::default(), turn: Mutex::default() }
    }

    /// Puts in place what the store says now, or a later state of it.
    ///
    /// # Errors
    /// When DNS or Caddy cannot be told.
    pub async fn publish(&self, ca: &Ca, what: What<'_>) -> Result<(), PublishError> {
        let mine = self.wish(what);
        let mut turn = self.turn.lock().await;
        if let (true, Some(result)) = (turn.done >= mine, &turn.result) {
            return result.clone();
        }
        let wanted = {
            let mut waiting = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let number = waiting.number;
            std::mem::replace(&mut *waiting, Wanted { number, ..Wanted::default() })
        };
        // Whoever is interrupted here leaves nobody knowing what was told.
        let told = turn.told.take();
        let result = self.tell(ca, told, &wanted).await.map(|told| turn.told = Some(told));
        turn.done = wanted.number;
        turn.result = Some(result.clone());
        result
    }

    fn wish(&self, what: What<'_>) -> u64 {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.number += 1;
        match what {
            What::Some(keys) => wanted.keys.extend(keys.iter().cloned()),
            What::Texts => wanted.texts = true,
            What::All => wanted.all = true,
            What::Anew => wanted.anew = true,
        }
        wanted.number
    }

    async fn tell(&self, ca: &Ca, told: Option<Told>, wanted: &Wanted) -> Result<Told, PublishError> {
        let is_known = told.is_some();
        let is_whole = wanted.all
            || wanted.anew
            || !is_known
            || wanted.keys.len() > FEW
            || (wanted.keys.is_empty() && !wanted.texts);
        let mut told = told.unwrap_or_default();
        let changes = match is_whole {
            true => self.differences(&mut told).await?,
            false => self.differences_of(&wanted.keys).await?,
        };
        let texts = if is_whole || wanted.texts { store::texts(&self.db).await? } else { told.texts.clone() };
        let renamed = told.take_in(&changes) || told.texts != texts;
        told.texts = texts;
        if renamed || !is_known || !self.dns.is_alive().await {
            self.dns.set(zone(&self.domain, &told)?).await?;
        }
        // Texts are nothing to Caddy. And who never had a service has no Caddy; who had one keeps it, with what is left.
        let is_nothing = told.lines.is_empty() && !wanted.anew && !self.proxy.is_up().await;
        if is_nothing {
            told.marker = None;
        } else if is_whole || !changes.is_empty() {
            told.marker = Some(self.tell_caddy(ca, &told, &changes, wanted.anew).await?);
        }
        Ok(told)
    }
}

/// The zone: names with their addresses, and texts. A text that was set while the domain was another one is left out.
fn zone(domain: &str, told: &Told) -> Result<Zone, dns::Error> {
    let names = told.lines.iter().map(|(key, line)| (key.as_str(), line.addresses.iter().copied()));
    let mut zone = Zone::of(domain, names)?;
    let is_below = |name: &str| name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    for (name, values) in told.texts.iter().filter(|(name, _)| is_below(name)) {
        for value in values {
            zone = zone.with_text(&format!("{name}."), value)?;
        }
    }
    Ok(zone)
}
