use jiff::SignedDuration;
use platform::limits::{Limits, Rule, Tier};
use plenum_platform as platform;

use crate::kit::Store;

conformance! {
    v14_sign_in_attempts_survive_a_restart,
    other_budgets_are_not_stored,
    windows_end_and_their_rows_go,
    two_nodes_count_together,
    counting_goes_on_when_the_store_is_gone,
}

const RULE: Rule = Rule { max: 5, window: SignedDuration::from_mins(15) };

async fn v14_sign_in_attempts_survive_a_restart(mut store: Store) {
    let limits = Limits::open(&store.db).await.unwrap();
    for left in (0..5).rev() {
        let decision = limits.take(Tier::Auth, "192.0.2.1", &RULE).await;
        assert_eq!((decision.allowed, decision.limit, decision.remaining), (true, 5, left));
    }
    store.restart().await;
    store.advance(SignedDuration::from_mins(5));
    let limits = Limits::open(&store.db).await.unwrap();
    let decision = limits.take(Tier::Auth, "192.0.2.1", &RULE).await;
    assert_eq!((decision.allowed, decision.remaining, decision.reset), (false, 0, 600));
    assert!(limits.take(Tier::Auth, "192.0.2.2", &RULE).await.allowed);
    store.advance(SignedDuration::from_mins(10));
    assert_eq!(limits.take(Tier::Auth, "192.0.2.1", &RULE).await.remaining, 4);
}

async fn other_budgets_are_not_stored(mut store: Store) {
    let limits = Limits::open(&store.db).await.unwrap();
    for _ in 0..9 {
        limits.take(Tier::Write, "192.0.2.1", &RULE).await;
        limits.take(Tier::Read, "192.0.2.1", &RULE).await;
    }
    assert!(!limits.take(Tier::Write, "192.0.2.1", &RULE).await.allowed);
    assert!(limits.take(Tier::Auth, "192.0.2.1", &RULE).await.allowed);
    store.restart().await;
    let limits = Limits::open(&store.db).await.unwrap();
    assert!(limits.take(Tier::Write, "192.0.2.1", &RULE).await.allowed);
}

async fn windows_end_and_their_rows_go(store: Store) {
    let limits = Limits::open(&store.db).await.unwrap();
    limits.take(Tier::Auth, "192.0.2.1", &RULE).await;
    assert_eq!(limits.remove_expired().await.unwrap(), 0);
    store.advance(SignedDuration::from_hours(25));
    assert_eq!(limits.remove_expired().await.unwrap(), 1);
}

async fn two_nodes_count_together(store: Store) {
    let one = Limits::open(&store.db).await.unwrap();
    let two = Limits::open(&store.db).await.unwrap();
    let mut allowed = 0;
    for n in 0..12 {
        let limits = if n % 2 == 0 { &one } else { &two };
        allowed += u32::from(limits.take(Tier::Auth, "192.0.2.1", &RULE).await.allowed);
    }
    assert_eq!(allowed, 5);
}

async fn counting_goes_on_when_the_store_is_gone(store: Store) {
    let limits = Limits::open(&store.db).await.unwrap();
    store.db.close().await;
    for _ in 0..5 {
        assert!(limits.take(Tier::Auth, "192.0.2.1", &RULE).await.allowed);
    }
    assert!(!limits.take(Tier::Auth, "192.0.2.1", &RULE).await.allowed);
}
