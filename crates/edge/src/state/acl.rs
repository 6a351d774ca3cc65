//! Named conditions, and the test that named and inline conditions have in common.

use shape::{Extra, Shape, Text};

use super::common::{AclName, Description, Free, Id};

/// A named condition (`acl`, configuration manual section 7.1).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Acl {
    /// Its identifier.
    pub id: Id,
    /// The name that conditions use.
    pub name: AclName,
    /// For people.
    pub description: Option<Description>,
    /// A sample fetch and its converters, such as `path` or `req.hdr(host),lower`.
    pub field: Text<1, 128>,
    /// The argument of the fetch, when `field` does not carry it.
    pub field_arg: Option<Description>,
    /// How the sample is compared (`-m`); the fetch's own way when absent.
    pub operator: Option<Operator>,
    /// What it is compared with.
    #[shape(default)]
    pub values: Vec<Free>,
    /// Whether upper and lower case are the same (`-i`).
    #[shape(default = false)]
    pub case_insensitive: bool,
    /// Whether host names among the values stay unresolved (`-n`).
    #[shape(default = false)]
    pub no_dns_lookup: bool,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// How a sample is compared with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Operator {
    /// Equal as text.
    Str,
    /// Contains the text.
    Sub,
    /// Begins with the text.
    Beg,
    /// Ends with the text.
    End,
    /// Matches the regular expression.
    Reg,
    /// Contains the text as a part between slashes.
    Dir,
    /// Contains the text as a part between dots.
    Dom,
    /// Has this length.
    Len,
    /// Equals these bytes, in hexadecimal.
    Bin,
    /// Exists.
    Found,
    /// Lies in this network.
    Ip,
    /// Equals this number or lies in this range.
    Int,
    /// Is greater.
    Gt,
    /// Is less.
    Lt,
    /// Is greater or equal.
    Ge,
    /// Is less or equal.
    Le,
    /// Is equal.
    Eq,
    /// Is not equal.
    Ne,
    /// Is true.
    Bool,
}
