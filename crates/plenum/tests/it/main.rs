//! The whole daemon, as an operator has it, against the real HAProxy: one binary for all suites, to link once.

mod contract;
mod crash;
mod details;
mod disk;
mod engine;
mod first_run;
mod support;
mod traffic;
mod writers;
