//! Secrets at rest: sealed strings and the key file that opens them.
//!
//! The key lies beside the database in a file of its own (0600), never in it, so that a copy of the database gives nothing
//! away. A sealed value is text, `sealed:v1:<key id>:<base64>`, bound to the place it was made for by `aad`: moved to
//! another row it does not open. Deterministic sealing, for leaves of documents, gives the same text for the same secret
//! in the same place; it tells an onlooker that a value did not change, and nothing more.
//!
//! Nothing here serialises or prints key material, and the key is wiped when the vault goes.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::db::{self, Db};
use crate::{files, on_db};

/// The name of the key file in the data directory.
pub const KEY_FILE: &str = "secret.key";
/// How every sealed value begins.
pub const SEALED_PREFIX: &str = "sealed:v1:";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const PROBE: &str = "plenum";
const PROBE_AAD: &str = "vault.probe";

/// Why the vault cannot be opened. The daemon does not start then.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key is gone.
    #[error(
        "the key file {file} is missing, but the database holds secrets sealed with key {key_id}. Restore the file from \
         the backup; without it those secrets are lost"
    )]
    Missing {
        /// The key file.
        file: PathBuf,
        /// Which key it held.
        key_id: String,
    },
    /// It is not the key that sealed the database's secrets.
    #[error(
        "the key file {file} holds key {found}, but the database's secrets are sealed with key {key_id}. Restore the key \
         file that belongs to this database"
    )]
    Wrong {
        /// The key file.
        file: PathBuf,
        /// Which key it holds.
        found: String,
        /// Which key is needed.
        key_id: String,
    },
    /// It is no usable key.
    #[error("the key file {file} is not usable: {why}")]
    Unusable {
        /// The key file.
        file: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The database failed.
    #[error("the database could not tell which key it needs")]
    Database(#[from] db::Error),
    /// There is no randomness.
    #[error("the operating system gave no random bytes")]
    Random(#[from] getrandom::Error),
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It does not look like a sealed value.
    #[error("this is not a sealed value")]
    NotSealed,
    /// It was sealed with another key.
    #[error("this value was sealed with key {0}, which is not the key in use")]
    OtherKey(String),
    /// It was changed, or it belongs elsewhere.
    #[error("this sealed value was changed, or moved from where it belongs")]
    Changed,
}

/// Seals and opens secrets. Share it by `Arc`.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    nonce_key: NonceKey,
    key_id: String,
}

#[derive(Zeroize, ZeroizeOnDrop)]
struct NonceKey([u8; KEY_BYTES]);

impl Vault {
    /// Opens the key file of `data_dir`, makes it on the first start, and checks it against the database.
    pub async fn load(data_dir: &Path, db: &Db) -> Result<Self, VaultError> {
        let file = data_dir.join(KEY_FILE);
        let known: Option<(String, String)> = on_db!(db, c =>
            sqlx::query_as("SELECT key_id, probe FROM vault WHERE id = 1").fetch_optional(c).await.map_err(db::Error::from))?;
        let Some((key_id, probe)) = known else {
            // The key is on disk before the database says that it needs one.
            let vault = match read_key(&file)? {
                Some(key) => Self::from_key(&key),
                None => Self::from_key(&*make_key(&file)?),
            };
            let probe = vault.seal(PROBE_AAD, PROBE)?;
            let mut tx = db.begin().await?;
            on_db!(tx, c => {
                sqlx::query("INSERT INTO vault (id, key_id, probe) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING")
                    .bind(&vault.key_id).bind(probe).execute(c).await.map_err(db::Error::from)?;
            });
            tx.commit().await?;
            // Another node of a shared database may have been first, with a key of its own.
            let first: String = on_db!(db, c =>
                sqlx::query_scalar("SELECT key_id FROM vault WHERE id = 1").fetch_one(c).await.map_err(db::Error::from))?;
            if first != vault.key_id {
                return Err(VaultError::Wrong { file, found: vault.key_id, key_id: first });
            }
            return Ok(vault);
        };
        let Some(key) = read_key(&file)? else {
            return Err(VaultError::Missing { file, key_id });
        };
        let vault = Self::from_key(&key);
        if vault.key_id != key_id || vault.open(PROBE_AAD, &probe).is_err() {
            return Err(VaultError::Wrong { file, found: vault.key_id, key_id });
        }
        Ok(vault)
    }

    /// A vault over a given key; for tests and tools that hold the key themselves.
    pub fn from_key(key: &[u8; KEY_BYTES]) -> Self {
        let sealing = Zeroizing::new(derive(key, b"plenum.seal.v1"));
        Self {
            cipher: XChaCha20Poly1305::new((&*sealing).into()),
            nonce_key: NonceKey(derive(key, b"plenum.nonce.v1")),
            key_id: hex::encode(&derive(key, b"plenum.key-id.v1")[..4]),
        }
    }

    /// Which key is in use: eight hex digits that tell nothing about it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals `clear` for the place `aad`; each call gives another text.
    pub fn seal(&self, aad: &str, clear: &str) -> Result<String, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        Ok(self.seal_with(nonce, aad, clear))
    }

    /// Seals `clear` for the place `aad`; the same secret in the same place gives the same text.
    pub fn seal_deterministic(&self, aad: &str, clear: &str) -> String {
        let mut mac = keyed(&self.nonce_key.0);
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        mac.update(&(aad.len() as u64).to_be_bytes());
        mac.update(aad.as_bytes());
        mac.update(clear.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&digest[..NONCE_BYTES]);
        self.seal_with(nonce, aad, clear)
    }

    fn seal_with(&self, nonce: [u8; NONCE_BYTES], aad: &str, clear: &str) -> String {
        let payload = Payload { msg: clear.as_bytes(), aad: aad.as_bytes() };
        #[expect(
            clippy::expect_used,
            reason = "fails only for texts of 256 GiB; losing a secret quietly would be worse"
        )]
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("the secret is shorter than 256 GiB");
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        format!("{SEALED_PREFIX}{}:{}", self.key_id, BASE64.encode(bytes))
    }

    /// Opens a sealed value that was made for the place `aad`.
    pub fn open(&self, aad: &str, sealed: &str) -> Result<Zeroizing<String>, OpenError> {
        let rest = sealed.strip_prefix(SEALED_PREFIX).ok_or(OpenError::NotSealed)?;
        let (key_id, text) = rest.split_once(':').ok_or(OpenError::NotSealed)?;
        if key_id != self.key_id {
            let is_id = key_id.len() == 8 && key_id.bytes().all(|b| b.is_ascii_hexdigit());
            return Err(if is_id { OpenError::OtherKey(key_id.to_owned()) } else { OpenError::NotSealed });
        }
        let bytes = BASE64.decode(text).map_err(|_| OpenError::NotSealed)?;
        let (nonce, message) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError::NotSealed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| OpenError::NotSealed)?;
        let clear = self
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: message, aad: aad.as_bytes() })
            .map_err(|_| OpenError::Changed)?;
        String::from_utf8(clear).map(Zeroizing::new).map_err(|error| {
            error.into_bytes().zeroize();
            OpenError::Changed
        })
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // Filling a short key up with zeros to the block size is what HMAC itself does.
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_BYTES].copy_from_slice(key);
    <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into())
}

fn derive(key: &[u8; KEY_BYTES], purpose: &[u8]) -> [u8; KEY_BYTES] {
    let mut mac = keyed(key);
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

/// Reads the key; `None` when there is no file. A file that others may read is refused, not repaired: the key may be known.
fn read_key(path: &Path) -> Result<Option<Zeroizing<[u8; KEY_BYTES]>>, VaultError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(files::Error::new("read", path, error).into()),
    };
    let fail = |source| VaultError::File(files::Error::new("read", path, source));
    let unusable = |why| VaultError::Unusable { file: path.to_owned(), why };
    if file.metadata().map_err(fail)?.mode() & 0o077 != 0 {
        return Err(unusable("others may read it; run chmod 600 on it, and replace the secrets if it was exposed"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    Read::take(&mut file, KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    let key: [u8; KEY_BYTES] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| unusable("it must hold exactly 32 bytes; restore it from the backup"))?;
    if key.iter().all(|byte| *byte == key[0]) {
        return Err(unusable("it holds no random key"));
    }
    Ok(Some(Zeroizing::new(key)))
}

fn make_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice())?;
    files::write_atomic(path, key.as_slice(), 0o600)?;
    Ok(key)
}
