//! Structured logs on standard error, readable or JSON, with a level that can be changed while running.
//!
//! What is never logged: bodies, query strings, cookies, authorization headers. A panic is reported with its place; its
//! message only when it is a literal of the program, because a formatted one may hold data.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::Arc;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::{LogFormat, LogLevel, Logging};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("logging has been set up already")]
    Already(#[from] tracing::subscriber::SetGlobalDefaultError),
    #[error("the log filter cannot be changed")]
    Reload(#[from] reload::Error),
}

/// Changes the level of a running log.
#[derive(Clone)]
pub struct LevelHandle(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LevelHandle {
    /// Applies another level at once.
    ///
    /// # Errors
    /// When the log has been shut down.
    pub fn set(&self, level: LogLevel) -> Result<(), Error> {
        Ok((self.0)(filter(level))?)
    }
}

impl std::fmt::Debug for LevelHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LevelHandle")
    }
}

/// Sends the process's log to standard error and panics to the log.
///
/// # Errors
/// When it has been called before.
pub fn install(logging: &Logging) -> Result<LevelHandle, Error> {
    let (subscriber, handle) = subscriber(logging, std::io::stderr, std::io::stderr().is_terminal());
    tracing::subscriber::set_global_default(subscriber)?;
    std::panic::set_hook(Box::new(report_panic));
    Ok(handle)
}

/// The same subscriber over any writer; tests read what it wrote.
pub fn subscriber<W>(
    logging: &Logging,
    writer: W,
    colour: bool,
) -> (impl tracing::Subscriber + Send + Sync + use<W>, LevelHandle)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, reload) = reload::Layer::<EnvFilter, Registry>::new(filter(logging.level));
    let output = tracing_subscriber::fmt::layer().with_writer(writer).with_target(true);
    let output: Box<dyn Layer<_> + Send + Sync> = match logging.format {
        LogFormat::Pretty => Box::new(output.with_ansi(colour)),
        LogFormat::Json => Box::new(output.json().flatten_event(true).with_span_list(false)),
    };
    let handle = LevelHandle(Arc::new(move |filter| reload.reload(filter)));
    (Registry::default().with(filter).with(output), handle)
}

/// Our own crates at the level asked for; libraries no lower than warnings unless everything is traced, because some of
/// them log what they send.
fn filter(level: LogLevel) -> EnvFilter {
    let directives = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "warn,plenum=info,plenum_platform=info,plenum_edge=info,plenum_haproxy=info",
        LogLevel::Debug => "warn,plenum=debug,plenum_platform=debug,plenum_edge=debug,plenum_haproxy=debug",
        LogLevel::Trace => "info,plenum=trace,plenum_platform=trace,plenum_edge=trace,plenum_haproxy=trace",
    };
    EnvFilter::new(directives)
}

fn report_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message withheld)");
    tracing::error!(place, message, "a panic; this is a defect of Plenum, please report it");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn json_lines_carry_fields_and_the_level_can_change() {
        let captured = Captured::default();
        let writer = captured.clone();
        let logging = Logging { format: LogFormat::Json, ..Logging::default() };
        let (subscriber, level) = subscriber(&logging, move || writer.clone(), false);
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("hidden");
            tracing::info!(answer = 42, "shown");
            level.set(LogLevel::Debug).unwrap();
            tracing::debug!("shown later");
        });
        let lines: Vec<serde_json::Value> =
            captured.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{}", captured.text());
        assert_eq!(lines[0]["message"], "shown");
        assert_eq!(lines[0]["answer"], 42);
        assert_eq!(lines[1]["message"], "shown later");
    }
}
