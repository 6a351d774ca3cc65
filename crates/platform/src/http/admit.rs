//! Who is asking, may they ask so often, and does the request come from where it says: decided once per request.
//!
//! The order matters. A credential that has been good before is recognised in memory and counts against its own
//! budget. Any other one counts against the address first, because to check it costs a look into the store or a bcrypt,
//! and a flood must be stopped before that. The check for foreign sites comes last: it needs to know whether the browser's
//! cookie is what identifies the caller.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, Method};
use jiff::SignedDuration;

use super::caller::{Credential, MaybeCaller, credential};
use super::client::{Client, Peer};
use super::error::Error;
use super::platform::Platform;
use super::routes::{RouteRow, Rule};
use super::security::{is_api, same_site};
use super::tier::{Tier, is_read, tier_of};
use crate::config::RateLimit;
use crate::identity::{Caller, Source};
use crate::limits::{self, Decision, client_key};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What the decision needs to know.
pub(super) struct Admission {
    platform: Platform,
    /// Routes that count against another tier than their method says.
    tiers: Vec<(Method, String, Tier)>,
    /// Paths outside the API whose routes are not public.
    guarded: Vec<String>,
    rules: Rules,
    seen: Seen,
}

/// How many requests each tier allows in how long.
struct Rules {
    auth: limits::Rule,
    write: limits::Rule,
    read: limits::Rule,
}

impl Rules {
    fn new(limits: &RateLimit) -> Self {
        let rule = |max, window_ms: u64| {
            let window = SignedDuration::from_millis(i64::try_from(window_ms).unwrap_or(i64::MAX));
            limits::Rule { max, window }
        };
        Self {
            auth: rule(limits.auth_max, limits.auth_window_ms),
            write: rule(limits.write_max, limits.write_window_ms),
            read: rule(limits.read_max, limits.read_window_ms),
        }
    }

    fn of(&self, tier: Tier) -> &limits::Rule {
        match tier {
            Tier::Auth => &self.auth,
            Tier::Write => &self.write,
            Tier::Read => &self.read,
        }
    }
}

impl Admission {
    pub(super) fn new(platform: Platform, rows: &[RouteRow]) -> Self {
        let other = |row: &&RouteRow| row.tier() != tier_of(&row.method);
        let tiers = rows.iter().filter(other).map(|row| (row.method.clone(), row.path.clone(), row.tier())).collect();
        let guarded = |row: &&RouteRow| !is_api(&row.path) && row.access.rule() != Rule::Public;
        let guarded = rows.iter().filter(guarded).map(|row| row.path.clone()).collect();
        let rules = Rules::new(&platform.config.rate_limit);
        Self { platform, tiers, guarded, rules, seen: Seen::default() }
    }

    /// The files of the web app and the pages are everybody's: there is nobody to find out and nothing to count.
    fn concerns(&self, path: &str) -> bool {
        is_api(path) || self.guarded.iter().any(|pattern| fits(pattern, path))
    }

    fn tier(&self, method: &Method, path: &str) -> Tier {
        let other = self.tiers.iter().find(|(m, pattern, _)| m == method && fits(pattern, path));
        other.map_or_else(|| tier_of(method), |(_, _, tier)| *tier)
    }

    /// Finds out who asks, and counts the request.
    async fn decide(&self, tier: Tier, client: &Client, headers: &HeaderMap) -> Admitted {
        let (limits, rule) = (&self.platform.limits, self.rules.of(tier));
        if let Some(user) = client.peer.as_ref().and_then(Peer::operator) {
            // Root could change the limits as well. The numbers are told, but nothing is refused.
            let caller = Arc::new(Caller::local(user));
            let decision = Decision { allowed: true, ..limits.take(tier, &caller.actor, rule).await };
            return Admitted { decision, caller: Ok(Some(caller)) };
        }
        let credential = credential(headers);
        let address = client_key(client.ip);
        let by_address = match &credential {
            Some(credential) if self.seen.contains(credential) => None,
            _ => Some(limits.take(tier, &address, rule).await),
        };
        if let Some(decision) = by_address
            && !decision.allowed
        {
            return Admitted { decision, caller: Ok(None) };
        }
        let caller = match credential {
            Some(Credential::Bearer(wire)) => self.platform.identity.authenticate_token(wire, &client.identity()).await,
            Some(Credential::Session(secret)) => self.platform.identity.authenticate_session(secret).await,
            None => Ok(None),
        };
        if let Some(credential) = &credential {
            self.seen.set(credential, matches!(caller, Ok(Some(_))));
        }
        let decision = match (&caller, by_address) {
            // Attempts to sign in are counted by address, whoever makes them.
            (Ok(Some(caller)), _) if tier != Tier::Auth => limits.take(tier, &caller.actor, rule).await,
            (_, Some(decision)) => decision,
            (_, None) => limits.take(tier, &address, rule).await,
        };
        Admitted { decision, caller: caller.map_err(Error::from) }
    }
}

struct Admitted {
    decision: Decision,
    caller: Result<Option<Arc<Caller>>, Error>,
}

/// Identifies the caller and keeps count.
pub(super) async fn admit(admission: Arc<Admission>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !admission.concerns(path) {
        return next.run(request).await;
    }
    let tier = admission.tier(request.method(), path);
    let Some(client) = Client::of(request.extensions()).cloned() else {
        return Error::internal(NoClient).into_response();
    };
    let admitted = admission.decide(tier, &client, request.headers()).await;
    let mut response = match enter(&admitted, &client, &mut request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    count(response.headers_mut(), admitted.decision);
    response
}

#[derive(Debug, thiserror::Error)]
#[error("the request reached `admit` before its client was known")]
struct NoClient;

fn enter(admitted: &Admitted, client: &Client, request: &mut Request) -> Result<(), Error> {
    if !admitted.decision.allowed {
        return Err(Error::rate_limited(admitted.decision.reset));
    }
    let caller = admitted.caller.clone()?;
    // A token is put into a request by a program; only a browser can be made to act for somebody else.
    let by_program = caller.as_ref().is_some_and(|caller| matches!(caller.source, Source::Token | Source::Local));
    if !is_read(request.method()) && !by_program {
        same_site(request.headers(), client)?;
    }
    leave(request.extensions_mut(), caller);
    Ok(())
}

fn leave(extensions: &mut Extensions, caller: Option<Arc<Caller>>) {
    if let Some(caller) = &caller {
        tracing::Span::current().record("actor", caller.actor.as_str());
    }
    extensions.insert(MaybeCaller(caller));
}

fn count(headers: &mut HeaderMap, decision: Decision) {
    headers.insert(LIMIT, HeaderValue::from(decision.limit));
    headers.insert(REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(RESET, HeaderValue::from(decision.reset));
}

/// Whether a path fits a pattern with parameters in braces.
fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        if wanted.starts_with("{*") {
            return segments.next().is_some();
        }
        match segments.next() {
            Some(segment) if wanted == segment || (wanted.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// Credentials that were good the last time, by a hash that means nothing outside this process. It decides only which
/// budget is asked first; whether a credential is good is decided anew each time.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    good: Mutex<HashSet<u64>>,
}

impl Seen {
    const MOST: usize = 4096;

    fn key(&self, credential: &Credential<'_>) -> u64 {
        match credential {
            Credential::Bearer(wire) => self.hasher.hash_one(("bearer", wire)),
            Credential::Session(secret) => self.hasher.hash_one(("session", secret)),
        }
    }

    fn contains(&self, credential: &Credential<'_>) -> bool {
        let key = self.key(credential);
        self.good.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    fn set(&self, credential: &Credential<'_>, is_good: bool) {
        let key = self.key(credential);
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_good {
            good.remove(&key);
        } else if !good.contains(&key) {
            if good.len() >= Self::MOST {
                good.clear();
            }
            good.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths() {
        for (pattern, path, expected) in [
            ("/api/auth/login", "/api/auth/login", true),
            ("/api/auth/login", "/api/auth/login/", false),
            ("/api/a/{id}/b", "/api/a/1/b", true),
            ("/api/a/{id}/b", "/api/a//b", false),
            ("/api/a/{id}", "/api/a/1/b", false),
            ("/docs/{*rest}", "/docs/a/b", true),
            ("/docs/{*rest}", "/docs", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
