use jiff::SignedDuration;
use platform::identity::{Error, Role};
use plenum_platform as platform;

use crate::kit::{PASSWORD, Store, client, root, sign_in, signed_in};

conformance! {
    a_session_identifies_its_user_until_logout,
    sessions_are_listed_and_revoked,
    v28_sessions_end_when_idle_and_in_any_case,
    uses_are_written_down_in_batches_and_survive_a_restart,
    v29_only_the_secret_itself_is_a_session,
    f15_a_clock_that_jumps_back_ends_no_session,
}

async fn a_session_identifies_its_user_until_logout(store: Store) {
    let identity = store.identity().await;
    let (caller, secret) = signed_in(&identity, "alice", Role::Moderator).await;
    assert_eq!(caller.user_id.as_deref(), Some(caller.actor.as_str()));
    assert_eq!((caller.username.as_str(), caller.role, caller.source.as_str()), ("alice", Role::Moderator, "session"));
    assert!(caller.session.as_deref().unwrap().starts_with("s_"));
    identity.logout(&caller, &client()).await.unwrap();
    assert_eq!(identity.authenticate_session(&secret).await.unwrap(), None);
    assert!(matches!(identity.logout(&root(), &client()).await, Err(Error::NeedsUser)));
}

async fn sessions_are_listed_and_revoked(store: Store) {
    let identity = store.identity().await;
    let (alice, first) = signed_in(&identity, "alice", Role::Viewer).await;
    store.advance(SignedDuration::from_secs(10));
    let (_, second) = sign_in(&identity, "alice", PASSWORD).await;
    let (bob, _) = signed_in(&identity, "bob", Role::Admin).await;
    let listed = identity.list_sessions(&alice).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.iter().filter(|session| session.current).count(), 1);
    assert_eq!(listed[0].ip.as_deref(), Some("192.0.2.7"));
    assert_eq!(listed[0].user_agent.as_deref(), Some("test/1"));
    let other = listed.iter().find(|session| !session.current).unwrap();
    assert!(!serde_json::to_string(&listed).unwrap().contains(&second));
    // Someone else's session is an unknown one, whoever asks.
    assert!(matches!(identity.revoke_session(&bob, &other.id).await, Err(Error::SessionNotFound)));
    identity.revoke_session(&alice, &other.id).await.unwrap();
    assert_eq!(identity.authenticate_session(&second).await.unwrap(), None);
    assert!(identity.authenticate_session(&first).await.unwrap().is_some());
    assert!(matches!(identity.revoke_session(&alice, &other.id).await, Err(Error::SessionNotFound)));
    assert!(matches!(identity.list_sessions(&root()).await, Err(Error::NeedsUser)));
}

async fn v28_sessions_end_when_idle_and_in_any_case(store: Store) {
    let identity = store.identity().await;
    let (_, idle) = signed_in(&identity, "alice", Role::Viewer).await;
    let (_, busy) = sign_in(&identity, "alice", PASSWORD).await;
    // Written down, and so no longer in memory.
    identity.flush_last_used().await.unwrap();
    for _ in 0..13 {
        store.advance(SignedDuration::from_hours(12));
        assert!(identity.authenticate_session(&busy).await.unwrap().is_some());
    }
    assert_eq!(identity.authenticate_session(&idle).await.unwrap(), None);
    assert_eq!(identity.remove_expired().await.unwrap(), 1);
    store.advance(SignedDuration::from_hours(12));
    assert_eq!(identity.authenticate_session(&busy).await.unwrap(), None);
    assert_eq!(identity.remove_expired().await.unwrap(), 1);
}

async fn uses_are_written_down_in_batches_and_survive_a_restart(mut store: Store) {
    let identity = store.identity().await;
    let (_, secret) = signed_in(&identity, "alice", Role::Viewer).await;
    store.advance(SignedDuration::from_hours(20));
    for _ in 0..50 {
        assert!(identity.authenticate_session(&secret).await.unwrap().is_some());
    }
    assert_eq!(identity.flush_last_used().await.unwrap(), 1);
    assert_eq!(identity.flush_last_used().await.unwrap(), 0);
    store.restart().await;
    let identity = store.identity().await;
    store.advance(SignedDuration::from_hours(20));
    assert!(identity.authenticate_session(&secret).await.unwrap().is_some());
    // Nothing is lost when it cannot be written.
    store.db.close().await;
    assert!(identity.flush_last_used().await.is_err());
    store.restart().await;
}

async fn v29_only_the_secret_itself_is_a_session(store: Store) {
    let identity = store.identity().await;
    let (caller, secret) = signed_in(&identity, "alice", Role::Admin).await;
    let token = identity.create_token(&caller, None, "ci", None).await.unwrap();
    for wrong in ["", "x", caller.session.as_deref().unwrap(), &token.wire, &secret.to_lowercase(), &secret[1..]] {
        assert_eq!(identity.authenticate_session(wrong).await.unwrap(), None, "{wrong}");
    }
    assert_eq!(identity.authenticate_token(&secret, &client()).await.unwrap(), None);
    // What a thief of the database finds does not open anything.
    let hash: String = platform::on_db!(store.db, c =>
        sqlx::query_scalar("SELECT hash FROM sessions").fetch_one(c).await)
    .unwrap();
    assert!(!hash.contains(&secret));
    assert_eq!(identity.authenticate_session(&hash).await.unwrap(), None);
    assert_eq!(identity.authenticate_session(&hash[..43]).await.unwrap(), None);
}

async fn f15_a_clock_that_jumps_back_ends_no_session(store: Store) {
    const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);
    let identity = store.identity().await;
    let (_, secret) = signed_in(&identity, "alice", Role::Viewer).await;
    store.advance(-YEAR);
    assert!(identity.authenticate_session(&secret).await.unwrap().is_some());
    identity.flush_last_used().await.unwrap();
    store.advance(YEAR);
    assert!(identity.authenticate_session(&secret).await.unwrap().is_some());
    store.advance(YEAR);
    assert_eq!(identity.authenticate_session(&secret).await.unwrap(), None);
}
