//! From document to configuration text.
