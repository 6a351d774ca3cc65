//! What rules do, by phase. Which action exists in which phase is part of the contract; whether the installed
//! HAProxy has it is the renderer's business.

use shape::{Extra, Int, Positive, Shape, Text};

use super::common::{Dur, Free, Id, Line, LuaName};

/// The name of a header or a variable.
pub type Name = Text<1, 128>;

macro_rules! action {
    ($(#[$doc:meta])* $name:ident { $($fields:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Shape)]
        pub struct $name {
            $($fields)*
            /// Keys that begin with `x-`.
            #[shape(extra)]
            pub extra: Extra,
        }
    };
}

action! {
    /// An action without settings.
    Plain {}
}
action! {
    /// Refuses, with a status code.
    Deny {
        /// The status code; HAProxy's own when absent.
        pub status_code: Option<Int<400, 599>>,
    }
}
action! {
    /// Sends the client elsewhere.
    Redirect {
        /// What `target` is.
        pub redirect_type: RedirectType,
        /// Where to (a log format).
        pub target: Line,
        /// 301, 302, 303, 307 or 308.
        pub code: Option<Int<301, 308>>,
        /// Whether the query is dropped.
        #[shape(default = false)]
        pub drop_query_string: bool,
        /// Whether a slash is added to the path.
        #[shape(default = false)]
        pub append_slash: bool,
        /// A cookie that is set.
        pub set_cookie: Option<Free>,
        /// A cookie that is cleared.
        pub clear_cookie: Option<Free>,
    }
}
action! {
    /// Sends the request to a backend.
    UseBackend {
        /// The backend.
        pub backend_id: Id,
    }
}
action! {
    /// Lets a service of HAProxy answer.
    UseService {
        /// Its name, such as `prometheus-exporter` or `lua.hello`.
        pub service_name: Line,
    }
}
action! {
    /// Sets or adds a header, or sends an early hint.
    Header {
        /// The name of the header.
        pub name: Name,
        /// Its value (a log format).
        pub value: Free,
    }
}
action! {
    /// Removes a header.
    DelHeader {
        /// The name of the header.
        pub name: Name,
    }
}
action! {
    /// Replaces what matches in a header.
    Replace {
        /// The name of the header.
        pub name: Name,
        /// The regular expression.
        pub match_regex: Line,
        /// What takes its place (a log format; `\1` is the first group).
        pub replacement: Free,
    }
}
action! {
    /// Sets a variable.
    SetVar {
        /// How long it lives.
        pub scope: Scope,
        /// Its name.
        pub name: Name,
        /// The sample that is kept.
        pub expression: Line,
    }
}
action! {
    /// Forgets a variable.
    UnsetVar {
        /// How long it lives.
        pub scope: Scope,
        /// Its name.
        pub name: Name,
    }
}
action! {
    /// Changes a part of the request.
    Expression {
        /// The new value (a log format).
        pub expression: Line,
    }
}
action! {
    /// Sets the severity of the log line.
    SetLogLevel {
        /// The severity; `silent` logs nothing.
        pub level: LogLevel,
    }
}
action! {
    /// Counts under a key.
    TrackSc {
        /// Which counter.
        pub sc_index: Int<0, 31>,
        /// The sample that is counted by.
        pub key: Line,
        /// The table, by the name of the proxy that holds it.
        pub table: Line,
    }
}
action! {
    /// Keeps a sample of the request for the log.
    CaptureRequest {
        /// The sample.
        pub expression: Line,
        /// Most bytes that are kept.
        pub len: Positive,
    }
}
action! {
    /// Keeps a sample of the response for the log.
    CaptureResponse {
        /// The slot; those of `captureResponseHeaders` come first, further ones are declared as needed.
        pub id: Int<0, 63>,
        /// The sample.
        pub expression: Line,
    }
}
action! {
    /// Calls a Lua function.
    Lua {
        /// Its name, as registered without `lua.`.
        pub function: LuaName,
        /// Its arguments.
        #[shape(default)]
        pub args: Vec<Free>,
    }
}
action! {
    /// Asks for a user name and a password.
    Auth {
        /// What the browser's question shows.
        pub realm: Option<Line>,
    }
}
action! {
    /// Answers at once.
    Return {
        /// The status code; 200 when absent.
        pub status_code: Option<Int<100, 599>>,
        /// The type of the body.
        pub content_type: Option<Line>,
        /// The body.
        pub body: Option<ReturnBody>,
        /// Headers of the answer.
        #[shape(default)]
        pub headers: Vec<Header>,
    }
}
action! {
    /// The body of an answer.
    ReturnBody {
        /// What `content` is.
        pub kind: BodyKind,
        /// A text, or the path of a file.
        pub content: Free,
    }
}
action! {
    /// Brings a URI into normal form.
    NormalizeUri {
        /// How.
        pub method: NormalizeMethod,
    }
}
action! {
    /// Waits for the body of a request.
    WaitForBody {
        /// For how long.
        pub time: Dur,
    }
}
action! {
    /// Resolves a name.
    DoResolve {
        /// How long the variable lives.
        pub var_scope: Scope,
        /// The variable that holds the address.
        pub var_name: Name,
        /// The `resolvers` section, by its name.
        pub resolvers: Line,
        /// Which kind of address.
        pub family: Option<Family>,
        /// The sample with the name.
        pub expression: Line,
    }
}
action! {
    /// Increments a general purpose counter.
    ScIncGpc {
        /// Which counter of the entry.
        pub gpc_index: Int<0, 2>,
        /// Which tracked entry.
        pub sc_index: Int<0, 31>,
    }
}
action! {
    /// Applies a security profile.
    ApplySecurityProfile {
        /// The profile.
        pub profile_id: Id,
    }
}
action! {
    /// Lets only authenticated requests pass.
    ApplyAuthProvider {
        /// The provider.
        pub provider_id: Id,
    }
}
action! {
    /// Sets the status of a response.
    SetStatus {
        /// The status code.
        pub status_code: Int<100, 599>,
        /// The words after it.
        pub reason: Option<Free>,
    }
}
action! {
    /// Marks packets for the kernel.
    SetMark {
        /// The mark, decimal or with `0x`.
        pub mark: Line,
    }
}
action! {
    /// Sets the DS field of packets.
    SetTos {
        /// The value, decimal or with `0x`.
        pub tos: Line,
    }
}
action! {
    /// Sets a priority in the queue.
    SetPriority {
        /// The value.
        pub value: Int<-9_007_199_254_740_991, 9_007_199_254_740_991>,
    }
}

/// What a redirect's target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum RedirectType {
    /// The whole new location.
    Location,
    /// What comes before the path.
    Prefix,
    /// The new scheme.
    Scheme,
}

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Scope {
    /// As long as the process.
    Proc,
    /// As long as the client's connection.
    Sess,
    /// Request and response.
    Txn,
    /// The request.
    Req,
    /// The response.
    Res,
}

/// Severities of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum LogLevel {
    /// Nothing is logged.
    Silent,
    /// The system is unusable.
    Emerg,
    /// Act at once.
    Alert,
    /// Critical.
    Crit,
    /// Error.
    Err,
    /// Warning.
    Warning,
    /// Normal but significant.
    Notice,
    /// Informational.
    Info,
    /// For debugging.
    Debug,
}

/// What the body of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum BodyKind {
    /// A text.
    String,
    /// A log format.
    LfString,
    /// A file.
    File,
    /// A file with a log format in it.
    LfFile,
}

/// How a URI is brought into normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum NormalizeMethod {
    /// `//` becomes `/`.
    PathMergeSlashes,
    /// `/./` becomes `/`.
    PathStripDot,
    /// `/a/../` becomes `/`.
    PathStripDotdot,
    /// `#` is encoded.
    FragmentEncode,
    /// What follows `#` is removed.
    FragmentStrip,
    /// What need not be encoded is decoded.
    PercentDecodeUnreserved,
    /// Encodings are written in upper case.
    PercentToUppercase,
    /// Parameters are sorted.
    QuerySortByName,
}

/// Which kind of address a name is resolved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// What a rule for requests does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum HttpRequestAction {
    /// Ends the rules: the request passes.
    Allow(Plain),
    /// Refuses the request.
    Deny(Deny),
    /// Closes the connection without an answer.
    Reject(Plain),
    /// Refuses the request after a while.
    Tarpit(Deny),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Sends the request to a backend.
    UseBackend(UseBackend),
    /// Lets a service of HAProxy answer.
    UseService(UseService),
    /// Sets a header.
    SetHeader(Header),
    /// Adds a header.
    AddHeader(Header),
    /// Removes a header.
    DelHeader(DelHeader),
    /// Replaces what matches in whole header values.
    ReplaceHeader(Replace),
    /// Replaces what matches in each value between commas.
    ReplaceValue(Replace),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Sets the path.
    SetPath(Expression),
    /// Sets the URI.
    SetUri(Expression),
    /// Sets the query.
    SetQuery(Expression),
    /// Sets the method.
    SetMethod(Expression),
    /// Sets the severity of the log line.
    SetLogLevel(SetLogLevel),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
    /// Counts under a key.
    TrackSc(TrackSc),
    /// Keeps a sample for the log.
    Capture(CaptureRequest),
    /// Calls a Lua function.
    Lua(Lua),
    /// Asks for a user name and a password.
    Auth(Auth),
    /// Answers at once.
    Return(Return),
    /// Brings the URI into normal form.
    NormalizeUri(NormalizeUri),
    /// Waits for the body.
    WaitForBody(WaitForBody),
    /// Sends a 103 response ahead.
    EarlyHint(Header),
    /// Resolves a name.
    DoResolve(DoResolve),
    /// Increments a general purpose counter.
    ScIncGpc(ScIncGpc),
    /// Applies a security profile.
    ApplySecurityProfile(ApplySecurityProfile),
    /// Lets only authenticated requests pass.
    ApplyAuthProvider(ApplyAuthProvider),
}

/// What a rule for responses does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum HttpResponseAction {
    /// Ends the rules: the response passes.
    Allow(Plain),
    /// Answers with an error instead.
    Deny(Deny),
    /// Sets the status.
    SetStatus(SetStatus),
    /// Sets a header.
    SetHeader(Header),
    /// Adds a header.
    AddHeader(Header),
    /// Removes a header.
    DelHeader(DelHeader),
    /// Replaces what matches in whole header values.
    ReplaceHeader(Replace),
    /// Replaces what matches in each value between commas.
    ReplaceValue(Replace),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Sets the severity of the log line.
    SetLogLevel(SetLogLevel),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
    /// Calls a Lua function.
    Lua(Lua),
    /// Answers at once.
    Return(Return),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Keeps a sample for the log.
    Capture(CaptureResponse),
}

/// What a rule for all responses does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum HttpAfterResponseAction {
    /// Ends the rules.
    Allow(Plain),
    /// HAProxy cannot refuse here; using it is an issue.
    Deny(Plain),
    /// Sets the status.
    SetStatus(SetStatus),
    /// Sets a header.
    SetHeader(Header),
    /// Adds a header.
    AddHeader(Header),
    /// Removes a header.
    DelHeader(DelHeader),
    /// Replaces what matches in whole header values.
    ReplaceHeader(Replace),
    /// Replaces what matches in each value between commas.
    ReplaceValue(Replace),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Sets the severity of the log line.
    SetLogLevel(SetLogLevel),
    /// HAProxy has no Lua here; using it is an issue.
    Lua(Lua),
}

/// What a rule for accepted connections does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum TcpConnectionAction {
    /// Ends the rules: the connection passes.
    Accept(Plain),
    /// Closes the connection.
    Reject(Plain),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Counts under a key.
    TrackSc(TrackSc),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
    /// Marks packets for the kernel.
    SetMark(SetMark),
    /// Sets the DS field of packets.
    SetTos(SetTos),
    /// Increments a general purpose counter.
    ScIncGpc(ScIncGpc),
}

/// What a rule for sessions does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum TcpSessionAction {
    /// Ends the rules: the session passes.
    Accept(Plain),
    /// Closes the connection.
    Reject(Plain),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Counts under a key.
    TrackSc(TrackSc),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
}

/// What a rule for the data of a request does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum TcpContentAction {
    /// Ends the rules: the connection passes.
    Accept(Plain),
    /// Closes the connection.
    Reject(Plain),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Counts under a key.
    TrackSc(TrackSc),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
    /// Calls a Lua function.
    Lua(Lua),
    /// Lets a service of HAProxy answer.
    UseService(UseService),
    /// Resolves a name.
    DoResolve(DoResolve),
    /// Sets the class in the queue.
    SetPriorityClass(SetPriority),
    /// Sets the place in the queue.
    SetPriorityOffset(SetPriority),
    /// Marks packets for the kernel.
    SetMark(SetMark),
    /// Sets the DS field of packets.
    SetTos(SetTos),
}

/// What a rule for the data of a response does.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum TcpResponseAction {
    /// Ends the rules: the response passes.
    Accept(Plain),
    /// Closes the connection.
    Reject(Plain),
    /// Closes the connection to the server.
    Close(Plain),
    /// Sets a variable.
    SetVar(SetVar),
    /// Forgets a variable.
    UnsetVar(UnsetVar),
    /// Calls a Lua function.
    Lua(Lua),
    /// Forgets the connection without telling the client.
    SilentDrop(Plain),
}
