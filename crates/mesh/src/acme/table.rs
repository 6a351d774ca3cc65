//! What clients call. Every route is public: the signature in a request is its credential, and nothing is done without one.
//!
//! The routes are not in the API's own description, for RFC 8555 describes them.

use axum::extract::{FromRef, Path};
use axum::response::Response;
use http::{Method, StatusCode};
use platform::http::{
    error::Family,
    routes::{Access, Routes},
};
use serde_json::json;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::call::{Answer, Call};
use super::problem::Problem;
use super::{account, finalize, order, revoke, rollover};
use crate::Mesh;

/// All routes of the ACME server.
pub fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Mesh: FromRef<S>,
{
    // The signature in each request is its credential; the first three give away what every client must know before it
    // can sign.
    let access = Access::public().undocumented();
    Routes::new(Family::Mesh)
        .add(access, refusing(routes!(directory)))
        .add(access, refusing(routes!(new_nonce)))
        .add(access, refusing(routes!(new_account)))
        .add(access, refusing(routes!(change_account)))
        .add(access, refusing(routes!(list_orders)))
        .add(access, refusing(routes!(new_order)))
        .add(access, refusing(routes!(show_order)))
        .add(access, refusing(routes!(finalize_order)))
        .add(access, refusing(routes!(show_authorization)))
        .add(access, refusing(routes!(answer_challenge)))
        .add(access, refusing(routes!(get_certificate)))
        .add(access, refusing(routes!(revoke_certificate)))
        .add(access, refusing(routes!(change_key)))
}

/// The same, and other methods are refused in the words of ACME.
fn refusing<S>((schemas, paths, handlers): UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Mesh: FromRef<S>,
{
    (schemas, paths, handlers.fallback(wrong_method))
}

async fn wrong_method(method: Method, call: Call) -> Response {
    let problem = Problem::malformed(format!("this is not for {method}; everything is read by a signed POST"));
    call.answer(Err(problem.status(StatusCode::METHOD_NOT_ALLOWED)))
}

/// Where everything is.
#[utoipa::path(get, path = "/acme/directory", tag = "ACME", operation_id = "acme_directory",
    responses((status = 200, description = "The addresses.")))]
async fn directory(call: Call) -> Response {
    let answer = || {
        Ok(Answer::json(&json!({
            "newNonce": call.url("new-nonce")?,
            "newAccount": call.url("new-account")?,
            "newOrder": call.url("new-order")?,
            "revokeCert": call.url("revoke")?,
            "keyChange": call.url("key-change")?,
            "meta": { "externalAccountRequired": false },
        })))
    };
    call.answer(answer())
}

/// A number for the next request; it is in a header of every answer.
#[utoipa::path(method(get, head), path = "/acme/new-nonce", tag = "ACME", operation_id = "acme_new_nonce",
    responses((status = 204, description = "The number is in the header Replay-Nonce.")))]
async fn new_nonce(method: Method, call: Call) -> Response {
    let status = if method == Method::HEAD { StatusCode::OK } else { StatusCode::NO_CONTENT };
    call.answer(call.url("").map(|_| Answer::empty(status)))
}

/// Finds or makes the account of a key.
#[utoipa::path(post, path = "/acme/new-account", tag = "ACME", operation_id = "acme_new_account",
    responses((status = 201, description = "The account.")))]
async fn new_account(call: Call) -> Response {
    call.answer(account::create(&call).await)
}

/// Shows or changes an account.
#[utoipa::path(post, path = "/acme/account/{id}", tag = "ACME", operation_id = "acme_account",
    params(("id" = String, Path, description = "Of the account.")),
    responses((status = 200, description = "The account.")))]
async fn change_account(Path(id): Path<String>, call: Call) -> Response {
    call.answer(account::change(&call, &id).await)
}

/// The orders of an account.
#[utoipa::path(post, path = "/acme/account/{id}/orders", tag = "ACME", operation_id = "acme_orders",
    params(("id" = String, Path, description = "Of the account.")),
    responses((status = 200, description = "Their addresses.")))]
async fn list_orders(Path(id): Path<String>, call: Call) -> Response {
    call.answer(account::orders(&call, &id).await)
}

/// Takes an order.
#[utoipa::path(post, path = "/acme/new-order", tag = "ACME", operation_id = "acme_new_order",
    responses((status = 201, description = "The order.")))]
async fn new_order(call: Call) -> Response {
    call.answer(order::create(&call).await)
}

/// Shows an order.
#[utoipa::path(post, path = "/acme/order/{id}", tag = "ACME", operation_id = "acme_order",
    params(("id" = String, Path, description = "Of the order.")),
    responses((status = 200, description = "The order.")))]
async fn show_order(Path(id): Path<String>, call: Call) -> Response {
    call.answer(order::show(&call, &id).await)
}

/// Issues the certificate of an order.
#[utoipa::path(post, path = "/acme/order/{id}/finalize", tag = "ACME", operation_id = "acme_finalize",
    params(("id" = String, Path, description = "Of the order.")),
    responses((status = 200, description = "The order.")))]
async fn finalize_order(Path(id): Path<String>, call: Call) -> Response {
    call.answer(finalize::finalize(&call, &id).await)
}

/// Shows an authorization, or gives it up.
#[utoipa::path(post, path = "/acme/authz/{id}", tag = "ACME", operation_id = "acme_authorization",
    params(("id" = String, Path, description = "Of the authorization.")),
    responses((status = 200, description = "The authorization.")))]
async fn show_authorization(Path(id): Path<String>, call: Call) -> Response {
    call.answer(order::authorization(&call, &id).await)
}

/// Has a challenge looked at, or shows it.
#[utoipa::path(post, path = "/acme/challenge/{id}", tag = "ACME", operation_id = "acme_challenge",
    params(("id" = String, Path, description = "Of the challenge.")),
    responses((status = 200, description = "The challenge.")))]
async fn answer_challenge(Path(id): Path<String>, call: Call) -> Response {
    call.answer(order::respond(&call, &id).await)
}

/// Gives the certificate of an order.
#[utoipa::path(post, path = "/acme/certificate/{id}", tag = "ACME", operation_id = "acme_certificate",
    params(("id" = String, Path, description = "Of the order.")),
    responses((status = 200, description = "The certificate and those between it and the root, PEM.")))]
async fn get_certificate(Path(id): Path<String>, call: Call) -> Response {
    call.answer(finalize::certificate(&call, &id).await)
}

/// Revokes a certificate.
#[utoipa::path(post, path = "/acme/revoke", tag = "ACME", operation_id = "acme_revoke",
    responses((status = 200, description = "It is revoked.")))]
async fn revoke_certificate(call: Call) -> Response {
    call.answer(revoke::revoke(&call).await)
}

/// Replaces the key of an account.
#[utoipa::path(post, path = "/acme/key-change", tag = "ACME", operation_id = "acme_key_change",
    responses((status = 200, description = "The account.")))]
async fn change_key(call: Call) -> Response {
    call.answer(rollover::change(&call).await)
}
