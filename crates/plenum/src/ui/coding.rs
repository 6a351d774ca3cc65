//! Which content coding a client likes best, of those that files are built in.

use http::{HeaderMap, header};

/// A content coding (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// Smallest files first.
    pub(super) const ALL: [Coding; 2] = [Coding::Brotli, Coding::Gzip];

    /// Those that the client takes, smallest files first.
    pub(super) fn accepted(headers: &HeaderMap) -> Vec<Coding> {
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let items: Vec<(&str, bool)> = lines.flat_map(|line| line.split(',')).map(item).collect();
        let takes = |coding: &Coding| {
            let named = items.iter().find(|(name, _)| name.eq_ignore_ascii_case(coding.name()));
            let any = || items.iter().find(|(name, _)| *name == "*");
            named.or_else(any).is_some_and(|(_, taken)| *taken)
        };
        Self::ALL.into_iter().filter(takes).collect()
    }

    /// Its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// What is appended to the name of a file in it.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Coding::Brotli => ".br",
            Coding::Gzip => ".gz",
        }
    }
}

/// A coding and whether the client takes it: `q=0` says no.
fn item(text: &str) -> (&str, bool) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
    (name.trim(), weight.is_none_or(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(line: &'static str) -> Vec<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(line));
        Coding::accepted(&headers)
    }

    #[test]
    fn the_smallest_that_is_taken_comes_first() {
        assert_eq!(accepted("gzip, deflate, br"), [Coding::Brotli, Coding::Gzip]);
        assert_eq!(accepted("GZIP;q=0.5"), [Coding::Gzip]);
        assert_eq!(accepted("br;q=0, *"), [Coding::Gzip]);
        assert_eq!(accepted("*;q=0"), []);
        assert_eq!(accepted("identity"), []);
        assert_eq!(Coding::accepted(&HeaderMap::new()), []);
    }
}
