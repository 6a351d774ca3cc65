//! The edge area: one state document becomes a running HAProxy, or nothing changes.
//!
//! [`state`] is the document, [`render`] turns it into configuration text, [`apply`] is the one way to change what runs,
//! [`store`] keeps the history, [`http`] offers all of it. See `ARCHITECTURE.md` for the walk of one change.

pub mod apply;
mod control;
pub mod first;
pub mod http;
pub mod probe;
pub mod render;
pub mod state;
pub mod status;
pub mod store;

use std::sync::Arc;

/// The area, as its handlers see it.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Applies changes and knows what is live.
    pub engine: Arc<apply::Engine>,
}
