//! Enums: strings, and objects told apart by a tag.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Error, Fields, Ident, Token, Type, Variant};

use crate::attributes::{Container, Member};
use crate::names::kebab_case;

struct Named<'v> {
    variant: &'v Variant,
    text: String,
}

pub(crate) fn expand(
    name: &Ident,
    container: &Container,
    variants: &Punctuated<Variant, Token![,]>,
) -> syn::Result<TokenStream> {
    if container.check.is_some() {
        return Err(Error::new_spanned(name, "`check` is for structs; put it on the payload"));
    }
    let mut named: Vec<Named<'_>> = Vec::new();
    for variant in variants {
        let text = match Member::of(&variant.attrs)?.rename {
            Some(text) => text,
            None => kebab_case(&variant.ident.to_string()),
        };
        if named.iter().any(|other| other.text == text) {
            return Err(Error::new_spanned(variant, "another variant has this name"));
        }
        named.push(Named { variant, text });
    }
    match (&container.tag, container.strings) {
        (None, true) => strings(name, container, &named),
        (Some(tag), false) => tagged(name, container, tag, &named),
        _ => Err(Error::new_spanned(name, "an enum needs `strings` or `tag = \"…\"`")),
    }
}

fn strings(name: &Ident, container: &Container, named: &[Named<'_>]) -> syn::Result<TokenStream> {
    for Named { variant, .. } in named {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(variant, "a variant of `strings` holds nothing"));
        }
    }
    let idents: Vec<&Ident> = named.iter().map(|n| &n.variant.ident).collect();
    let texts: Vec<&String> = named.iter().map(|n| &n.text).collect();
    let doc = &container.doc;
    let name_text = name.to_string();
    Ok(quote! {
        #[automatically_derived]
        impl #name {
            /// Every variant, in the order of the declaration.
            pub const ALL: &'static [Self] = &[#(Self::#idents),*];

            /// What each variant is called in a document.
            pub const NAMES: &'static [&'static str] = &[#(#texts),*];

            /// What the variant is called in a document.
            pub fn as_str(&self) -> &'static str {
                match self {
                    #(Self::#idents => #texts,)*
                }
            }
        }

        #[automatically_derived]
        impl ::shape::Shape for #name {
            const EXPECTED: &'static str = "string";

            fn read(value: &::shape::Json<'_>, r: &mut ::shape::Reader) -> ::std::option::Option<Self> {
                match value.as_str() {
                    #(::std::option::Option::Some(#texts) => ::std::option::Option::Some(Self::#idents),)*
                    _ => Self::absent(r),
                }
            }

            fn absent(r: &mut ::shape::Reader) -> ::std::option::Option<Self> {
                r.invalid_option(Self::NAMES);
                ::std::option::Option::None
            }

            fn write(&self, w: &mut ::shape::Writer<'_>) {
                w.string(self.as_str());
            }

            fn schema(g: &mut ::shape::Schemas) -> ::shape::private::Value {
                g.named::<Self>(#name_text, |_| ::shape::private::strings_schema(#doc, Self::NAMES))
            }

            fn key(&self) -> ::std::option::Option<&str> {
                ::std::option::Option::Some(self.as_str())
            }
        }
    })
}

fn tagged(name: &Ident, container: &Container, tag: &str, named: &[Named<'_>]) -> syn::Result<TokenStream> {
    let mut types: Vec<&Type> = Vec::new();
    for Named { variant, .. } in named {
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                types.extend(fields.unnamed.iter().map(|f| &f.ty));
            }
            _ => return Err(Error::new_spanned(variant, "a variant of `tag` holds one struct")),
        }
    }
    let idents: Vec<&Ident> = named.iter().map(|n| &n.variant.ident).collect();
    let texts: Vec<&String> = named.iter().map(|n| &n.text).collect();
    let doc = &container.doc;
    let name_text = name.to_string();
    Ok(quote! {
        #[automatically_derived]
        impl #name {
            /// What each variant is called in a document.
            pub const NAMES: &'static [&'static str] = &[#(#texts),*];

            /// What the variant is called in a document.
            pub fn tag(&self) -> &'static str {
                match self {
                    #(Self::#idents(_) => #texts,)*
                }
            }
        }

        #[automatically_derived]
        impl ::shape::Shape for #name {
            const EXPECTED: &'static str = "object";
            const HAS_SECRETS: bool = false #(|| <#types as ::shape::Shape>::HAS_SECRETS)*;

            fn read(value: &::shape::Json<'_>, r: &mut ::shape::Reader) -> ::std::option::Option<Self> {
                let ::shape::Json::Object(object) = value else {
                    return r.mismatch("object", value);
                };
                match object.get(#tag).and_then(::shape::Json::as_str) {
                    #(
                        ::std::option::Option::Some(#texts) => {
                            <#types as ::shape::Fields>::read_fields(
                                object,
                                r,
                                ::std::option::Option::Some(#tag),
                            )
                            .map(Self::#idents)
                        }
                    )*
                    _ => {
                        r.no_variant(#tag, Self::NAMES);
                        ::std::option::Option::None
                    }
                }
            }

            fn write(&self, w: &mut ::shape::Writer<'_>) {
                match self {
                    #(
                        Self::#idents(inner) => ::shape::Fields::write_fields(
                            inner,
                            w,
                            ::std::option::Option::Some((#tag, #texts)),
                        ),
                    )*
                }
            }

            fn schema(g: &mut ::shape::Schemas) -> ::shape::private::Value {
                g.named::<Self>(#name_text, |g| {
                    let variants = ::std::vec![#(
                        <#types as ::shape::Fields>::schema_fields(
                            g,
                            ::std::option::Option::Some((#tag, #texts)),
                        )
                    ),*];
                    ::shape::private::union_schema(#doc, #tag, variants)
                })
            }

            fn key(&self) -> ::std::option::Option<&str> {
                match self {
                    #(Self::#idents(inner) => ::shape::Shape::key(inner),)*
                }
            }

            fn keep_secrets(&mut self, old: ::std::option::Option<&Self>, r: &mut ::shape::Reader) {
                match self {
                    #(
                        Self::#idents(inner) => {
                            let old = match old {
                                ::std::option::Option::Some(Self::#idents(old)) => {
                                    ::std::option::Option::Some(old)
                                }
                                _ => ::std::option::Option::None,
                            };
                            ::shape::Shape::keep_secrets(inner, old, r);
                        }
                    )*
                }
            }

            fn visit_secrets(
                &mut self,
                visit: &mut dyn ::std::ops::FnMut(&mut ::std::boxed::Box<str>),
            ) {
                match self {
                    #(Self::#idents(inner) => ::shape::Shape::visit_secrets(inner, visit),)*
                }
            }
        }
    })
}
