//! The rendered texts as a caller may see them: what lies on disk, and what the stored document renders to.

use platform::http::error::Error;

use crate::{
    apply::{
        Engine,
        generation::{CONFIG_FILE, KEEPALIVED_FILE},
    },
    render,
};

/// The configuration file as it lies on disk. Masking knows only what Plenum rendered, so an edited file is for admins.
pub(super) async fn config_on_disk(engine: &Engine, secrets: bool) -> Result<String, Error> {
    let text = file_on_disk(engine, CONFIG_FILE).await?;
    if secrets {
        return Ok(text);
    }
    let live = engine.live().filter(|live| live.cfg() == text);
    let live = live.ok_or_else(|| edited(CONFIG_FILE))?;
    Ok(render::mask(&live.document, &text))
}

/// What the stored document renders to.
pub(super) fn config_of_state(engine: &Engine, secrets: bool) -> Result<String, Error> {
    let live = engine.live().ok_or_else(no_document)?;
    Ok(if secrets { live.cfg().to_owned() } else { render::mask(&live.document, live.cfg()) })
}

/// keepalived's configuration as it lies on disk.
pub(super) async fn keepalived_on_disk(engine: &Engine, secrets: bool) -> Result<String, Error> {
    let text = file_on_disk(engine, KEEPALIVED_FILE).await?;
    match engine.live() {
        _ if secrets => Ok(text),
        Some(live) if live.keepalived.as_ref() != Some(&text) => Err(edited(KEEPALIVED_FILE)),
        Some(_) => Ok(without_passwords(&text)),
        None => Err(no_document()),
    }
}

fn no_document() -> Error {
    Error::conflict("haproxy.cfg.stateNotInitialized", "there is no document yet; PUT one")
}

fn edited(name: &str) -> Error {
    Error::conflict(
        "haproxy.cfg.edited",
        format!("{name} on disk is not what Plenum rendered; only an admin may see it"),
    )
}

/// keepalived's text with the passwords of its instances masked; they stand alone on their lines.
fn without_passwords(text: &str) -> String {
    let mask = |line: &str| match line.split_once("auth_pass") {
        Some((before, _)) => format!("{before}auth_pass ***\n"),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(mask).collect()
}

async fn file_on_disk(engine: &Engine, name: &str) -> Result<String, Error> {
    let missing = || Error::not_found("haproxy.cfg.notFound", format!("there is no {name} on disk"));
    let generation = engine.generations().current().ok_or_else(missing)?;
    match tokio::fs::read_to_string(engine.generations().dir(generation).join(name)).await {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
        Err(error) => Err(Error::internal(error)),
    }
}
