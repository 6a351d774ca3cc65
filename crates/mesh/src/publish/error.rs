use std::sync::Arc;

use crate::ca::CaError;

/// Why what should be could not be put in place.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    #[error("{0}")]
    Store(Arc<platform::db::Error>),
    #[error("{0}")]
    Ca(Arc<CaError>),
    #[error("DNS: {0}")]
    Dns(Arc<dns::Error>),
    #[error("{0}")]
    Caddy(Arc<caddy::Error>),
    #[error("Caddy's access log cannot be read: {0}")]
    AccessLog(Arc<std::io::Error>),
}

impl From<platform::db::Error> for PublishError {
    fn from(error: platform::db::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}
impl From<CaError> for PublishError {
    fn from(error: CaError) -> Self {
        Self::Ca(Arc::new(error))
    }
}
impl From<dns::Error> for PublishError {
    fn from(error: dns::Error) -> Self {
        Self::Dns(Arc::new(error))
    }
}
impl From<caddy::Error> for PublishError {
    fn from(error: caddy::Error) -> Self {
        Self::Caddy(Arc::new(error))
    }
}

impl PublishError {
    /// Whether Caddy is not there, and not that it said no.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Caddy(error) if error.is_absent() || matches!(**error, caddy::Error::Start { .. } | caddy::Error::Program { .. }))
    }
}
