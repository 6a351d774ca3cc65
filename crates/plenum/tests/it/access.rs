//! V4: every route, as nobody, with a wrong credential, and as every role.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use testkit::{Api, Daemon};

const ROLES: [&str; 5] = ["customer", "viewer", "moderator", "admin", "owner"];

/// One operation as the API describes itself: method, path, and the lowest role (none where it is public).
fn operations(openapi: &Value) -> Result<Vec<(Method, String, Option<String>)>> {
    let mut found = Vec::new();
    for (path, item) in openapi["paths"].as_object().context("paths")? {
        for (method, operation) in item.as_object().context("a path item")? {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let public = operation["security"].as_array().is_some_and(Vec::is_empty);
            let role = operation["x-role"].as_str().map(str::to_owned);
            ensure!(public || role.is_some(), "{method} {path} says neither who may nor that all may");
            found.push((method, path.clone(), role.filter(|_| !public)));
        }
    }
    Ok(found)
}

/// Calls a route with a body that no handler accepts, so that nothing happens where the caller gets through.
async fn call(api: &Api, method: &Method, path: &str) -> Result<u16> {
    let path = path.replace("{id}", "0").replace("{keyId}", "pp_ffffffff").replace("{name}", "none");
    let request =
        api.request(method.clone(), &path).header("content-type", "application/json").body("{\"no such field\":1}");
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_every_route_refuses_nobody_a_wrong_token_and_every_role_that_is_too_low() -> Result<()> {
    let mut daemon = Daemon::start().await?;
    let owner = daemon.api()?;
    let nobody = daemon.anonymous();
    let wrong = Api::new(&daemon.base(), Some("pp_00000000.00000000000000000000000000000000"));
    let openapi: Value = nobody.get("/api/openapi.json").send().await?.json().await?;
    let operations = operations(&openapi)?;
    ensure!(operations.len() > 40, "only {} operations are described", operations.len());
    ensure!(operations.iter().any(|(_, path, _)| path == "/api/state"), "the edge area is missing");
    let protected = operations.iter().filter_map(|(method, path, role)| Some((method, path, role.as_ref()?)));
    for (method, path, _) in protected.clone() {
        for (who, api) in [("nobody", &nobody), ("a wrong token", &wrong)] {
            let status = call(api, method, path).await?;
            ensure!(status == 401, "{method} {path} answers {status} to {who}");
        }
    }
    for (rank, role) in ROLES.iter().enumerate() {
        let api = daemon.api_as(&format!("as-{role}"), role)?;
        for (method, path, lowest) in protected.clone() {
            let needed =
                ROLES.iter().position(|role| role == lowest).with_context(|| format!("an unknown role {lowest}"))?;
            // A stream answers 200 at once and then goes on; its refusal is what matters here.
            if path.ends_with("/events") && rank >= needed {
                continue;
            }
            let status = call(&api, method, path).await?;
            if rank < needed {
                ensure!(status == 403, "{method} {path} answers {status} to a {role}");
            } else {
                ensure!(status != 401, "{method} {path} answers {status} to a {role}");
                ensure!(status < 500, "{method} {path} answers {status} to a {role}");
            }
        }
    }
    // Nothing of all this did anything.
    ensure!(owner.get("/api/state").send().await?.status() == 200);
    Ok(())
}
