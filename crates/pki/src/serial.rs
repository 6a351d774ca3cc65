//! Serial numbers of certificates (RFC 5280 section 4.1.2.2).

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// The most octets that a serial number may have.
const MOST: usize = 20;

/// The serial number of a certificate, shown in lower-case hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial {
    /// The absolute value, big endian, without leading zeros; empty for zero.
    magnitude: Vec<u8>,
    /// Forbidden, and yet seen in the world.
    negative: bool,
}

impl Serial {
    /// A new serial number of 20 octets, positive, and random in 158 bits.
    pub(crate) fn random() -> Result<Self> {
        let mut magnitude = vec![0; MOST];
        getrandom::fill(&mut magnitude)?;
        // The highest bit is the sign; the one below it is set so that the number has always the same length.
        magnitude[0] = magnitude[0] & 0x7f | 0x40;
        Ok(Self { magnitude, negative: false })
    }

    /// The number whose two's complement a DER INTEGER holds.
    pub(crate) fn from_integer(content: &[u8]) -> Self {
        let negative = content.first().is_some_and(|byte| byte & 0x80 != 0);
        let mut magnitude = content.to_vec();
        if negative {
            let mut carry = true;
            for byte in magnitude.iter_mut().rev() {
                let (value, over) = (!*byte).overflowing_add(u8::from(carry));
                (*byte, carry) = (value, over);
            }
        }
        let zeros = magnitude.iter().take_while(|&&byte| byte == 0).count();
        magnitude.drain(..zeros);
        Self { magnitude, negative }
    }

    /// The absolute value, big endian.
    pub(crate) fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// Whether the number is below zero.
    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        if self.magnitude.is_empty() {
            f.write_str("00")?;
        }
        self.magnitude.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl FromStr for Serial {
    type Err = Error;

    /// Reads hex digits, with or without colons between the octets.
    fn from_str(text: &str) -> Result<Self> {
        let error = |reason| Error::Serial { text: text.chars().take(80).collect(), reason };
        let mut digits = Vec::new();
        for character in text.chars().filter(|&character| character != ':') {
            let digit = character.to_digit(16).ok_or_else(|| error("it is not hexadecimal"))?;
            if !(digit == 0 && digits.is_empty()) {
                digits.push(digit as u8);
            }
            if digits.len() > 2 * MOST {
                return Err(error("it has more than 20 octets"));
            }
        }
        if digits.is_empty() {
            return Err(error("it must be greater than zero"));
        }
        if digits.len() % 2 == 1 {
            digits.insert(0, 0);
        }
        let magnitude = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        Ok(Self { magnitude, negative: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_serials_are_positive_long_and_different() {
        let serials: std::collections::BTreeSet<Serial> = (0..100).map(|_| Serial::random().unwrap()).collect();
        assert_eq!(serials.len(), 100);
        for serial in &serials {
            assert_eq!(serial.to_string().len(), 40);
            assert!(serial.magnitude()[0] & 0x80 == 0);
            assert_eq!(*serial, serial.to_string().parse().unwrap());
        }
    }

    #[test]
    fn integers_of_every_sign_are_shown() {
        for (content, shown) in [
            (&[0u8][..], "00"),
            (&[1], "01"),
            (&[0, 0xff], "ff"),
            (&[0xff], "-01"),
            (&[0x80], "-80"),
            (&[0xfe, 0], "-0200"),
        ] {
            assert_eq!(Serial::from_integer(content).to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_a_serial_is_refused() {
        for text in ["", "0", "00:00", "xy", "-1", &"1".repeat(41)] {
            assert!(text.parse::<Serial>().is_err(), "{text}");
        }
        assert_eq!("0A:bc".parse::<Serial>().unwrap().to_string(), "0abc");
        assert_eq!("abc".parse::<Serial>().unwrap().to_string(), "0abc");
    }
}
