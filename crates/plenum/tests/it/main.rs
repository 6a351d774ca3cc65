//! The whole daemon, as an operator has it, against the real HAProxy: one binary for all suites, to link once.

mod access;
mod acme;
mod cli;
mod contract;
mod crash;
mod details;
mod disk;
mod engine;
mod external;
mod first_run;
mod mesh;
mod mesh_ca;
mod mesh_cli;
mod mesh_contract;
mod mesh_dns;
mod mesh_mistakes;
mod servers;
mod snapshots;
mod support;
mod threats;
mod traffic;
mod versions;
mod watch;
mod writers;
