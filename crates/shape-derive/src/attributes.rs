//! What stands in `#[shape(…)]` and in doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path};

/// The attributes of a struct or an enum.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) doc: String,
    pub(crate) check: Option<Path>,
    pub(crate) strings: bool,
    pub(crate) tag: Option<String>,
}

/// What a missing key means.
pub(crate) enum Default {
    /// What the type says: an issue, or absence.
    None,
    /// As if an empty value had been read.
    Filled,
    /// This expression.
    Value(Box<Expr>),
}

/// The attributes of a field or a variant.
pub(crate) struct Member {
    pub(crate) doc: String,
    pub(crate) default: Default,
    pub(crate) rename: Option<String>,
    pub(crate) key: bool,
    pub(crate) extra: bool,
}

impl Container {
    pub(crate) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self { doc: doc(attributes), ..Self::default() };
        for attribute in attributes.iter().filter(|a| a.path().is_ident("shape")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("check") {
                    found.check = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("strings") {
                    found.strings = true;
                } else if meta.path.is_ident("tag") {
                    found.tag = Some(meta.value()?.parse::<LitStr>()?.value());
                } else {
                    return Err(meta.error("expected `check`, `strings` or `tag`"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

impl Member {
    pub(crate) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self { doc: doc(attributes), default: Default::None, rename: None, key: false, extra: false };
        for attribute in attributes.iter().filter(|a| a.path().is_ident("shape")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("default") {
                    found.default = if meta.input.peek(syn::Token![=]) {
                        Default::Value(Box::new(meta.value()?.parse()?))
                    } else {
                        Default::Filled
                    };
                } else if meta.path.is_ident("rename") {
                    found.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("key") {
                    found.key = true;
                } else if meta.path.is_ident("extra") {
                    found.extra = true;
                } else {
                    return Err(meta.error("expected `default`, `rename`, `key` or `extra`"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// The doc comment as one paragraph.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
