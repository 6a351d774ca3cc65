//! What happens without a client asking: validations that a restart interrupted go on, what has run out is put away, and an
//! operator revokes.

use super::{FORGET, validation};
use crate::Mesh;
use crate::registry::Refusal;
use crate::store::acme as store;

/// Why: nobody said (RFC 5280 section 5.3.1).
const UNSPECIFIED: u8 = 0;

impl Mesh {
    /// Revokes a certificate by an operator's word; tells its names.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is none, or it is revoked already.
    pub async fn revoke_acme(&self, actor: &str, serial: &str) -> Result<Vec<String>, Refusal> {
        let unknown = || Refusal::Unknown(serial.to_owned());
        let found = store::certificate(&self.db, serial).await?.ok_or_else(unknown)?;
        let mut tx = self.db.begin().await?;
        if !store::revoke_certificate(&mut tx, serial, UNSPECIFIED).await? {
            return Err(unknown());
        }
        super::revoke::note(&mut tx, actor, &found, UNSPECIFIED).await?;
        tx.commit().await?;
        Ok(found.names)
    }

    /// Goes on with interrupted validations and puts away what has run out; tells how many orders were forgotten.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tend_acme(&self) -> Result<u64, Refusal> {
        for id in store::processing(&self.db).await? {
            validation::begin(self, &id).map_err(crate::ca::CaError::from)?;
        }
        let now = self.clock.now();
        let forget = now.checked_sub(FORGET).unwrap_or(now);
        if !store::overdue(&self.db, forget).await? {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        let forgotten = store::tidy(&mut tx, forget).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
