//! Passwords: argon2id in the standard text form, bounded in memory, and at the same cost whether a user exists or not.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Error;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Hashes at one time: each takes its memory, and a flood of logins must not take all of it.
const AT_ONCE: usize = 2;
/// From this size on the C library's allocator always maps memory by itself and gives it back when it is freed. Smaller
/// blocks would stay with the process after the first login. Only what is used of it becomes resident.
const RESERVED_BYTES: usize = 33 * 1024 * 1024;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    // Checked for unknown users, so that they take as long as known ones.
    nobody: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> Result<Self, Error> {
        let mut unknown = [0; HASH_BYTES];
        getrandom::fill(&mut unknown)?;
        let nobody = encode(MEMORY_KIB, PASSES, LANES, &unknown[..SALT_BYTES], &unknown);
        Ok(Self { turn: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() })
    }

    /// Hashes a password that [`check_length`] has accepted.
    pub(super) async fn hash(&self, password: &str) -> Result<String, Error> {
        let password = Zeroizing::new(password.to_owned());
        self.in_turn(move || {
            let mut salt = [0; SALT_BYTES];
            getrandom::fill(&mut salt)?;
            let hash = compute(&password, &salt, MEMORY_KIB, PASSES, LANES)?;
            Ok(encode(MEMORY_KIB, PASSES, LANES, &salt, &hash[..]))
        })
        .await
    }

    /// Checks a password against a stored hash, or against nobody's: then the answer is no, after the same work.
    pub(super) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let password = Zeroizing::new(password.to_owned());
        let same = self
            .in_turn(move || {
                let known = decode(&stored).ok_or(Error::Unusable("a password hash is malformed"))?;
                let computed = compute(&password, &known.salt, known.memory, known.passes, known.lanes)?;
                Ok(bool::from(computed.as_slice().ct_eq(&known.hash)))
            })
            .await?;
        Ok(same && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work and not by the caller, who may go away while the memory is still in use.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Error::Unusable("hashing was interrupted"))?
    }
}

/// The rule for new passwords.
pub(super) fn check_length(password: &str) -> Result<(), Error> {
    match password.chars().count() {
        ..8 => Err(Error::PasswordTooShort),
        8..=256 => Ok(()),
        _ => Err(Error::PasswordTooLong),
    }
}

/// A hash with what it was made with.
struct Hashed {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

fn compute(
    password: &str,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<Zeroizing<[u8; HASH_BYTES]>, Error> {
    let unusable = |_| Error::Unusable("a password hash has unusable parameters");
    let params = Params::new(memory, passes, lanes, Some(HASH_BYTES)).map_err(unusable)?;
    let count = params.block_count();
    let mut blocks: Vec<Block> = Vec::with_capacity(count.max(RESERVED_BYTES / Block::SIZE));
    blocks.resize(count, Block::new());
    let mut out = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, out.as_mut_slice(), blocks.as_mut_slice())
        .map_err(unusable)?;
    Ok(out)
}

fn encode(memory: u32, passes: u32, lanes: u32, salt: &[u8], hash: &[u8]) -> String {
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", BASE64.encode(salt), BASE64.encode(hash))
}

fn decode(text: &str) -> Option<Hashed> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (params, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut params = params.split(',');
    let memory = params.next()?.strip_prefix("m=")?.parse().ok()?;
    let passes = params.next()?.strip_prefix("t=")?.parse().ok()?;
    let lanes = params.next()?.strip_prefix("p=")?.parse().ok()?;
    let (salt, hash) = (BASE64.decode(salt).ok()?, BASE64.decode(hash).ok()?);
    // A stored hash must not be able to ask for the whole machine.
    let bounded = memory <= 1024 * 1024 && passes <= 16 && lanes <= 16 && hash.len() == HASH_BYTES;
    bounded.then_some(Hashed { memory, passes, lanes, salt, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_others_are_not() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse", Some(&stored)).await.unwrap());
        assert!(!passwords.verify("correct horsf", Some(&stored)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert_ne!(stored, passwords.hash("correct horse").await.unwrap());
    }

    #[tokio::test]
    async fn hashes_of_other_programs_are_read() {
        // From the reference implementation: argon2id, m=256, t=2, p=1, "password", "somesalt".
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let passwords = Passwords::new().unwrap();
        assert!(passwords.verify("password", Some(stored)).await.unwrap());
        assert!(!passwords.verify("Password", Some(stored)).await.unwrap());
    }

    #[test]
    fn malformed_hashes_are_refused() {
        for text in ["", "$argon2i$v=19$m=1,t=1,p=1$c29tZXNhbHQ$YQ", "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$YQ"]
        {
            assert!(decode(text).is_none(), "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(matches!(check_length("1234567"), Err(Error::PasswordTooShort)));
        assert!(check_length("äöüäöüäö").is_ok());
        assert!(check_length(&"x".repeat(256)).is_ok());
        assert!(matches!(check_length(&"x".repeat(257)), Err(Error::PasswordTooLong)));
    }
}
