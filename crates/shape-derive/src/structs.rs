//! Structs: one pass over the members of an object.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Fields, Ident, Type};

use crate::attributes::{Container, Default, Member};
use crate::names::camel_case;

struct Field<'f> {
    name: &'f Ident,
    ty: &'f Type,
    json: String,
    member: Member,
}

pub(crate) fn expand(name: &Ident, container: &Container, fields: &Fields) -> syn::Result<TokenStream> {
    let (fields, extra) = split(name, container, fields)?;
    let read = read_fields(&fields, extra, container);
    let write = write_fields(&fields, extra);
    let schema = schema_fields(&fields, extra, container);
    let key = key(&fields);
    let (has_secrets, keep, visit) = secrets(&fields);
    let name_text = name.to_string();
    Ok(quote! {
        #[automatically_derived]
        impl ::shape::Shape for #name {
            const EXPECTED: &'static str = "object";
            const HAS_SECRETS: bool = #has_secrets;

            fn read(value: &::shape::Json<'_>, r: &mut ::shape::Reader) -> ::std::option::Option<Self> {
                match value {
                    ::shape::Json::Object(object) => {
                        <Self as ::shape::Fields>::read_fields(object, r, ::std::option::Option::None)
                    }
                    _ => r.mismatch("object", value),
                }
            }

            fn fill(r: &mut ::shape::Reader) -> ::std::option::Option<Self> {
                <Self as ::shape::Fields>::read_fields(
                    &::std::default::Default::default(),
                    r,
                    ::std::option::Option::None,
                )
            }

            fn write(&self, w: &mut ::shape::Writer<'_>) {
                <Self as ::shape::Fields>::write_fields(self, w, ::std::option::Option::None);
            }

            fn schema(g: &mut ::shape::Schemas) -> ::shape::private::Value {
                g.named::<Self>(#name_text, |g| {
                    <Self as ::shape::Fields>::schema_fields(g, ::std::option::Option::None)
                })
            }

            fn key(&self) -> ::std::option::Option<&str> {
                #key
            }

            fn keep_secrets(&mut self, old: ::std::option::Option<&Self>, r: &mut ::shape::Reader) {
                let _ = (&old, &r);
                #keep
            }

            fn visit_secrets(
                &mut self,
                visit: &mut dyn ::std::ops::FnMut(&mut ::std::boxed::Box<str>),
            ) {
                let _ = &visit;
                #visit
            }
        }

        #[automatically_derived]
        impl ::shape::Fields for #name {
            fn read_fields(
                object: &::shape::Object<'_>,
                r: &mut ::shape::Reader,
                tag: ::std::option::Option<&'static str>,
            ) -> ::std::option::Option<Self> {
                #read
            }

            fn write_fields(
                &self,
                w: &mut ::shape::Writer<'_>,
                tag: ::std::option::Option<(&'static str, &'static str)>,
            ) {
                #write
            }

            fn schema_fields(
                g: &mut ::shape::Schemas,
                tag: ::std::option::Option<(&'static str, &'static str)>,
            ) -> ::shape::private::Value {
                #schema
            }
        }
    })
}

fn split<'f>(
    name: &Ident,
    container: &Container,
    fields: &'f Fields,
) -> syn::Result<(Vec<Field<'f>>, Option<&'f Ident>)> {
    if container.strings || container.tag.is_some() {
        return Err(Error::new_spanned(name, "`strings` and `tag` are for enums"));
    }
    let Fields::Named(named) = fields else {
        return Err(Error::new_spanned(name, "only structs with named fields have a JSON form"));
    };
    let mut kept = Vec::new();
    let mut extra = None;
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        let member = Member::of(&field.attrs)?;
        if member.extra {
            extra = Some(ident);
            continue;
        }
        let json = member.rename.clone().unwrap_or_else(|| camel_case(&ident.to_string()));
        if kept.iter().any(|other: &Field<'_>| other.json == json) {
            return Err(Error::new_spanned(ident, "another field has this key"));
        }
        kept.push(Field { name: ident, ty: &field.ty, json, member });
    }
    Ok((kept, extra))
}

fn read_fields(fields: &[Field<'_>], extra: Option<&Ident>, container: &Container) -> TokenStream {
    let slots: Vec<Ident> = fields.iter().map(|f| format_ident!("slot_{}", f.name)).collect();
    let names: Vec<&Ident> = fields.iter().map(|f| f.name).collect();
    let values: Vec<Ident> = fields.iter().map(|f| format_ident!("value_{}", f.name)).collect();
    let keys: Vec<&String> = fields.iter().map(|f| &f.json).collect();
    let types: Vec<&Type> = fields.iter().map(|f| f.ty).collect();
    let missing = fields.iter().map(|f| {
        let ty = f.ty;
        match &f.member.default {
            Default::None => quote!(<#ty as ::shape::Shape>::absent(r)),
            Default::Filled => quote!(<#ty as ::shape::Shape>::fill(r)),
            Default::Value(value) => quote! {{
                let default: #ty = #value;
                ::std::option::Option::Some(default)
            }},
        }
    });
    let keep_extra = extra.map(|_| {
        quote! { key if ::shape::Extra::takes(key) => extra.push((key, value)), }
    });
    let extra_list = extra.map(|_| quote! { let mut extra = ::std::vec::Vec::new(); });
    let extra_value = extra.map(|_| quote! { let extra = ::shape::Extra::collect(extra, r); });
    let extra_field = extra.map(|field| quote! { #field: extra, });
    let check = container.check.as_ref().map(|check| quote! { #check(&read, r); });
    quote! {
        #(let mut #slots: ::std::option::Option<&::shape::Json<'_>> = ::std::option::Option::None;)*
        #extra_list
        let mut unknown = ::std::vec::Vec::new();
        for (key, value) in object.iter() {
            match key {
                #(#keys => #slots = ::std::option::Option::Some(value),)*
                key if ::std::option::Option::Some(key) == tag => {}
                #keep_extra
                key => unknown.push(::std::borrow::ToOwned::to_owned(key)),
            }
        }
        #(
            r.enter(#keys);
            let #values: ::std::option::Option<#types> = match #slots {
                ::std::option::Option::Some(value) => <#types as ::shape::Shape>::read(value, r),
                ::std::option::Option::None => #missing,
            };
            r.leave();
        )*
        #extra_value
        if !unknown.is_empty() {
            r.unrecognized_keys(unknown);
        }
        let read = Self { #(#names: #values?,)* #extra_field };
        #check
        ::std::option::Option::Some(read)
    }
}

/// Members in the order of RFC 8785. A key that the schema knows and that lies behind `x-` in that order lies
/// behind all keys that begin so.
fn write_fields(fields: &[Field<'_>], extra: Option<&Ident>) -> TokenStream {
    let mut sorted: Vec<&Field<'_>> = fields.iter().collect();
    sorted.sort_by(|a, b| a.json.encode_utf16().cmp(b.json.encode_utf16()));
    let before = sorted.iter().take_while(|f| f.json.as_str() < "x-").count();
    let member = |field: &&Field<'_>| {
        let (name, key) = (field.name, &field.json);
        quote! {
            if !::shape::Shape::skip(&self.#name) {
                w.key(&mut members, #key);
                ::shape::Shape::write(&self.#name, w);
            }
        }
    };
    let first = sorted[..before].iter().map(member);
    let last = sorted[before..].iter().map(member);
    let extra = extra.map(|field| quote! { self.#field.write_members(w, &mut members); });
    quote! {
        #[allow(unused_mut)]
        let mut members = w.object(tag);
        #(#first)*
        #extra
        #(#last)*
        w.end(members);
    }
}

fn schema_fields(fields: &[Field<'_>], extra: Option<&Ident>, container: &Container) -> TokenStream {
    let doc = &container.doc;
    let open = extra.is_some();
    let members = fields.iter().map(|field| {
        let (key, ty, doc) = (&field.json, field.ty, &field.member.doc);
        let (needed, default) = match &field.member.default {
            Default::None => (quote!(!<#ty as ::shape::Shape>::OPTIONAL), quote!(::std::option::Option::None)),
            Default::Filled => (quote!(false), quote!(::shape::private::filled::<#ty>())),
            Default::Value(value) => (quote!(false), quote!(::std::option::Option::Some(#value))),
        };
        quote! {
            (#key, #needed, ::shape::private::property_schema::<#ty>(g, #doc, #default))
        }
    });
    quote! {
        let members = ::std::vec![#(#members),*];
        ::shape::private::object_schema(#doc, tag, #open, members)
    }
}

fn key(fields: &[Field<'_>]) -> TokenStream {
    let named = |name: &str| fields.iter().find(|f| f.json == name);
    let marked = fields.iter().find(|f| f.member.key);
    match marked.or_else(|| named("id")).or_else(|| named("name")) {
        Some(field) => {
            let name = field.name;
            quote!(::shape::Shape::key(&self.#name))
        }
        None => quote!(::std::option::Option::None),
    }
}

fn secrets(fields: &[Field<'_>]) -> (TokenStream, TokenStream, TokenStream) {
    let types: Vec<&Type> = fields.iter().map(|f| f.ty).collect();
    let names: Vec<&Ident> = fields.iter().map(|f| f.name).collect();
    let keys: Vec<&String> = fields.iter().map(|f| &f.json).collect();
    let has = quote!(false #(|| <#types as ::shape::Shape>::HAS_SECRETS)*);
    let keep = quote! {#(
        if <#types as ::shape::Shape>::HAS_SECRETS {
            r.enter(#keys);
            ::shape::Shape::keep_secrets(&mut self.#names, old.map(|old| &old.#names), r);
            r.leave();
        }
    )*};
    let visit = quote! {#(
        if <#types as ::shape::Shape>::HAS_SECRETS {
            ::shape::Shape::visit_secrets(&mut self.#names, visit);
        }
    )*};
    (has, keep, visit)
}
