//! The API's description of itself.

use plenum_platform::http::{Platform, Rule, platform_routes};

use crate::server::Server;

#[tokio::test]
async fn the_description_is_public_current_and_complete() {
    let server = Server::start().await;
    let reply = server.get("/api/openapi.json").send().await;
    assert_eq!(reply.status, 200);
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["BearerAuth"]["scheme"], "bearer");
    assert_eq!(
        (&schemes["CookieAuth"]["in"], &schemes["CookieAuth"]["name"]),
        (&"cookie".into(), &"cp_session".into())
    );

    for row in platform_routes::<Platform>().table() {
        if row.path.starts_with("/docs") {
            assert!(document["paths"].get(&row.path).is_none(), "pages are not operations");
            continue;
        }
        let operation = &document["paths"][&row.path][row.method.as_str().to_lowercase()];
        assert_eq!(operation["operationId"], row.operation_id.as_str(), "{} {}", row.method, row.path);
        assert!(operation["summary"].is_string(), "{} has no summary", row.operation_id);
        let schemes: Vec<&str> = operation["security"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|requirement| requirement.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let expected: &[&str] = match (row.access.rule(), row.access.is_session_only()) {
            (Rule::Public, _) => &[],
            (_, true) => &["CookieAuth"],
            (_, false) => &["BearerAuth", "CookieAuth"],
        };
        assert_eq!(schemes, expected, "{}", row.operation_id);
        if let Rule::Needs(permission) = row.access.rule() {
            assert_eq!(operation["x-permission"], permission.name());
            assert!(operation["responses"].get("401").is_some() && operation["responses"].get("403").is_some());
        }
    }
    // Every reference leads somewhere.
    let text = reply.text();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }

    let tag = reply.header("etag").unwrap();
    let again = server.get("/api/openapi.json").header("if-none-match", tag).send().await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn the_page_comes_whole_out_of_the_binary() {
    let server = Server::start().await;
    let redirect = server.get("/docs").send().await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (308, Some("docs/")));
    let page = server.get("/docs/").send().await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let text = page.text();
    assert!(!text.contains("http://") && !text.contains("https://"), "the page loads nothing from elsewhere");
    let inline = text.split("<script").skip(1).find(|tag| !tag.split('>').next().unwrap().contains("src="));
    assert_eq!(inline, None, "the policy forbids inline scripts");
    for source in text.split("src=\"./").skip(1).map(|part| part.split('"').next().unwrap()) {
        let file = server.get(&format!("/docs/{source}")).send().await;
        assert_eq!(file.status, 200, "{source}");
        assert!(!file.body.is_empty());
    }
    let script = server.get("/docs/swagger-initializer.js").send().await.text();
    assert!(script.contains("../api/openapi.json") && script.contains("\"validatorUrl\": \"none\""), "{script}");
    for missing in ["/docs/nothing.js", "/docs/../../etc/passwd", "/docs/%2e%2e%2fetc%2fpasswd"] {
        assert_ne!(server.get(missing).send().await.status, 200, "{missing}");
    }
}
