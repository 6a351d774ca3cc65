//! Facts of one installation that are not part of the document.

use platform::{
    db::{Db, Tx},
    on_db,
};

use super::StoreError;

/// The names of all settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settings {
    /// The port on loopback where the daemon answers for the first document's backend.
    WelcomePort,
    /// `yes` while HAProxy is stopped on purpose.
    HaproxyStopped,
    /// What a change over the admin socket is about to touch (JSON); empty when none is under way.
    Intent,
}

impl Settings {
    fn name(self) -> &'static str {
        match self {
            Settings::WelcomePort => "welcome.port",
            Settings::HaproxyStopped => "haproxy.stopped",
            Settings::Intent => "apply.intent",
        }
    }

    /// The value, if one was ever set.
    pub async fn get(self, db: &Db) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = on_db!(db, c => {
            sqlx::query_as("SELECT value FROM edge_settings WHERE name = $1").bind(self.name()).fetch_optional(c).await
        })?;
        Ok(row.map(|(value,)| value))
    }

    /// Sets the value.
    pub async fn set(self, tx: &mut Tx, value: &str) -> Result<(), StoreError> {
        on_db!(tx, c => {
            sqlx::query("INSERT INTO edge_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                .bind(self.name())
                .bind(value)
                .execute(c)
                .await?;
        });
        Ok(())
    }
}
