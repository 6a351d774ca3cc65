//! The daemon and its command line: parse, build, serve, drain.

mod cli;
mod client;
mod config_layers;
mod listen;
mod local;
mod mesh_listen;
mod serve;
mod ui;
mod welcome;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

/// The system's allocator keeps an arena for every few threads and gives little back; see decision 2.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    // One provider for every TLS user of the process; a second installation would be a programming error.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return cli::fail("the TLS provider was installed twice");
    }
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(cli::worker_threads()).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return cli::fail(&format!("cannot start the runtime: {error}")),
        };
    runtime.block_on(cli::run(arguments))
}
