use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use platform::secrets::{KEY_FILE, OpenError, SEALED_PREFIX, Vault, VaultError};
use plenum_platform as platform;

use crate::kit::Store;

conformance! {
    the_key_is_made_once_and_found_again,
    v9_a_missing_key_is_refused,
    v9_a_wrong_key_is_refused,
    v9_unusable_keys_are_refused,
    v9_a_crash_between_key_and_row_is_survived,
}

fn put_key(directory: &Path, bytes: &[u8], mode: u32) {
    let file = directory.join(KEY_FILE);
    std::fs::write(&file, bytes).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
}

async fn the_key_is_made_once_and_found_again(mut store: Store) {
    let sealed = Vault::load(store.path(), &store.db).await.unwrap().seal("place", "s3cret").unwrap();
    let file = store.path().join(KEY_FILE);
    let metadata = file.metadata().unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (32, 0o600));
    let key = std::fs::read(&file).unwrap();
    store.restart().await;
    let vault = Vault::load(store.path(), &store.db).await.unwrap();
    assert_eq!(*vault.open("place", &sealed).unwrap(), "s3cret");
    assert_eq!(std::fs::read(&file).unwrap(), key);
}

async fn v9_a_missing_key_is_refused(store: Store) {
    let key_id = Vault::load(store.path(), &store.db).await.unwrap().key_id().to_owned();
    std::fs::remove_file(store.path().join(KEY_FILE)).unwrap();
    let error = Vault::load(store.path(), &store.db).await.err().unwrap();
    assert!(matches!(error, VaultError::Missing { .. }));
    let text = error.to_string();
    assert!(text.contains("secret.key") && text.contains(&key_id) && text.contains("backup"), "{text}");
    assert!(!store.path().join(KEY_FILE).exists(), "a new key must not take its place");
}

async fn v9_a_wrong_key_is_refused(store: Store) {
    Vault::load(store.path(), &store.db).await.unwrap();
    let other: Vec<u8> = (0..32).collect();
    put_key(store.path(), &other, 0o600);
    let error = Vault::load(store.path(), &store.db).await.err().unwrap();
    assert!(matches!(error, VaultError::Wrong { .. }), "{error}");
    assert_eq!(std::fs::read(store.path().join(KEY_FILE)).unwrap(), other);
}

async fn v9_unusable_keys_are_refused(store: Store) {
    let good = {
        Vault::load(store.path(), &store.db).await.unwrap();
        std::fs::read(store.path().join(KEY_FILE)).unwrap()
    };
    for (bytes, mode, why) in [
        (&good[..31], 0o600, "exactly 32 bytes"),
        (&[&good[..], b"\n"].concat(), 0o600, "exactly 32 bytes"),
        (b"", 0o600, "exactly 32 bytes"),
        (&[0; 32], 0o600, "no random key"),
        (&good, 0o644, "others may read it"),
        (&good, 0o640, "others may read it"),
    ] {
        put_key(store.path(), bytes, mode);
        let error = Vault::load(store.path(), &store.db).await.err().unwrap().to_string();
        assert!(error.contains(why) && error.contains("secret.key"), "{error}");
    }
    put_key(store.path(), &good, 0o600);
    Vault::load(store.path(), &store.db).await.unwrap();
}

async fn v9_a_crash_between_key_and_row_is_survived(store: Store) {
    let bytes: Vec<u8> = (100..132).collect();
    put_key(store.path(), &bytes, 0o600);
    let vault = Vault::load(store.path(), &store.db).await.unwrap();
    assert_eq!(Vault::load(store.path(), &store.db).await.unwrap().key_id(), vault.key_id());
    assert_eq!(std::fs::read(store.path().join(KEY_FILE)).unwrap(), bytes);
}

#[tokio::test]
async fn v9_two_installations_share_nothing() {
    let (one, two) = (Store::sqlite().await, Store::sqlite().await);
    let (a, b) = (one.identity().await, two.identity().await);
    let tokens = (a.prepare_setup().await.unwrap().unwrap(), b.prepare_setup().await.unwrap().unwrap());
    assert_ne!(tokens.0, tokens.1);
    let keys = (std::fs::read(one.path().join(KEY_FILE)).unwrap(), std::fs::read(two.path().join(KEY_FILE)).unwrap());
    assert_ne!(keys.0, keys.1);
    let sealed = Vault::load(one.path(), &one.db).await.unwrap().seal("place", "s3cret").unwrap();
    let other = Vault::load(two.path(), &two.db).await.unwrap();
    assert!(matches!(other.open("place", &sealed), Err(OpenError::OtherKey(_))));
}

#[test]
fn a_sealed_value_opens_only_where_it_belongs_and_unchanged() {
    let vault = Vault::from_key(&[7; 32]);
    let sealed = vault.seal("row 1", "pässword").unwrap();
    assert!(sealed.starts_with(&format!("{SEALED_PREFIX}{}:", vault.key_id())) && !sealed.contains("word"));
    assert_eq!(*vault.open("row 1", &sealed).unwrap(), "pässword");
    assert_eq!(vault.open("row 2", &sealed).unwrap_err(), OpenError::Changed);
    let (head, body) = sealed.rsplit_once(':').unwrap();
    let first = if body.starts_with('A') { "B" } else { "A" };
    assert_eq!(vault.open("row 1", &format!("{head}:{first}{}", &body[1..])).unwrap_err(), OpenError::Changed);
    for bad in ["", "pässword", "sealed:v1:", "sealed:v1:x:y", &format!("{head}:"), &format!("{head}:AAAA"), head] {
        assert_eq!(vault.open("row 1", bad).unwrap_err(), OpenError::NotSealed, "{bad}");
    }
    let other = Vault::from_key(&[8; 32]);
    assert_eq!(other.open("row 1", &sealed).unwrap_err(), OpenError::OtherKey(vault.key_id().to_owned()));
}

#[test]
fn deterministic_sealing_depends_on_key_place_and_text_only() {
    let vault = Vault::from_key(&[7; 32]);
    let sealed = vault.seal_deterministic("ab", "c");
    assert_eq!(sealed, Vault::from_key(&[7; 32]).seal_deterministic("ab", "c"));
    assert_eq!(*vault.open("ab", &sealed).unwrap(), "c");
    let others = [
        vault.seal_deterministic("a", "bc"),
        vault.seal_deterministic("ab", "d"),
        Vault::from_key(&[8; 32]).seal_deterministic("ab", "c"),
    ];
    assert!(others.iter().all(|other| *other != sealed));
    assert_ne!(vault.seal("ab", "c").unwrap(), vault.seal("ab", "c").unwrap());
    assert_eq!(*vault.open("", &vault.seal_deterministic("", "")).unwrap(), "");
}
