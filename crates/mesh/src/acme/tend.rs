//! What happens without anybody asking: validations that a restart interrupted go on, and what has run out is put away.

use super::{FORGET, validation};
use crate::Mesh;
use crate::registry::Refusal;
use crate::store::acme as store;

impl Mesh {
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
