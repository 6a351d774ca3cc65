//! Routes as data: every route is added together with who may call it, so one without a rule cannot be expressed.
//!
//! [`Routes::add`] is the only way in; there is no conversion from a bare router. The rows that it collects are rendered to
//! `docs/permissions.md` and walked by the tests that call every route with every kind of credential. The guard in front
//! of each handler only decides; who the caller is has been found out before (see `admit`).

use std::fmt::Write as _;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::body::{BodyLimit, DEFAULT_BODY_LIMIT};
use super::caller::MaybeCaller;
use super::error::{Error, Family};
use super::negotiate;
use super::tier::{Tier, tier_of};
use crate::identity::Source;
use crate::permissions::Permission;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody, signed in or not.
    Public,
    /// Whoever has this permission.
    Needs(Permission),
}

/// Who may call a route, and what else holds for it before its handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    rule: Rule,
    session_only: bool,
    tier: Option<Tier>,
    body_limit: usize,
    documented: bool,
}

impl Access {
    /// Everybody may call it. Write next to the route why that is right.
    #[must_use]
    pub const fn public() -> Self {
        Self::new(Rule::Public)
    }

    /// Callers with this permission may call it.
    #[must_use]
    pub const fn needs(permission: Permission) -> Self {
        Self::new(Rule::Needs(permission))
    }

    const fn new(rule: Rule) -> Self {
        Self { rule, session_only: false, tier: None, body_limit: DEFAULT_BODY_LIMIT, documented: true }
    }

    /// API tokens may not call it, whatever their role: it belongs to a person.
    #[must_use]
    pub const fn session_only(self) -> Self {
        Self { session_only: true, ..self }
    }

    /// Counts against another budget than its method says.
    #[must_use]
    pub const fn tier(self, tier: Tier) -> Self {
        Self { tier: Some(tier), ..self }
    }

    /// Takes a larger or smaller body than usual.
    #[must_use]
    pub const fn body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// Left out of the OpenAPI document, because it is a page and not an operation.
    #[must_use]
    pub const fn undocumented(self) -> Self {
        Self { documented: false, ..self }
    }

    /// The rule alone.
    #[must_use]
    pub const fn rule(self) -> Rule {
        self.rule
    }

    /// Whether API tokens are refused.
    #[must_use]
    pub const fn is_session_only(self) -> bool {
        self.session_only
    }
}

/// One operation of the API.
#[derive(Clone, Debug)]
pub struct RouteRow {
    pub method: Method,
    /// With parameters in braces.
    pub path: String,
    pub access: Access,
    pub operation_id: String,
    pub family: Family,
}

impl RouteRow {
    /// The budget that the route counts against.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.access.tier.unwrap_or_else(|| tier_of(&self.method))
    }
}

/// JSON Schemas by name.
pub type Definitions = serde_json::Map<String, serde_json::Value>;

/// A set of routes over the state `S`, each with its rule.
pub struct Routes<S = ()> {
    router: OpenApiRouter<S>,
    rows: Vec<RouteRow>,
    definitions: Definitions,
    family: Family,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new(Family::Edge)
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// An empty set whose errors are written in the conventions of `family`.
    #[must_use]
    pub fn new(family: Family) -> Self {
        Self { router: OpenApiRouter::default(), rows: Vec::new(), definitions: Definitions::new(), family }
    }

    /// Adds what `utoipa_axum::routes!` collected: one path, one or more methods.
    #[must_use]
    pub fn add(mut self, access: Access, (schemas, mut paths, handlers): UtoipaMethodRouter<S>) -> Self {
        let family = self.family;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                describe(operation, access, family);
                self.rows.push(RouteRow {
                    method,
                    path: path.clone(),
                    access,
                    operation_id: operation.operation_id.clone().unwrap_or_default(),
                    family,
                });
            }
        }
        let guarded = handlers
            // Innermost: how much of the body the extractors may read.
            .route_layer(DefaultBodyLimit::max(access.body_limit))
            // Before the extractors, so that nobody learns from a 400 what a 403 should have hidden, and so that the
            // body of a refused request is never read.
            .route_layer(from_fn(move |request, next| guard(access, family, request, next)));
        if access.documented {
            self.router = self.router.routes((schemas, paths, guarded));
        } else {
            for path in paths.paths.keys() {
                self.router = self.router.route(path, guarded.clone());
            }
        }
        self
    }

    /// Puts two sets together; each route keeps the family of the set it comes from.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.rows.extend(other.rows);
        self.definitions.extend(other.definitions);
        self
    }

    /// Adds schemas that operations refer to as `#/components/schemas/<name>`, as JSON Schema: for documents whose schema
    /// is not made from Rust types by the OpenAPI library.
    #[must_use]
    pub fn define(mut self, definitions: Definitions) -> Self {
        self.definitions.extend(definitions);
        self
    }

    /// All operations, in the order in which they were added.
    #[must_use]
    pub fn table(&self) -> &[RouteRow] {
        &self.rows
    }

    /// The OpenAPI document of the set, without a title.
    #[must_use]
    pub fn openapi(&self) -> &OpenApi {
        self.router.get_openapi()
    }

    pub(super) fn into_parts(self) -> (axum::Router<S>, OpenApi, Definitions, Vec<RouteRow>) {
        let (router, openapi) = self.router.split_for_parts();
        (router, openapi, self.definitions, self.rows)
    }
}

/// Decides whether the caller may reach the handler, cheapest and most telling refusal first.
async fn guard(access: Access, family: Family, mut request: Request, next: Next) -> Response {
    let refusal = refuse(access, &request);
    // For the log and the metrics, which see only the answer.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(BodyLimit(access.body_limit));
    let mut response = match refusal {
        Some(response) => response,
        None => next.run(request).await,
    };
    response.extensions_mut().insert(family);
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

fn refuse(access: Access, request: &Request) -> Option<Response> {
    let caller = MaybeCaller::of(request.extensions());
    if let Rule::Needs(permission) = access.rule {
        let Some(caller) = caller.0.as_ref() else {
            return Some(negotiate::unauthenticated(request));
        };
        if access.session_only && caller.source == Source::Token {
            let message = "an API token may not do this; sign in and use a session";
            return Some(Error::forbidden("auth.forbidden.sessionOnly", message).into_response());
        }
        let required = permission.min_role();
        if caller.role < required {
            return Some(Error::role_required(required.as_str()).into_response());
        }
    }
    // A length that is announced need not arrive. (One that is not announced stops the extractor at the same limit.)
    let announced = request
        .headers()
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    if announced > access.body_limit as u64 {
        return Some(Error::too_large(access.body_limit).into_response());
    }
    None
}

fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::HEAD, &mut item.head),
        (Method::PATCH, &mut item.patch),
        (Method::TRACE, &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

/// Writes the rule and the family of the errors into the operation's documentation, so that they cannot differ.
fn describe(operation: &mut Operation, access: Access, family: Family) {
    let nothing: [&str; 0] = [];
    let cookie = SecurityRequirement::new("CookieAuth", nothing);
    let bearer = SecurityRequirement::new("BearerAuth", nothing);
    operation.security = Some(match (access.rule, access.session_only) {
        (Rule::Public, _) => Vec::new(),
        (Rule::Needs(_), true) => vec![cookie],
        (Rule::Needs(_), false) => vec![bearer, cookie],
    });
    let mut refusals = vec![("429", "Too many requests; Retry-After says when to come back.".to_owned())];
    if let Rule::Needs(permission) = access.rule {
        let (name, role) = (permission.name(), permission.min_role().as_str());
        refusals.push(("401", "There is no credential, or it is not good.".to_owned()));
        refusals.push((
            "403",
            format!("The caller lacks `{name}` (role {role}), or the request comes from a foreign site."),
        ));
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-permission".to_owned(), name.into());
        extensions.insert("x-role".to_owned(), role.into());
    }
    let responses = &mut operation.responses.responses;
    for (status, text) in refusals {
        let refusal = || RefOr::T(ResponseBuilder::new().description(text).build());
        responses.entry(status.to_owned()).or_insert_with(refusal);
    }
    let body = match family {
        Family::Edge => "Error",
        Family::Fleet => "FleetError",
        Family::Mesh => "MeshError",
    };
    for (status, response) in responses {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            let content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name(body)))).build();
            response.content.insert("application/json".to_owned(), RefOr::T(content));
        }
    }
}

/// The table as a Markdown page.
#[must_use]
pub fn to_markdown(rows: &[RouteRow]) -> String {
    let mut rows: Vec<&RouteRow> = rows.iter().collect();
    rows.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    let mut text = String::from(
        "# Permissions\n\nGenerated from the route table; a test fails when it is out of date.\n\n\
         | Method | Path | Permission | Role | API token | Budget |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (permission, role) = match row.access.rule {
            Rule::Public => ("public", "–"),
            Rule::Needs(permission) => (permission.name(), permission.min_role().as_str()),
        };
        let token = match (row.access.rule, row.access.session_only) {
            (Rule::Public, _) => "–",
            (_, true) => "no",
            (_, false) => "yes",
        };
        let tier = match row.tier() {
            Tier::Auth => "auth",
            Tier::Write => "write",
            Tier::Read => "read",
        };
        let permission = if permission == "public" { permission.to_owned() } else { format!("`{permission}`") };
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| {} | `{}` | {permission} | {role} | {token} | {tier} |", row.method.as_str(), row.path);
    }
    text
}
