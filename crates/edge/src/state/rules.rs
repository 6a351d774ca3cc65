//! Rules: an action, and the condition under which it is taken.

use shape::{Extra, Shape, Text};

use super::acl::Operator;
use super::actions::{
    HttpAfterResponseAction, HttpRequestAction, HttpResponseAction, TcpConnectionAction, TcpContentAction,
    TcpResponseAction, TcpSessionAction,
};
use super::common::{AclName, Description, Free, Id};

/// The rules of a frontend, by the phase in which they are evaluated.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct RulePhases {
    /// When a connection was accepted (`tcp-request connection`).
    #[shape(default)]
    pub tcp_request_connection: Vec<TcpConnectionRule>,
    /// When the handshakes are done (`tcp-request session`).
    #[shape(default)]
    pub tcp_request_session: Vec<TcpSessionRule>,
    /// When data came (`tcp-request content`).
    #[shape(default)]
    pub tcp_request_content: Vec<TcpContentRule>,
    /// When a request came (`http-request`).
    #[shape(default)]
    pub http_request: Vec<HttpRequestRule>,
    /// When a response came (`http-response`).
    #[shape(default)]
    pub http_response: Vec<HttpResponseRule>,
    /// When any response is about to leave (`http-after-response`).
    #[shape(default)]
    pub http_after_response: Vec<HttpAfterResponseRule>,
    /// When data came from the server (`tcp-response content`).
    #[shape(default)]
    pub tcp_response_content: Vec<TcpResponseRule>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// One part of a condition.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "kind")]
pub enum Term {
    /// An ACL by its name.
    #[shape(rename = "aclRef")]
    AclRef(AclRef),
    /// A test that stands here only.
    #[shape(rename = "inline")]
    Inline(Inline),
}

/// How a term and the next one go together; `and` binds more tightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Combine {
    /// Both.
    And,
    /// Either.
    Or,
}

/// An ACL by its name.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct AclRef {
    /// The name of the ACL.
    pub acl_name: AclName,
    /// Whether the opposite is meant.
    #[shape(default = false)]
    pub negate: bool,
    /// How it goes together with the next term.
    #[shape(default = Combine::And)]
    pub combine_with_next: Combine,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A test that stands here only.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Inline {
    /// A sample fetch and its converters.
    pub field: Text<1, 128>,
    /// The argument of the fetch, when `field` does not carry it.
    pub field_arg: Option<Description>,
    /// How the sample is compared (`-m`).
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
    /// Whether the opposite is meant.
    #[shape(default = false)]
    pub negate: bool,
    /// How it goes together with the next term.
    #[shape(default = Combine::And)]
    pub combine_with_next: Combine,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

impl Term {
    /// Whether the opposite is meant.
    pub fn negate(&self) -> bool {
        match self {
            Term::AclRef(term) => term.negate,
            Term::Inline(term) => term.negate,
        }
    }

    /// How it goes together with the next term.
    pub fn combine_with_next(&self) -> Combine {
        match self {
            Term::AclRef(term) => term.combine_with_next,
            Term::Inline(term) => term.combine_with_next,
        }
    }
}

/// What the rules of all phases have in common.
pub trait Rule {
    /// The action of the phase.
    type Action;
    /// Its identifier, unique in its phase of its frontend.
    fn id(&self) -> &Id;
    /// Whether it is rendered.
    fn enabled(&self) -> bool;
    /// When the action is taken; always, if there are no terms.
    fn condition(&self) -> &[Term];
    /// What is done.
    fn action(&self) -> &Self::Action;
}

macro_rules! rule {
    ($(#[$doc:meta])* $name:ident, $action:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Shape)]
        pub struct $name {
            /// Its identifier.
            pub id: Id,
            /// For people.
            pub name: Option<Text<0, 128>>,
            /// Whether it is rendered.
            #[shape(default = true)]
            pub enabled: bool,
            /// When the action is taken; always, if there are no terms.
            #[shape(default)]
            pub condition: Vec<Term>,
            /// What is done.
            pub action: $action,
            /// Keys that begin with `x-`.
            #[shape(extra)]
            pub extra: Extra,
        }

        impl Rule for $name {
            type Action = $action;

            fn id(&self) -> &Id {
                &self.id
            }

            fn enabled(&self) -> bool {
                self.enabled
            }

            fn condition(&self) -> &[Term] {
                &self.condition
            }

            fn action(&self) -> &$action {
                &self.action
            }
        }
    };
}

rule! {
    /// A rule for accepted connections.
    TcpConnectionRule, TcpConnectionAction
}
rule! {
    /// A rule for sessions.
    TcpSessionRule, TcpSessionAction
}
rule! {
    /// A rule for the data of a request.
    TcpContentRule, TcpContentAction
}
rule! {
    /// A rule for requests.
    HttpRequestRule, HttpRequestAction
}
rule! {
    /// A rule for responses of servers.
    HttpResponseRule, HttpResponseAction
}
rule! {
    /// A rule for all responses.
    HttpAfterResponseRule, HttpAfterResponseAction
}
rule! {
    /// A rule for the data of a response.
    TcpResponseRule, TcpResponseAction
}
