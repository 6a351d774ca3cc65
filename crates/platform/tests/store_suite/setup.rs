use std::os::unix::fs::PermissionsExt;

use platform::audit::{self, Query};
use platform::identity::{Error, Identity, Role, SETUP_TOKEN_FILE};
use plenum_platform as platform;

use crate::kit::{PASSWORD, Store, client, root};

conformance! {
    the_first_user_is_an_owner_and_setup_works_once,
    a_wrong_or_missing_setup_token_is_refused,
    a_leftover_setup_token_opens_nothing,
    two_at_once_make_one_owner,
}

async fn the_first_user_is_an_owner_and_setup_works_once(store: Store) {
    let identity = store.identity().await;
    let token = identity.prepare_setup().await.unwrap().unwrap();
    let file = store.path().join(SETUP_TOKEN_FILE);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), *token);
    assert_eq!(*identity.prepare_setup().await.unwrap().unwrap(), *token);
    let status = serde_json::to_value(identity.setup_status().await.unwrap()).unwrap();
    assert_eq!(status, serde_json::json!({ "needsSetup": true, "hasToken": true, "userCount": 0 }));

    let short = identity.complete_setup(&token, "alice", "short", &client()).await;
    assert!(matches!(short, Err(Error::PasswordTooShort)));
    let (user, session) = identity.complete_setup(&token, "alice", PASSWORD, &client()).await.unwrap();
    assert_eq!(user.role, Role::Owner);
    let caller = identity.authenticate_session(session.secret.expose()).await.unwrap().unwrap();
    assert_eq!(caller.actor, user.id);
    assert!(!file.exists());
    let again = identity.complete_setup(&token, "bob", PASSWORD, &client()).await;
    assert!(matches!(again, Err(Error::SetupAlreadyCompleted)));
    let rows = audit::list(&store.db, &Query::default()).await.unwrap();
    let outcomes: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.outcome.as_str())).collect();
    assert_eq!(outcomes, [("setup-complete", "fail"), ("setup-complete", "ok")]);
    assert!(rows.iter().all(|row| !format!("{row:?}").contains(token.as_str())));
}

async fn a_wrong_or_missing_setup_token_is_refused(store: Store) {
    let identity = store.identity().await;
    let missing = identity.complete_setup("", "alice", PASSWORD, &client()).await;
    assert!(matches!(missing, Err(Error::SetupNotAvailable)));
    identity.prepare_setup().await.unwrap();
    for wrong in ["", "x", &"0".repeat(48)] {
        let refused = identity.complete_setup(wrong, "alice", PASSWORD, &client()).await;
        assert!(matches!(refused, Err(Error::SetupTokenInvalid)), "{wrong}");
    }
    // An empty file is no token that an empty guess would match, and neither is a short one.
    for weak in ["", "\n", "hunter2\n"] {
        std::fs::write(store.path().join(SETUP_TOKEN_FILE), weak).unwrap();
        let refused = identity.complete_setup(weak.trim(), "alice", PASSWORD, &client()).await;
        assert!(matches!(refused, Err(Error::SetupNotAvailable)), "{weak:?}");
        assert!(!identity.setup_status().await.unwrap().needs_setup);
    }
    assert_eq!(identity.user_count().await.unwrap(), 0);
}

async fn a_leftover_setup_token_opens_nothing(store: Store) {
    let identity = store.identity().await;
    let token = identity.prepare_setup().await.unwrap().unwrap();
    identity.create_user(&root(), "alice", Role::Viewer, PASSWORD).await.unwrap();
    let refused = identity.complete_setup(&token, "eve", PASSWORD, &client()).await;
    assert!(matches!(refused, Err(Error::SetupAlreadyCompleted)));
    assert!(identity.prepare_setup().await.unwrap().is_none());
    assert!(!store.path().join(SETUP_TOKEN_FILE).exists());
}

async fn two_at_once_make_one_owner(store: Store) {
    let identity = store.identity().await;
    let token = identity.prepare_setup().await.unwrap().unwrap().to_string();
    let attempt = |identity: Identity, token: String, name: &'static str| {
        tokio::spawn(async move { identity.complete_setup(&token, name, PASSWORD, &client()).await.is_ok() })
    };
    let one = attempt(identity.clone(), token.clone(), "alice");
    let two = attempt(identity.clone(), token, "bob");
    assert_eq!(u8::from(one.await.unwrap()) + u8::from(two.await.unwrap()), 1);
    assert_eq!(identity.user_count().await.unwrap(), 1);
}
