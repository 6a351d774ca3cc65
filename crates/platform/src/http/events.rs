//! The event stream over server-sent events.
//!
//! Each topic has its permission, and the stream is only as good as the credential that opened it: when anything about
//! identities changes, the caller is looked up again, and a stream whose caller is gone ends at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::HeaderMap;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::body::QueryOf;
use super::error::Error;
use super::openapi::ErrorBody;
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::events::{Delivery, News, Subscription};
use crate::identity::Caller;
use crate::permissions::Permission;

/// Half of what a revoked credential may live on where changes of other nodes are not heard.
const RECHECK: Duration = Duration::from_millis(500);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The platform's own topics.
const TOPICS: &[(&str, Permission)] = &[
    ("audit", Permission::AuditRead),
    ("identity", Permission::UsersRead),
    ("user", Permission::UsersRead),
    ("session", Permission::UsersRead),
    ("token", Permission::TokensRead),
    ("job", Permission::JobsRead),
    ("reconciler", Permission::JobsRead),
    ("system", Permission::EventsRead),
];

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default().add(Access::needs(Permission::EventsRead), routes!(stream_events))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// Only these topics, separated by commas. A topic is the part of an event's name before the first dot.
    topics: Option<String>,
    /// Number of the last event seen, for clients that cannot send `Last-Event-ID`.
    last: Option<i64>,
}

/// What happens, as it happens: one numbered event after another.
///
/// A client that reconnects with `Last-Event-ID` gets everything that it missed. When that is no longer there, an event
/// `reset` says so: read everything anew and go on from its number.
#[utoipa::path(get, path = "/api/events", tag = "Observability", operation_id = "stream_events",
    params(StreamQuery, ("Last-Event-ID" = Option<i64>, Header, description = "Number of the last event seen.")),
    responses((status = 200, description = "Server-sent events.", content_type = "text/event-stream", body = String),
        (status = 400, description = "The number of the last event is not a number.", body = ErrorBody),
        (status = 503, description = "Too many streams are open.", body = ErrorBody)))]
async fn stream_events(
    State(platform): State<Platform>,
    caller: Caller,
    QueryOf(query): QueryOf<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let filter = Filter::new(&platform, query.topics.as_deref(), &caller)?;
    let last = match last_event_id(&headers)? {
        Some(last) => Some(last),
        None => query.last,
    };
    let permit = Arc::clone(&platform.shared().streams)
        .try_acquire_owned()
        .map_err(|_| Error::unavailable("api.tooManyStreams", "too many event streams are open; close one"))?;
    let subscription = platform.events.subscribe(last).await?;
    let feed = Feed::new(platform, caller, filter, subscription, permit);
    let events = stream::unfold(feed, |mut feed| async move { Some((Ok::<_, Infallible>(feed.next().await?), feed)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::invalid("api.badRequest", "`Last-Event-ID` must be the number of an event");
    text.parse().map(Some).map_err(|_| wrong())
}

/// Which events a caller gets.
struct Filter {
    topics: Option<Vec<String>>,
}

impl Filter {
    /// # Errors
    /// 403 when the caller asks by name for a topic that it may not follow.
    fn new(platform: &Platform, topics: Option<&str>, caller: &Caller) -> Result<Self, Error> {
        let Some(topics) = topics else { return Ok(Self { topics: None }) };
        let topics: Vec<String> =
            topics.split(',').map(|topic| topic.trim().to_owned()).filter(|topic| !topic.is_empty()).collect();
        for topic in &topics {
            let needed = permission(platform, topic);
            if !caller.may(needed) {
                return Err(Error::role_required(needed.min_role().as_str()));
            }
        }
        Ok(Self { topics: Some(topics) })
    }

    fn passes(&self, platform: &Platform, caller: &Caller, kind: &str) -> bool {
        let topic = kind.split('.').next().unwrap_or(kind);
        let wanted = self.topics.as_ref().is_none_or(|topics| topics.iter().any(|wanted| wanted == topic));
        wanted && caller.may(permission(platform, topic))
    }
}

/// What nobody has classified is not for everybody.
fn permission(platform: &Platform, topic: &str) -> Permission {
    let all = TOPICS.iter().chain(&platform.topics);
    all.into_iter().find(|(name, _)| *name == topic).map_or(Permission::AuditRead, |(_, permission)| *permission)
}

/// One open stream.
struct Feed {
    platform: Platform,
    caller: Arc<Caller>,
    filter: Filter,
    subscription: Subscription,
    news: broadcast::Receiver<Arc<News>>,
    changes: watch::Receiver<u64>,
    tick: Interval,
    greeted: bool,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        platform: Platform,
        caller: Caller,
        filter: Filter,
        subscription: Subscription,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let mut changes = platform.identity.changes();
        // A change between authentication and now must not be missed.
        changes.mark_changed();
        let mut tick = interval(RECHECK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let news = platform.events.news().listen();
        Self {
            platform,
            caller: Arc::new(caller),
            filter,
            subscription,
            news,
            changes,
            tick,
            greeted: false,
            _permit: permit,
        }
    }

    /// The next thing to send; `None` ends the stream.
    async fn next(&mut self) -> Option<SseEvent> {
        if !self.greeted {
            self.greeted = true;
            // Makes the answer's head go out at once, and tells the browser how long to wait before it comes back.
            return Some(SseEvent::default().comment("connected").retry(Duration::from_secs(1)));
        }
        loop {
            let stop = self.platform.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                changed = self.changes.changed() => {
                    changed.ok()?;
                    self.recheck().await?;
                }
                _ = self.tick.tick() => {
                    if self.may_have_ended() {
                        self.recheck().await?;
                    }
                }
                news = self.news.recv() => match news {
                    // Without a number, so that a client resumes after the last event that was stored.
                    Ok(news) if self.filter.passes(&self.platform, &self.caller, news.kind) => {
                        return Some(SseEvent::default().event(news.kind).data(news.data.to_string()));
                    }
                    // Not for this caller, or told faster than this client reads: news may be missed.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                delivery = self.subscription.next() => match delivery {
                    Ok(Delivery::Event(event)) => {
                        if self.filter.passes(&self.platform, &self.caller, &event.kind) {
                            let sse = SseEvent::default().id(event.id.to_string()).event(&event.kind);
                            return Some(sse.data(event.data.get()));
                        }
                    }
                    Ok(Delivery::Reset { newest }) => {
                        let data = format!("{{\"newest\":{newest}}}");
                        return Some(SseEvent::default().id(newest.to_string()).event("reset").data(data));
                    }
                    // The client comes back with its last number and misses nothing.
                    Err(ended) => {
                        tracing::debug!(reason = %ended, "an event stream ended");
                        return None;
                    }
                },
            }
        }
    }

    /// Whether the credential can have ended without a change on this node.
    fn may_have_ended(&self) -> bool {
        let now = self.platform.clock.now();
        self.platform.db.is_shared() || self.caller.expires_at.is_some_and(|end| end <= now)
    }

    /// Looks the caller up again. `None` when it is gone, or may not follow the stream any more.
    async fn recheck(&mut self) -> Option<()> {
        match self.platform.identity.recheck(&self.caller).await {
            Ok(Some(caller)) if caller.may(Permission::EventsRead) => {
                self.caller = caller;
                Some(())
            }
            Ok(_) => None,
            Err(error) => {
                // Fail closed: nobody can say that this caller is still good.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an event stream ends: its caller cannot be checked"
                );
                None
            }
        }
    }
}
