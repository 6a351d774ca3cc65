//! A mesh without DNS and Caddy, and clients that sign, for the tests.
