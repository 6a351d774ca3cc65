//! The least of DER (X.690) that is needed to read what is inside of an extension.
//!
//! The certificate around it is read by `x509-parser`. Nothing here can fail other than by answering `None`, and
//! nothing is copied.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The identifier octet of the context-specific tag with a simple content.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The identifier octet of the context-specific tag with other items inside.
pub(crate) const fn context_of(number: u8) -> u8 {
    0xa0 | number
}

/// One value: its identifier octet, what is inside, and all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
}

impl<'a> Item<'a> {
    /// The item itself, if it is of that kind.
    pub(crate) fn as_tag(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }

    /// The items inside.
    pub(crate) fn items(self) -> Option<Vec<Item<'a>>> {
        items(self.content)
    }
}

/// Takes the first value off the input.
fn take<'a>(input: &mut &'a [u8]) -> Option<Item<'a>> {
    let all = *input;
    let (&tag, rest) = all.split_first()?;
    // A tag number above 30 takes more octets; nothing in a certificate has one.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&length, mut rest) = rest.split_first()?;
    let mut size = usize::from(length);
    if length & 0x80 != 0 {
        let octets = usize::from(length & 0x7f);
        if octets == 0 || octets > 4 {
            return None;
        }
        let (number, after) = rest.split_at_checked(octets)?;
        size = number.iter().fold(0, |size, &octet| size << 8 | usize::from(octet));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(size)?;
    *input = after;
    Some(Item { tag, content, raw: &all[..all.len() - after.len()] })
}

/// The first value of the input.
pub(crate) fn first(mut input: &[u8]) -> Option<Item<'_>> {
    take(&mut input)
}

/// All values of the input, or nothing if there is anything else in it.
pub(crate) fn items(mut input: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(take(&mut input)?);
    }
    Some(items)
}

/// The items inside of the SEQUENCE that the input begins with.
pub(crate) fn sequence(input: &[u8]) -> Option<Vec<Item<'_>>> {
    first(input)?.as_tag(SEQUENCE)?.items()
}

/// The dotted form of an object identifier, or nothing if it is not one.
pub(crate) fn dotted(content: &[u8]) -> Option<String> {
    if content.last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let mut text = String::new();
    let mut arc: u128 = 0;
    for &octet in content {
        if arc > u128::MAX >> 7 {
            return None;
        }
        arc = arc << 7 | u128::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - 40 * first);
        } else {
            text.push('.');
            text.push_str(&arc.to_string());
        }
        arc = 0;
    }
    Some(text)
}

/// The bits of a BIT STRING as octets, the unused ones at its end cleared.
pub(crate) fn bits(content: &[u8]) -> Option<Vec<u8>> {
    let (&unused, octets) = content.split_first()?;
    let mut octets = octets.to_vec();
    match octets.last_mut() {
        Some(last) if unused < 8 => *last &= 0xff << unused,
        None if unused == 0 => {}
        _ => return None,
    }
    Some(octets)
}

/// The octets of an INTEGER without the one that only says that it is positive.
pub(crate) fn unsigned(content: &[u8]) -> &[u8] {
    match content {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => content,
    }
}

/// The value of a small INTEGER that is not negative.
pub(crate) fn small(content: &[u8]) -> Option<u64> {
    let content = match content {
        [0, rest @ ..] => rest,
        [first, ..] if first & 0x80 == 0 => content,
        _ => return None,
    };
    (content.len() <= 8).then(|| content.iter().fold(0, |value, &octet| value << 8 | u64::from(octet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_dotted() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x0e]).unwrap(), "2.5.29.14");
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]).unwrap(), "1.2.840.10045.2.1");
        assert_eq!(dotted(&[0x88, 0x37]).unwrap(), "2.999");
        assert_eq!(dotted(&[]), None);
        assert_eq!(dotted(&[0x55, 0x80]), None);
        assert_eq!(dotted(&[0xff; 40]), None);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for input in [&[][..], &[0x30], &[0x30, 1], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x1f, 1, 0]]
        {
            assert!(first(input).is_none(), "{input:?}");
        }
        let item = first(&[4, 0x81, 1, 9, 7]).unwrap();
        assert_eq!((item.content, item.raw.len()), (&[9u8][..], 4));
    }
}
