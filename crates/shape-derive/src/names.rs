//! From Rust's names to JSON's.

/// `use_error_files_id` → `useErrorFilesId`
pub(crate) fn camel_case(field: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in field.trim_start_matches("r#").chars() {
        if c == '_' {
            upper = !out.is_empty();
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}

/// `V2SslCn` → `v2-ssl-cn`
pub(crate) fn kebab_case(variant: &str) -> String {
    let mut out = String::new();
    for c in variant.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        assert_eq!(camel_case("use_error_files_id"), "useErrorFilesId");
        assert_eq!(camel_case("track_sc0"), "trackSc0");
        assert_eq!(camel_case("r#type"), "type");
        assert_eq!(camel_case("allow0rtt"), "allow0rtt");
    }

    #[test]
    fn variants() {
        assert_eq!(kebab_case("V2SslCn"), "v2-ssl-cn");
        assert_eq!(kebab_case("Http"), "http");
        assert_eq!(kebab_case("SetHeader"), "set-header");
    }
}
