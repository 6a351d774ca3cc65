//! identity/mod
