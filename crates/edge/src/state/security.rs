//! Security profiles: protections that rules apply by id.

use shape::{Extra, Int, Positive, Shape, Text};

use super::common::{Dur, Id, Line, Size};

/// A protection.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "kind")]
pub enum SecurityProfile {
    /// Refuses clients that ask too much.
    RateLimit(RateLimitProfile),
    /// Refuses clients by country.
    GeoBlock(GeoBlockProfile),
    /// Refuses clients by what they say they are.
    BotDefense(BotDefenseProfile),
}

impl SecurityProfile {
    /// Its identifier.
    pub fn id(&self) -> &Id {
        match self {
            SecurityProfile::RateLimit(profile) => &profile.id,
            SecurityProfile::GeoBlock(profile) => &profile.id,
            SecurityProfile::BotDefense(profile) => &profile.id,
        }
    }
}

macro_rules! profile {
    ($(#[$doc:meta])* $name:ident, $config:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Shape)]
        pub struct $name {
            /// Its identifier.
            pub id: Id,
            /// What it is called.
            pub label: Text<1, 128>,
            /// Its settings.
            pub config: $config,
            /// Keys that begin with `x-`.
            #[shape(extra)]
            pub extra: Extra,
        }
    };
}

profile! {
    /// Refuses clients that ask too much.
    RateLimitProfile, RateLimit
}
profile! {
    /// Refuses clients by country.
    GeoBlockProfile, GeoBlock
}
profile! {
    /// Refuses clients by what they say they are.
    BotDefenseProfile, BotDefense
}

/// Settings of a rate limit.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct RateLimit {
    /// Most clients that are counted.
    #[shape(default = Size::lit("100k"))]
    pub table_size: Size,
    /// How long a client is remembered without use.
    #[shape(default = Dur::lit("60s"))]
    pub table_expire: Dur,
    /// What is counted.
    #[shape(default = ["conn_rate(10s)", "http_req_rate(60s)", "http_err_rate(30s)"].into_iter().map(Line::lit).collect())]
    pub store: Vec<Line>,
    /// The sample that clients are told apart by. `src` counts IPv4 and IPv6 addresses.
    #[shape(default = Line::lit("src"))]
    pub track_by: Line,
    /// Above this the request is refused.
    #[shape(default = Positive::lit(100))]
    pub deny_threshold: Positive,
    /// With which status code.
    #[shape(default = Int::lit(429))]
    pub deny_status: Int<400, 599>,
    /// What is compared with the threshold. Counter 0 stands for the one that this profile is given.
    #[shape(default = Line::lit("sc_http_req_rate(0)"))]
    pub counter_expression: Line,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of a country filter.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GeoBlock {
    /// The map from networks to countries: the name of one of the document's maps, or an absolute path.
    pub map_ref: Line,
    /// When not empty, only these countries pass.
    #[shape(default)]
    pub allow_list: Vec<Text<2, 3>>,
    /// These countries do not pass.
    #[shape(default)]
    pub deny_list: Vec<Text<2, 3>>,
    /// With which status code.
    #[shape(default = Int::lit(403))]
    pub deny_status: Int<400, 599>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of a filter on `User-Agent`.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct BotDefense {
    /// Regular expressions; what matches does not pass.
    #[shape(default)]
    pub ua_deny_patterns: Vec<Line>,
    /// Regular expressions; when not empty, only what matches passes.
    #[shape(default)]
    pub ua_allow_patterns: Vec<Line>,
    /// With which status code.
    #[shape(default = Int::lit(403))]
    pub deny_status: Int<400, 599>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
