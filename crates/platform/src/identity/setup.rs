//! The first run: a token in the data directory lets whoever can read it become the first owner, once.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::json;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::users::{check_username, insert_user};
use super::{Client, Error, Identity, NewSession, Role, User, password, random_id};
use crate::audit::{self, Entry, Outcome};
use crate::db;
use crate::{files, on_db};

/// The name of the setup token's file in the data directory.
pub const SETUP_TOKEN_FILE: &str = "setup.token";

/// Whether the first user is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupStatus {
    /// There are no users, and a token to make the first one.
    pub needs_setup: bool,
    /// There is a token.
    pub has_token: bool,
    /// How many users there are.
    pub user_count: u64,
}

impl Identity {
    /// Makes the setup token where there are no users yet, and removes a leftover one where there are. Call it at the start.
    ///
    /// Returns the token while setup is open.
    pub async fn prepare_setup(&self) -> Result<Option<Zeroizing<String>>, Error> {
        if self.user_count().await? > 0 {
            files::remove(&self.setup_file())?;
            return Ok(None);
        }
        if let Some(token) = self.setup_token()? {
            return Ok(Some(token));
        }
        let token = Zeroizing::new(random_id("", 24)?);
        let line = Zeroizing::new(format!("{}\n", *token));
        files::write_atomic(&self.setup_file(), line.as_bytes(), 0o600)?;
        Ok(Some(token))
    }

    /// The state of the first run.
    pub async fn setup_status(&self) -> Result<SetupStatus, Error> {
        let user_count = self.user_count().await?;
        let has_token = self.setup_token()?.is_some();
        Ok(SetupStatus { needs_setup: user_count == 0 && has_token, has_token, user_count })
    }

    /// Makes the first user, an owner, and signs them in. It works once: the file is removed, and a user exists.
    pub async fn complete_setup(
        &self,
        token: &str,
        username: &str,
        password: &str,
        client: &Client,
    ) -> Result<(User, NewSession), Error> {
        let entry = Entry::new("anonymous", "auth", "setup-complete").target(username);
        let refused = |reason: &str| json!({ "reason": reason, "ip": client.ip_text() });
        if self.user_count().await? > 0 {
            self.record_failure(entry.details(refused("already completed"))).await?;
            return Err(Error::SetupAlreadyCompleted);
        }
        let expected = self.setup_token()?.ok_or(Error::SetupNotAvailable)?;
        if !bool::from(expected.as_bytes().ct_eq(token.trim().as_bytes())) {
            self.record_failure(entry.details(refused("wrong setup token"))).await?;
            return Err(Error::SetupTokenInvalid);
        }
        check_username(username)?;
        password::check_length(password)?;
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let users: i64 = on_db!(tx, c => {
            sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(c).await.map_err(db::Error::from)?
        });
        if users > 0 {
            return Err(Error::SetupAlreadyCompleted);
        }
        let user = insert_user(&mut tx, username, Role::Owner, &hash).await?;
        let session = self.start_session(&mut tx, &user.id, client).await?;
        let entry = Entry { actor: user.id.clone(), ..entry };
        audit::record(&mut tx, entry.details(json!({ "ip": client.ip_text() })), Outcome::Ok).await?;
        tx.commit().await?;
        self.changed();
        crate::failpoint!("setup.committed");
        // From here on the file opens nothing; one that a crash leaves behind is removed at the next start.
        files::remove(&self.setup_file())?;
        Ok((user, session))
    }

    fn setup_file(&self) -> PathBuf {
        self.data_dir.join(SETUP_TOKEN_FILE)
    }

    fn setup_token(&self) -> Result<Option<Zeroizing<String>>, Error> {
        let file = self.setup_file();
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let token = Zeroizing::new(text.trim().to_owned());
                // A short one was put there by hand, and could be guessed.
                Ok((token.len() >= 32).then_some(token))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(files::Error::new("read", file, error).into()),
        }
    }
}
