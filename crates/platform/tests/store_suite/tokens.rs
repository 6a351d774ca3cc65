use jiff::SignedDuration;
use platform::audit::{self, Query};
use platform::identity::{Error, Role, Source};
use plenum_platform as platform;

use crate::kit::{PASSWORD, Store, client, root, signed_in};

conformance! {
    a_token_has_the_documented_form_and_identifies_its_creator,
    names_and_expiry_follow_the_documented_rules,
    v28_a_revoked_token_is_dead_at_once,
    v28_an_expired_token_is_dead,
    a_temporary_token_lives_for_an_hour,
    last_use_is_shown_at_once_and_written_in_batches,
    v29_what_is_not_that_very_token_is_refused,
    v29_only_hashes_are_stored,
    wrong_tokens_are_recorded_but_not_without_end,
    the_local_operator_creates_tokens_for_others,
    a_verified_token_costs_nothing_again,
}

async fn a_token_has_the_documented_form_and_identifies_its_creator(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let new = identity.create_token(&alice, None, "CI pipeline", None).await.unwrap();
    let (key_id, secret) = new.wire.split_once('.').unwrap();
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    assert!(key_id.len() == 11 && key_id.starts_with("pp_") && hex(&key_id[3..]), "{key_id}");
    assert!(secret.len() == 32 && hex(secret));
    assert!(!format!("{new:?}").contains(secret));
    let caller = identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    assert_eq!((caller.actor.as_str(), caller.source, caller.role), (key_id, Source::Token, Role::Admin));
    assert_eq!((&caller.user_id, caller.username.as_str()), (&alice.user_id, "alice"));
    assert_eq!(caller.token.as_ref().unwrap().name, "CI pipeline");
    let listed = identity.list_tokens().await.unwrap();
    assert_eq!(listed.len(), 1);
    let json = serde_json::to_value(&listed[0]).unwrap();
    assert_eq!(json["keyId"], key_id);
    assert_eq!(json["createdBy"], alice.user_id.unwrap());
    assert_eq!(json["expiresAt"], serde_json::Value::Null);
    assert!(!json.to_string().contains(secret));
    // A token cannot do what takes a person.
    let refused = identity.change_password(&caller, PASSWORD, "another one", &client()).await;
    assert!(matches!(refused, Err(Error::NeedsUser)));
}

async fn names_and_expiry_follow_the_documented_rules(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let create = async |name: &str, at| identity.create_token(&alice, None, name, at).await.map(drop);
    create("one", None).await.unwrap();
    assert!(matches!(create("one", None).await, Err(Error::TokenNameExists)));
    assert!(matches!(create("", None).await, Err(Error::TokenNameRequired)));
    assert!(matches!(create("-x", None).await, Err(Error::TokenNameInvalid)));
    assert!(matches!(create("two", Some(store.now())).await, Err(Error::TokenExpiresAtPast)));
    assert_eq!(identity.list_tokens().await.unwrap().len(), 1);
}

async fn v28_a_revoked_token_is_dead_at_once(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Owner).await;
    let (bob, _) = signed_in(&identity, "bob", Role::Admin).await;
    let new = identity.create_token(&alice, None, "ci", None).await.unwrap();
    let caller = identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    assert!(matches!(identity.revoke_token(&bob, &new.token.key_id).await, Err(Error::RoleTooLow)));
    assert!(matches!(identity.revoke_token(&alice, "pp_00000000").await, Err(Error::TokenNotFound)));
    identity.revoke_token(&alice, &new.token.key_id).await.unwrap();
    assert_eq!(identity.authenticate_token(&new.wire, &client()).await.unwrap(), None);
    assert_eq!(identity.recheck(&caller).await.unwrap(), None);
    assert!(matches!(identity.revoke_token(&alice, &new.token.key_id).await, Err(Error::TokenNotFound)));
}

async fn v28_an_expired_token_is_dead(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let at = store.now() + SignedDuration::from_mins(10);
    let new = identity.create_token(&alice, None, "ci", Some(at)).await.unwrap();
    store.advance(SignedDuration::from_mins(9));
    let caller = identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    store.advance(SignedDuration::from_mins(1));
    // Remembered or not.
    assert_eq!(identity.authenticate_token(&new.wire, &client()).await.unwrap(), None);
    assert_eq!(store.identity().await.authenticate_token(&new.wire, &client()).await.unwrap(), None);
    assert_eq!(identity.recheck(&caller).await.unwrap(), None);
    assert_eq!(identity.list_tokens().await.unwrap().len(), 1);
    store.advance(SignedDuration::from_hours(24 * 31));
    identity.remove_expired().await.unwrap();
    assert_eq!(identity.list_tokens().await.unwrap(), []);
}

async fn a_temporary_token_lives_for_an_hour(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let new = identity.create_temporary_token(&alice).await.unwrap();
    assert!(new.token.name.starts_with("swagger-temp-") && new.token.name.len() == 21, "{}", new.token.name);
    assert_eq!(new.token.expires_at, Some(store.now() + SignedDuration::from_hours(1)));
    assert!(identity.authenticate_token(&new.wire, &client()).await.unwrap().is_some());
    store.advance(SignedDuration::from_hours(1));
    assert!(identity.authenticate_token(&new.wire, &client()).await.unwrap().is_none());
}

async fn last_use_is_shown_at_once_and_written_in_batches(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let new = identity.create_token(&alice, None, "ci", None).await.unwrap();
    identity.flush_last_used().await.unwrap();
    assert_eq!(identity.list_tokens().await.unwrap()[0].last_used_at, None);
    store.advance(SignedDuration::from_secs(90));
    for _ in 0..20 {
        identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    }
    assert_eq!(identity.list_tokens().await.unwrap()[0].last_used_at, Some(store.now()));
    assert_eq!(identity.flush_last_used().await.unwrap(), 1);
    assert_eq!(store.identity().await.list_tokens().await.unwrap()[0].last_used_at, Some(store.now()));
}

async fn v29_what_is_not_that_very_token_is_refused(store: Store) {
    let identity = store.identity().await;
    let (alice, session) = signed_in(&identity, "alice", Role::Admin).await;
    let one = identity.create_token(&alice, None, "one", None).await.unwrap();
    let two = identity.create_token(&alice, None, "two", None).await.unwrap();
    let (id, secret) = one.wire.split_once('.').unwrap();
    let (_, other) = two.wire.split_once('.').unwrap();
    let peer = "a".repeat(64);
    for wrong in [
        format!("{id}.{other}"),
        format!("{id}."),
        format!("{id}.{}", "0".repeat(32)),
        format!("pp_00000000.{secret}"),
        format!("tk_{}.{secret}", &id[3..]),
        secret.to_owned(),
        one.wire.to_uppercase(),
        format!("{} ", *one.wire),
        session.clone(),
        peer,
    ] {
        assert_eq!(identity.authenticate_token(&wrong, &client()).await.unwrap(), None, "{wrong}");
        assert_eq!(identity.authenticate_session(&one.wire).await.unwrap(), None);
    }
    assert!(identity.authenticate_token(&one.wire, &client()).await.unwrap().is_some());
}

async fn v29_only_hashes_are_stored(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let new = identity.create_token(&alice, None, "ci", None).await.unwrap();
    let secret = new.wire.split_once('.').unwrap().1.to_owned();
    identity.begin_totp(&alice).await.unwrap();
    let (hash, password, totp): (String, String, String) = platform::on_db!(store.db, c =>
        sqlx::query_as("SELECT t.hash, u.password_hash, u.totp_secret FROM tokens t JOIN users u ON u.id = t.created_by")
            .fetch_one(c).await).unwrap();
    assert!(hash.starts_with("$2b$04$"), "{hash}");
    assert!(password.starts_with("$argon2id$"), "{password}");
    assert!(totp.starts_with("sealed:v1:"), "{totp}");
    if !store.db.is_shared() {
        store.db.close().await;
        let bytes = std::fs::read(store.file()).unwrap();
        for clear in [secret.as_str(), PASSWORD] {
            assert!(!bytes.windows(clear.len()).any(|window| window == clear.as_bytes()), "{clear}");
        }
    }
}

async fn wrong_tokens_are_recorded_but_not_without_end(store: Store) {
    let identity = store.identity().await;
    let wrong = "pp_0123abcd.0123456789abcdef0123456789abcdef";
    for _ in 0..40 {
        assert_eq!(identity.authenticate_token(wrong, &client()).await.unwrap(), None);
    }
    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(
        (rows[0].actor.as_str(), rows[0].action.as_str(), rows[0].outcome.as_str()),
        ("anonymous", "bearer-fail", "fail")
    );
    assert_eq!(rows[0].target.as_deref(), Some("pp_0123abcd"));
    assert_eq!(rows[0].details.as_ref().unwrap()["ip"], "192.0.2.7");
    // A flood from everywhere is bounded as well.
    for n in 0..200 {
        let from = platform::identity::Client { ip: Some([198, 51, 100, n].into()), user_agent: None };
        identity.authenticate_token("nonsense", &from).await.unwrap();
    }
    let rows = audit::list(&store.db, &Query { limit: Some(1000), ..Query::default() }).await.unwrap();
    assert!(rows.len() <= 60, "{}", rows.len());
    assert_eq!(rows[0].target, None);
}

async fn the_local_operator_creates_tokens_for_others(store: Store) {
    let identity = store.identity().await;
    identity.create_user(&root(), "alice", Role::Moderator, PASSWORD).await.unwrap();
    let new = identity.create_token(&root(), Some("alice"), "ci", None).await.unwrap();
    let caller = identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    assert_eq!((caller.username.as_str(), caller.role), ("alice", Role::Moderator));
    assert!(matches!(identity.create_token(&root(), None, "x", None).await, Err(Error::NeedsUser)));
    assert!(matches!(identity.create_token(&root(), Some("eve"), "x", None).await, Err(Error::UserNotFound)));
    let rows =
        audit::list(&store.db, &Query { category: Some("api-token".to_owned()), ..Query::default() }).await.unwrap();
    assert_eq!((rows[0].actor.as_str(), rows[0].action.as_str()), ("local:root", "create"));
}

async fn a_verified_token_costs_nothing_again(store: Store) {
    let identity = store.identity().await;
    let (alice, _) = signed_in(&identity, "alice", Role::Admin).await;
    let new = identity.create_token(&alice, None, "ci", None).await.unwrap();
    identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    let started = std::time::Instant::now();
    for _ in 0..2_000 {
        identity.authenticate_token(&new.wire, &client()).await.unwrap().unwrap();
    }
    let each = started.elapsed() / 2_000;
    assert!(each < std::time::Duration::from_millis(1), "{each:?}");
}
