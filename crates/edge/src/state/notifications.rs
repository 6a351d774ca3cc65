//! Where events are announced. Each kind of channel has its own settings, so that what is secret in them is known.

use shape::{AnyJson, Extra, Map, Secret, Shape, Text};

use super::common::{Free, Id, Line};

/// Where events are announced.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Notifications {
    /// The channels.
    #[shape(default)]
    pub channels: Vec<Channel>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Where events are announced.
#[derive(Clone, Debug, PartialEq, Shape)]
#[shape(tag = "type")]
pub enum Channel {
    /// A service of Home Assistant.
    HaNotify(HaNotifyChannel),
    /// Any HTTP endpoint.
    Webhook(WebhookChannel),
    /// Discord.
    Discord(DiscordChannel),
    /// ntfy.
    Ntfy(NtfyChannel),
    /// Slack.
    Slack(SlackChannel),
}

/// Severities of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Shape)]
#[shape(strings)]
pub enum Severity {
    /// Information.
    Info,
    /// Something went well.
    Success,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
}

macro_rules! channels {
    ($($(#[$doc:meta])* $variant:ident $name:ident, $config:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Shape)]
            pub struct $name {
                /// Its identifier.
                pub id: Id,
                /// What it is called.
                pub label: Text<1, 128>,
                /// Whether it is used.
                #[shape(default = true)]
                pub enabled: bool,
                /// The kinds of events it announces; all, when empty.
                #[shape(default)]
                pub events: Vec<Free>,
                /// The least severity it announces.
                #[shape(default = Severity::Info)]
                pub min_severity: Severity,
                /// Its settings.
                #[shape(default)]
                pub config: $config,
                /// Keys that begin with `x-`.
                #[shape(extra)]
                pub extra: Extra,
            }
        )*

        impl Channel {
            /// Its identifier.
            pub fn id(&self) -> &Id {
                match self {
                    $(Channel::$variant(channel) => &channel.id,)*
                }
            }
        }
    };
}

channels! {
    /// A service of Home Assistant.
    HaNotify HaNotifyChannel, HaNotify;
    /// Any HTTP endpoint.
    Webhook WebhookChannel, Webhook;
    /// Discord.
    Discord DiscordChannel, Discord;
    /// ntfy.
    Ntfy NtfyChannel, Ntfy;
    /// Slack.
    Slack SlackChannel, Slack;
}

/// Settings of a service of Home Assistant.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct HaNotify {
    /// The service; `persistent_notification.create` when absent.
    pub service: Option<Line>,
    /// Further data for it.
    pub data: Option<AnyJson>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of an HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Webhook {
    /// Where it is.
    pub url: Option<Secret>,
    /// Headers that are sent to it.
    pub headers: Option<Map<Line, Secret<0>>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of Discord.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Discord {
    /// Where it is; whoever knows it may post.
    pub webhook_url: Option<Secret>,
    /// Who posts.
    pub username: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of ntfy.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Ntfy {
    /// The server; `https://ntfy.sh` when absent.
    pub url: Option<Secret>,
    /// The topic.
    pub topic: Option<Line>,
    /// Tags of the message.
    pub tags: Option<Free>,
    /// The token with which messages are posted.
    pub token: Option<Secret>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Settings of Slack.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Slack {
    /// Where it is; whoever knows it may post.
    pub webhook_url: Option<Secret>,
    /// Who posts.
    pub username: Option<Line>,
    /// The picture of who posts.
    pub icon_emoji: Option<Line>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
