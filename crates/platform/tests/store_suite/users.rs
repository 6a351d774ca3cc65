use platform::audit::{self, Query};
use platform::identity::{Error, Identity, Role};
use plenum_platform as platform;

use crate::kit::{PASSWORD, Store, client, root, sign_in, signed_in};

conformance! {
    users_are_created_listed_changed_and_removed,
    bad_names_and_passwords_are_refused_and_change_nothing,
    the_last_owner_stays,
    two_owners_cannot_remove_each_other_at_once,
    v27_nobody_reaches_above_their_own_role,
    v28_a_changed_password_ends_all_other_sessions,
    v28_a_disabled_or_removed_user_is_out_at_once,
    v28_a_demotion_takes_effect_at_once,
    the_second_factor_is_set_up_asked_for_and_turned_off,
    f15_a_code_is_accepted_once_even_if_the_clock_jumps_back,
    an_unknown_user_costs_as_much_as_a_known_one,
}

async fn actions(store: &Store) -> Vec<String> {
    let rows = audit::list(&store.db, &Query { limit: Some(1000), ..Query::default() }).await.unwrap();
    rows.iter().rev().map(|row| format!("{}/{}/{}", row.category, row.action, row.outcome)).collect()
}

async fn users_are_created_listed_changed_and_removed(store: Store) {
    let identity = store.identity().await;
    let user = identity.create_user(&root(), "alice", Role::Viewer, PASSWORD).await.unwrap();
    assert!(user.id.starts_with("u_") && user.id.len() == 18, "{}", user.id);
    assert_eq!((user.username.as_str(), user.role, user.disabled, user.totp), ("alice", Role::Viewer, false, false));
    assert_eq!((user.created_at, user.last_login_at), (store.now(), None));
    identity.create_user(&root(), "bob", Role::Owner, PASSWORD).await.unwrap();
    assert!(matches!(identity.create_user(&root(), "alice", Role::Viewer, PASSWORD).await, Err(Error::UsernameExists)));
    let names: Vec<_> = identity.list_users().await.unwrap().into_iter().map(|user| user.username).collect();
    assert_eq!(names, ["alice", "bob"]);
    assert_eq!(identity.user(&user.id).await.unwrap(), user);
    assert_eq!(identity.set_role(&root(), "alice", Role::Admin).await.unwrap().role, Role::Admin);
    assert!(identity.set_disabled(&root(), &user.id, true).await.unwrap().disabled);
    assert!(!identity.set_disabled(&root(), &user.id, false).await.unwrap().disabled);
    identity.set_password(&root(), "alice", "another password", false).await.unwrap();
    sign_in(&identity, "alice", "another password").await;
    assert!(identity.user("alice").await.unwrap().last_login_at.is_some());
    identity.delete_user(&root(), "alice").await.unwrap();
    assert!(matches!(identity.user("alice").await, Err(Error::UserNotFound)));
    assert!(matches!(identity.delete_user(&root(), "alice").await, Err(Error::UserNotFound)));
    assert_eq!(
        actions(&store).await,
        [
            "user/create/ok",
            "user/create/ok",
            "user/set-role/ok",
            "user/disable/ok",
            "user/enable/ok",
            "user/set-password/ok",
            "auth/login/ok",
            "user/delete/ok"
        ]
    );
    assert_eq!(audit::verify(&store.db).await.unwrap().broken, None);
}

async fn bad_names_and_passwords_are_refused_and_change_nothing(store: Store) {
    let identity = store.identity().await;
    for name in ["A", "", "Root", "a b", "a'--", "ab\n", &"x".repeat(33)] {
        let refused = identity.create_user(&root(), name, Role::Viewer, PASSWORD).await;
        assert!(matches!(refused, Err(Error::UsernameInvalid)), "{name:?}");
    }
    let refused = identity.create_user(&root(), "alice", Role::Viewer, "short").await;
    assert!(matches!(refused, Err(Error::PasswordTooShort)));
    let refused = identity.create_user(&root(), "alice", Role::Viewer, &"x".repeat(257)).await;
    assert!(matches!(refused, Err(Error::PasswordTooLong)));
    assert_eq!(identity.user_count().await.unwrap(), 0);
    assert_eq!(actions(&store).await, [""; 0]);
}

async fn the_last_owner_stays(store: Store) {
    let identity = store.identity().await;
    identity.create_user(&root(), "alice", Role::Owner, PASSWORD).await.unwrap();
    identity.create_user(&root(), "bob", Role::Admin, PASSWORD).await.unwrap();
    assert!(matches!(identity.set_role(&root(), "alice", Role::Admin).await, Err(Error::LastOwner)));
    assert!(matches!(identity.set_disabled(&root(), "alice", true).await, Err(Error::LastOwner)));
    assert!(matches!(identity.delete_user(&root(), "alice").await, Err(Error::LastOwner)));
    identity.set_role(&root(), "bob", Role::Owner).await.unwrap();
    identity.set_disabled(&root(), "alice", true).await.unwrap();
    assert!(matches!(identity.set_role(&root(), "bob", Role::Viewer).await, Err(Error::LastOwner)));
    // A disabled owner is in charge of nothing and may go.
    identity.delete_user(&root(), "alice").await.unwrap();
}

async fn two_owners_cannot_remove_each_other_at_once(store: Store) {
    let identity = store.identity().await;
    for round in 0..6 {
        let names = [format!("a{round}"), format!("b{round}")];
        for name in &names {
            identity.create_user(&root(), name, Role::Owner, PASSWORD).await.unwrap();
        }
        for user in identity.list_users().await.unwrap() {
            if !names.contains(&user.username) {
                identity.delete_user(&root(), &user.id).await.unwrap();
            }
        }
        let demote = |identity: Identity, name: String| {
            tokio::spawn(async move { identity.set_role(&root(), &name, Role::Viewer).await })
        };
        let (one, two) = (demote(identity.clone(), names[0].clone()), demote(identity.clone(), names[1].clone()));
        let results = [one.await.unwrap(), two.await.unwrap()];
        let refused = results.iter().filter(|result| matches!(result, Err(Error::LastOwner))).count();
        assert_eq!(refused, 1, "{results:?}");
    }
}

async fn v27_nobody_reaches_above_their_own_role(store: Store) {
    let identity = store.identity().await;
    identity.create_user(&root(), "owner", Role::Owner, PASSWORD).await.unwrap();
    let (admin, _) = signed_in(&identity, "admin", Role::Admin).await;
    let refused = |result: Result<(), Error>| assert!(matches!(result, Err(Error::RoleTooLow)), "{result:?}");
    refused(identity.create_user(&admin, "eve", Role::Owner, PASSWORD).await.map(drop));
    refused(identity.set_role(&admin, "admin", Role::Owner).await.map(drop));
    refused(identity.set_role(&admin, "owner", Role::Viewer).await.map(drop));
    refused(identity.set_disabled(&admin, "owner", true).await.map(drop));
    refused(identity.set_password(&admin, "owner", "eves password", false).await.map(drop));
    refused(identity.delete_user(&admin, "owner").await);
    // A token for somebody else would be a way around all of that.
    let token = identity.create_token(&admin, Some("owner"), "mine", None).await.unwrap();
    assert_eq!(Some(&token.token.created_by), admin.user_id.as_ref());
    let acts = identity.authenticate_token(&token.wire, &client()).await.unwrap().unwrap();
    assert_eq!(acts.role, Role::Admin);
}

async fn v28_a_changed_password_ends_all_other_sessions(store: Store) {
    let identity = store.identity().await;
    let (caller, first) = signed_in(&identity, "alice", Role::Admin).await;
    let (_, second) = sign_in(&identity, "alice", PASSWORD).await;
    let wrong = identity.change_password(&caller, "wrong password", "next password", &client()).await;
    assert!(matches!(wrong, Err(Error::CurrentPasswordIncorrect)));
    let short = identity.change_password(&caller, PASSWORD, "short", &client()).await;
    assert!(matches!(short, Err(Error::PasswordTooShort)));
    let (_, session) = identity.change_password(&caller, PASSWORD, "next password", &client()).await.unwrap();
    for old in [&first, &second] {
        assert_eq!(identity.authenticate_session(old).await.unwrap(), None);
    }
    assert!(identity.authenticate_session(session.secret.expose()).await.unwrap().is_some());
    assert!(matches!(identity.login("alice", PASSWORD, None, &client()).await, Err(Error::InvalidCredentials)));
    assert_eq!(identity.recheck(&caller).await.unwrap(), None);
}

async fn v28_a_disabled_or_removed_user_is_out_at_once(store: Store) {
    let identity = store.identity().await;
    identity.create_user(&root(), "owner", Role::Owner, PASSWORD).await.unwrap();
    for end in ["disable", "delete"] {
        let (caller, secret) = signed_in(&identity, "alice", Role::Admin).await;
        let token = identity.create_token(&caller, None, "ci", None).await.unwrap();
        assert!(identity.authenticate_token(&token.wire, &client()).await.unwrap().is_some());
        let mut changes = identity.changes();
        changes.mark_unchanged();
        if end == "disable" {
            identity.set_disabled(&root(), "alice", true).await.unwrap();
            let login = identity.login("alice", PASSWORD, None, &client()).await;
            assert!(matches!(login, Err(Error::InvalidCredentials)));
        } else {
            identity.delete_user(&root(), "alice").await.unwrap();
        }
        assert!(changes.has_changed().unwrap());
        assert_eq!(identity.authenticate_session(&secret).await.unwrap(), None, "{end}");
        assert_eq!(identity.authenticate_token(&token.wire, &client()).await.unwrap(), None, "{end}");
        assert_eq!(identity.recheck(&caller).await.unwrap(), None, "{end}");
        if end == "disable" {
            identity.set_disabled(&root(), "alice", false).await.unwrap();
            // The token was silenced, not revoked; the session is gone for good.
            assert!(identity.authenticate_token(&token.wire, &client()).await.unwrap().is_some());
            assert_eq!(identity.authenticate_session(&secret).await.unwrap(), None);
            identity.delete_user(&root(), "alice").await.unwrap();
        }
    }
    assert_eq!(identity.list_tokens().await.unwrap(), []);
}

async fn v28_a_demotion_takes_effect_at_once(store: Store) {
    let identity = store.identity().await;
    let (caller, secret) = signed_in(&identity, "alice", Role::Admin).await;
    let token = identity.create_token(&caller, None, "ci", None).await.unwrap();
    assert_eq!(identity.authenticate_token(&token.wire, &client()).await.unwrap().unwrap().role, Role::Admin);
    identity.set_role(&root(), "alice", Role::Viewer).await.unwrap();
    assert_eq!(identity.authenticate_session(&secret).await.unwrap().unwrap().role, Role::Viewer);
    assert_eq!(identity.authenticate_token(&token.wire, &client()).await.unwrap().unwrap().role, Role::Viewer);
    assert_eq!(identity.recheck(&caller).await.unwrap().unwrap().role, Role::Viewer);
}

fn code_of(secret: &str, store: &Store) -> String {
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(secret).unwrap())
        .with_account_name("alice")
        .build()
        .unwrap();
    totp.generate(store.now().as_second().try_into().unwrap()).to_string()
}

async fn the_second_factor_is_set_up_asked_for_and_turned_off(store: Store) {
    let identity = store.identity().await;
    let (caller, _) = signed_in(&identity, "alice", Role::Admin).await;
    assert!(matches!(identity.confirm_totp(&caller, "123456").await, Err(Error::TotpNotEnrolled)));
    let enrolment = identity.begin_totp(&caller).await.unwrap();
    assert!(enrolment.url.starts_with("otpauth://totp/Plenum") && enrolment.url.contains(&enrolment.secret));
    assert!(!format!("{enrolment:?}").contains(&enrolment.secret));
    // Not needed before it is confirmed, so nobody locks themselves out.
    sign_in(&identity, "alice", PASSWORD).await;
    assert!(matches!(identity.confirm_totp(&caller, "000000").await, Err(Error::TotpInvalid)));
    identity.confirm_totp(&caller, &code_of(&enrolment.secret, &store)).await.unwrap();
    assert!(identity.user("alice").await.unwrap().totp);

    let login = async |code: Option<&str>| identity.login("alice", PASSWORD, code, &client()).await.map(drop);
    assert!(matches!(login(None).await, Err(Error::TotpRequired)));
    assert!(matches!(login(Some("")).await, Err(Error::TotpRequired)));
    // The code that confirmed it was used.
    assert!(matches!(login(Some(&code_of(&enrolment.secret, &store))).await, Err(Error::TotpInvalid)));
    store.advance(jiff::SignedDuration::from_secs(30));
    let code = code_of(&enrolment.secret, &store);
    assert!(matches!(
        identity.login("alice", "wrong one", Some(&code), &client()).await,
        Err(Error::InvalidCredentials)
    ));
    login(Some(&code)).await.unwrap();
    assert!(matches!(login(Some(&code)).await, Err(Error::TotpInvalid)));

    assert!(matches!(identity.disable_totp(&caller, "wrong one").await, Err(Error::CurrentPasswordIncorrect)));
    identity.disable_totp(&caller, PASSWORD).await.unwrap();
    login(None).await.unwrap();
}

async fn f15_a_code_is_accepted_once_even_if_the_clock_jumps_back(store: Store) {
    let identity = store.identity().await;
    let (caller, _) = signed_in(&identity, "alice", Role::Admin).await;
    let enrolment = identity.begin_totp(&caller).await.unwrap();
    identity.confirm_totp(&caller, &code_of(&enrolment.secret, &store)).await.unwrap();
    store.advance(jiff::SignedDuration::from_secs(60));
    let code = code_of(&enrolment.secret, &store);
    identity.login("alice", PASSWORD, Some(&code), &client()).await.unwrap();
    store.advance(jiff::SignedDuration::from_secs(-30));
    for code in [&code, &code_of(&enrolment.secret, &store)] {
        assert!(matches!(identity.login("alice", PASSWORD, Some(code), &client()).await, Err(Error::TotpInvalid)));
    }
    // Two at the same moment with one code: one gets in.
    store.advance(jiff::SignedDuration::from_secs(90));
    let code = code_of(&enrolment.secret, &store);
    let attempt = |identity: Identity, code: String| {
        tokio::spawn(async move { identity.login("alice", PASSWORD, Some(&code), &client()).await.is_ok() })
    };
    let (one, two) = (attempt(identity.clone(), code.clone()), attempt(identity.clone(), code));
    assert_eq!(u8::from(one.await.unwrap()) + u8::from(two.await.unwrap()), 1);
}

async fn an_unknown_user_costs_as_much_as_a_known_one(store: Store) {
    let identity = store.identity().await;
    identity.create_user(&root(), "alice", Role::Admin, PASSWORD).await.unwrap();
    let mut took = [std::time::Duration::MAX; 2];
    for _ in 0..5 {
        for (took, name) in took.iter_mut().zip(["alice", "nobody"]) {
            let started = std::time::Instant::now();
            let result = identity.login(name, "wrong password", None, &client()).await;
            assert!(matches!(result, Err(Error::InvalidCredentials)));
            *took = (*took).min(started.elapsed());
        }
    }
    let ratio = took[0].as_secs_f64() / took[1].as_secs_f64();
    assert!((0.4..2.5).contains(&ratio), "{took:?}");
    let rows = audit::list(&store.db, &Query { category: Some("auth".to_owned()), ..Query::default() }).await.unwrap();
    assert!(rows.iter().all(|row| row.outcome == "fail" && row.details.as_ref().unwrap()["ip"] == "192.0.2.7"));
}
