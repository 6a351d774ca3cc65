//! The event stream: numbered, resumable, filtered by permission, and over with its credential.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use plenum_platform::events;
use plenum_platform::identity::{Caller, Role};
use serde_json::json;
use tokio::time::timeout;

use crate::server::{Call, Server};

struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(call: Call) -> Self {
        let response = call.header("accept", "text/event-stream").open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event's number, name and data. `None` at the end of the stream.
    async fn next(&mut self) -> Option<(i64, String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    event.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
                };
                let found =
                    field("id").map(|id| (id.parse().unwrap(), field("event").unwrap(), field("data").unwrap()));
                self.text = rest.to_owned();
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let frame = timeout(Duration::from_secs(5), self.body.frame()).await.expect("nothing came")?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    async fn ends_within(&mut self, limit: Duration) -> bool {
        timeout(limit, async { while self.next().await.is_some() {} }).await.is_ok()
    }
}

async fn happen(server: &Server, kind: &str, n: i32) -> i64 {
    let mut tx = server.platform.db.begin().await.unwrap();
    let id = events::append(&mut tx, kind, &json!({ "n": n })).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn events_come_live_and_after_a_break_nothing_is_missing() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let token = server.token("admin").await;
    let mut stream = Stream::open(server.get("/api/events").bearer(&token)).await;
    let first = happen(&server, "system.test", 1).await;
    assert_eq!(stream.next().await.unwrap(), (first, "system.test".into(), "{\"n\":1}".into()));
    drop(stream);
    for n in 2..=4 {
        happen(&server, "system.test", n).await;
    }
    let resumed = server.get("/api/events").bearer(&token).header("last-event-id", &first.to_string());
    let mut stream = Stream::open(resumed).await;
    for n in 2..=4 {
        assert_eq!(stream.next().await.unwrap().2, format!("{{\"n\":{n}}}"));
    }
    let live = happen(&server, "system.test", 5).await;
    assert_eq!(stream.next().await.unwrap().0, live);

    // Numbers from another life start over, and say so.
    let strange = server.get("/api/events?last=999999").bearer(&token);
    let (id, kind, data) = Stream::open(strange).await.next().await.unwrap();
    assert_eq!((id, kind.as_str(), data), (live, "reset", format!("{{\"newest\":{live}}}")));
    let bad = server.get("/api/events").bearer(&token).header("last-event-id", "abc").send().await;
    bad.expect(400, "api.badRequest");
}

#[tokio::test]
async fn v7_each_topic_has_its_permission() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    server.user(Role::Admin).await;
    let (viewer, admin) = (server.token("viewer").await, server.token("admin").await);
    server.get("/api/events?topics=audit").bearer(&viewer).send().await.expect(403, "auth.roleRequired");
    server.get("/api/events?topics=system,unheard-of").bearer(&viewer).send().await.expect(403, "auth.roleRequired");

    let mut low = Stream::open(server.get("/api/events").bearer(&viewer)).await;
    let mut high = Stream::open(server.get("/api/events").bearer(&admin)).await;
    let mut one = Stream::open(server.get("/api/events?topics=job").bearer(&admin)).await;
    happen(&server, "audit.entry", 1).await;
    happen(&server, "unheard-of.thing", 2).await;
    let job = happen(&server, "job.done", 3).await;
    assert_eq!(low.next().await.unwrap().0, job, "what is not classified is not for everybody");
    assert_eq!(high.next().await.unwrap().1, "audit.entry");
    assert_eq!(high.next().await.unwrap().1, "unheard-of.thing");
    assert_eq!(one.next().await.unwrap().0, job);
}

#[tokio::test]
async fn v28_a_stream_ends_with_its_credential_within_a_second() {
    let second = Duration::from_secs(1);
    let server = Server::start().await;
    server.user(Role::Owner).await;
    let boss = server.session("owner").await;
    let boss_call = |method: http::Method, path: &str, body| server.call(method, path).cookie(&boss).json(&body).send();

    // A revoked token, while another stream stays.
    server.user(Role::Admin).await;
    let made = server.platform.identity.create_token(&Caller::local("root"), Some("admin"), "a", None).await.unwrap();
    let mut revoked = Stream::open(server.get("/api/events").bearer(&made.wire)).await;
    let kept = server.token("admin").await;
    let mut stays = Stream::open(server.get("/api/events").bearer(&kept)).await;
    let key = format!("/api/api-tokens/{}", made.token.key_id);
    assert_eq!(boss_call(http::Method::DELETE, &key, json!({})).await.status, 200);
    assert!(revoked.ends_within(second).await);

    // A session that signs out.
    let cookie = server.session("admin").await;
    let mut session = Stream::open(server.get("/api/events").cookie(&cookie)).await;
    server.post("/api/auth/logout").cookie(&cookie).send().await;
    assert!(session.ends_within(second).await);

    // A user who loses the role.
    let id = happen(&server, "system.test", 1).await;
    assert_eq!(stays.next().await.unwrap().0, id, "the other stream is still there");
    boss_call(http::Method::PATCH, "/api/users/admin", json!({ "role": "customer" })).await;
    assert!(stays.ends_within(second).await);
}

#[tokio::test]
async fn v28_a_stream_ends_when_its_token_expires_and_when_the_daemon_stops() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let made = {
        let cookie = server.session("admin").await;
        server.post("/api/api-tokens/temp").cookie(&cookie).send().await.json()
    };
    let mut expiring = Stream::open(server.get("/api/events").bearer(made["wire"].as_str().unwrap())).await;
    let token = server.token("admin").await;
    let mut stopping = Stream::open(server.get("/api/events").bearer(&token)).await;
    server.clock.advance(jiff::SignedDuration::from_hours(2));
    assert!(expiring.ends_within(Duration::from_secs(1)).await);
    server.platform.stop.cancel();
    assert!(stopping.ends_within(Duration::from_secs(1)).await);
}
