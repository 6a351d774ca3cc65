//! The state document.
