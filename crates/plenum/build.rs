//! Rebuilds a release when the web app was built anew: it is compiled in, and its directory is not ours. Other builds read it
//! from disk while they run.

fn main() {
    let release = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    println!("cargo:rerun-if-changed={}", if release { "../../web/dist" } else { "build.rs" });
}
