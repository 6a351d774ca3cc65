//! A zone as a hosts file, the form that dnsmasq reads.

use std::fmt::Write as _;

use super::Zone;

impl Zone {
    /// The lines of a hosts file, one for each address of each name. The first name of an address comes first, as it is
    /// the one that the address leads back to. A name without addresses cannot be said in a hosts file and is left out.
    ///
    /// Names hold nothing but letters, digits, `-`, `_` and dots (see [`Zone::with`]), so none can end its line.
    pub(crate) fn to_hosts(&self) -> String {
        let mut text = String::with_capacity(40 * self.len());
        for entry in self.entries() {
            for address in entry.addresses() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{address} {}", entry.name);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v3_every_line_is_an_address_and_a_name() {
        let names = [("b", vec!["10.0.0.1", "fd00::1"]), ("a", vec!["10.0.0.1"]), ("none", vec![])];
        let names = names.map(|(name, addresses)| (name, addresses.into_iter().map(|text| text.parse().unwrap())));
        let zone = Zone::of("internal", names).unwrap();
        assert_eq!(zone.to_hosts(), "10.0.0.1 b.internal\nfd00::1 b.internal\n10.0.0.1 a.internal\n");
    }
}
