//! The edge area: one state document becomes a running HAProxy, or nothing changes.

pub mod render;
pub mod state;
