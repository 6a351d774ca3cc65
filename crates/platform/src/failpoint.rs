//! Named places at which a test build can be killed, delayed or made to fail.
//!
//! Without the cargo feature `failpoints` every call compiles to nothing, so a release build has no such places. With it,
//! `PLENUM_FAILPOINT` arms them, separated by commas: `name` kills the process at once (SIGKILL, so that nothing is
//! flushed or unwound), `name:3` does so at the third hit, `name=sleep(50)` delays by milliseconds and `name=error` makes
//! [`failpoint_err!`](crate::failpoint_err) return an I/O error. `name:3=error` combines the two.

/// A place to be killed or delayed at: `failpoint!("apply.after_swap")`.
#[macro_export]
macro_rules! failpoint {
    ($name:expr) => {
        $crate::failpoint::hit($name)
    };
}

/// A place that can also fail: `failpoint_err!("files.fsync")?` gives `std::io::Result<()>`.
#[macro_export]
macro_rules! failpoint_err {
    ($name:expr) => {
        $crate::failpoint::hit_err($name)
    };
}

pub use crate::{failpoint, failpoint_err};

/// Does nothing: fail points are not compiled in.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn hit(_name: &str) {}

/// Does nothing: fail points are not compiled in.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn hit_err(_name: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{hit, hit_err};

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::time::Duration;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Effect {
        Kill,
        Sleep(u64),
        Error,
    }

    #[derive(Debug, PartialEq, Eq)]
    pub(super) struct Arm {
        pub(super) at: Option<u64>,
        pub(super) effect: Effect,
    }

    // The environment is read once: fail points exist for whole-process tests, which set it before the start.
    static ARMS: OnceLock<HashMap<String, Arm>> = OnceLock::new();
    static HITS: Mutex<Option<HashMap<String, u64>>> = Mutex::new(None);

    pub(super) fn parse(text: &str) -> HashMap<String, Arm> {
        let mut arms = HashMap::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (target, effect) = match item.split_once('=') {
                None => (item, Effect::Kill),
                Some((target, "error")) => (target, Effect::Error),
                Some((target, effect)) => {
                    let millis = effect.strip_prefix("sleep(").and_then(|rest| rest.strip_suffix(')'));
                    match millis.and_then(|millis| millis.parse().ok()) {
                        Some(millis) => (target, Effect::Sleep(millis)),
                        None => {
                            tracing::error!(%item, "PLENUM_FAILPOINT has an effect that is not known; ignored");
                            continue;
                        }
                    }
                }
            };
            let (name, at) = match target.rsplit_once(':') {
                Some((name, nth)) => match nth.parse() {
                    Ok(nth) => (name, Some(nth)),
                    Err(_) => (target, None),
                },
                None => (target, None),
            };
            arms.insert(name.to_owned(), Arm { at, effect });
        }
        arms
    }

    fn due(name: &str) -> Option<Effect> {
        let arms = ARMS.get_or_init(|| parse(&std::env::var("PLENUM_FAILPOINT").unwrap_or_default()));
        let arm = arms.get(name)?;
        let mut hits = HITS.lock().unwrap_or_else(PoisonError::into_inner);
        let count = hits.get_or_insert_with(HashMap::new).entry(name.to_owned()).or_insert(0);
        *count += 1;
        match arm.at {
            Some(at) if at != *count => None,
            _ => Some(arm.effect),
        }
    }

    /// Kills or delays the process when `name` is armed.
    pub fn hit(name: &str) {
        match due(name) {
            Some(Effect::Kill) => kill(),
            Some(Effect::Sleep(millis)) => std::thread::sleep(Duration::from_millis(millis)),
            Some(Effect::Error) | None => {}
        }
    }

    /// Like [`hit`], and fails when `name` is armed with `error`.
    pub fn hit_err(name: &str) -> std::io::Result<()> {
        match due(name) {
            Some(Effect::Kill) => kill(),
            Some(Effect::Sleep(millis)) => std::thread::sleep(Duration::from_millis(millis)),
            Some(Effect::Error) => return Err(std::io::Error::other(format!("fail point {name}"))),
            None => {}
        }
        Ok(())
    }

    fn kill() {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // SIGKILL to oneself cannot be refused; should it ever be, dying is still the point of the exercise.
        if killed.is_err() {
            std::process::abort();
        }
        loop {
            std::thread::park();
        }
    }
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    use super::armed::{Arm, Effect, parse};

    #[test]
    fn every_form_is_understood() {
        let arms = parse("a, b.c:3,d=sleep(20),e=error,f:2=error,g=nonsense");
        assert_eq!(arms["a"], Arm { at: None, effect: Effect::Kill });
        assert_eq!(arms["b.c"], Arm { at: Some(3), effect: Effect::Kill });
        assert_eq!(arms["d"], Arm { at: None, effect: Effect::Sleep(20) });
        assert_eq!(arms["e"], Arm { at: None, effect: Effect::Error });
        assert_eq!(arms["f"], Arm { at: Some(2), effect: Effect::Error });
        assert!(!arms.contains_key("g"));
    }
}
