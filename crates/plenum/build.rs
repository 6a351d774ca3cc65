//! Rebuilds a release when the web app was built anew: it is compiled in, and its directory is not ours. Other builds read it
//! from disk while they run.

use std::{env, fs};

const DIST: &str = "../../web/dist";

fn main() {
    let release = env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    println!("cargo:rerun-if-changed={}", if release { DIST } else { "build.rs" });
    // What is read from disk later is looked for where the directory is now: one that is missing is never looked into again.
    if let Err(error) = fs::create_dir_all(DIST) {
        println!("cargo:warning=this program will have no web app: {DIST} cannot be made: {error}");
    }
}
