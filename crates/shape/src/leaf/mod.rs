//! The leaves and the containers that documents are made of.

pub(crate) mod any;
pub(crate) mod either;
pub(crate) mod formats;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod nullable;
pub(crate) mod number;
pub(crate) mod pattern;
pub(crate) mod secret;
pub(crate) mod text;
