//! `#[derive(Shape)]`: the reader, the writer, the defaults and the schema of a document type.
//!
//! On structs with named fields:
//!
//! | attribute | meaning |
//! |---|---|
//! | `#[shape(check = path::to::fn)]` | a `fn(&Self, &mut Reader)` that runs after the fields were read |
//! | `#[shape(default)]` on a field | a missing key is read as `{}`, `[]`, `null` or `false` |
//! | `#[shape(default = expr)]` | a missing key gives this value |
//! | `#[shape(rename = "key")]` | the JSON key, otherwise the camelCase of the field's name |
//! | `#[shape(key)]` | tells items of a list apart, otherwise `id`, otherwise `name` |
//! | `#[shape(extra)]` | the field of type `Extra` that keeps `x-…` keys |
//!
//! On enums `#[shape(strings)]` (unit variants, each a string) or `#[shape(tag = "type")]` (each variant holds one
//! struct, whose members lie beside the tag). Names are the kebab-case of the variant or `#[shape(rename = "…")]`.
//! Doc comments become descriptions.

#![forbid(unsafe_code)]

mod attributes;
mod enums;
mod names;
mod structs;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, Error, parse_macro_input};

/// See the crate's documentation.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn derive_shape(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let container = attributes::Container::of(&input.attrs)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "generic types are not supported"));
    }
    match &input.data {
        Data::Struct(data) => structs::expand(&input.ident, &container, &data.fields),
        Data::Enum(data) => enums::expand(&input.ident, &container, &data.variants),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, "a union has no JSON form")),
    }
}
