//! What a security profile adds to a frontend's request rules.

use super::acl::{Condition, Test};
use super::actions::deny_status;
use super::rules::Rules;
use super::sections::{is_network_map, map_file};
use super::values;
use super::writer::{Out, Phrase};
use crate::state::acl::Operator;
use crate::state::security::{BotDefense, GeoBlock, RateLimit, SecurityProfile};

pub(super) fn render<'d>(out: &mut Out, rules: &mut Rules<'_, '_, 'd>, id: &str, condition: &Condition) {
    let profiles = &rules.cx.document.security_profiles;
    let Some(index) = profiles.iter().position(|profile| profile.id() == id) else {
        out.issue_at("profileId", format!("references unknown securityProfile: {id}"));
        return;
    };
    // What is wrong with a profile is reported where the profile stands; lines belong to the rule that applies it.
    let check = |out: &mut Out, check: &dyn Fn(&mut Out)| {
        out.at_root(|out| {
            out.enter("securityProfiles");
            out.at(index, |out| out.at("config", |out| check(out)));
            out.leave();
        });
    };
    match &profiles[index] {
        SecurityProfile::RateLimit(profile) => {
            check(out, &|out| {
                deny_status(out, "denyStatus", Some(profile.config.deny_status.get()));
                for (key, expression) in
                    [("trackBy", &profile.config.track_by), ("counterExpression", &profile.config.counter_expression)]
                {
                    if let Some(fault) = values::sample_fault(expression) {
                        out.issue_at(key, fault);
                    }
                }
            });
            rules.needs.tables.insert(&profile.id, index);
            rate_limit(out, rules, &profile.id, &profile.config, condition);
        }
        SecurityProfile::GeoBlock(profile) => {
            let file = map_of(rules, &profile.config.map_ref);
            check(out, &|out| {
                deny_status(out, "denyStatus", Some(profile.config.deny_status.get()));
                if let Err(message) = &file {
                    out.issue_at("mapRef", message.as_str());
                }
                if profile.config.allow_list.is_empty() && profile.config.deny_list.is_empty() {
                    out.issue("names no country, so it would not protect anything; fill allowList or denyList");
                }
            });
            if let Ok(file) = file {
                geo_block(out, rules, &profile.config, &file, condition);
            }
        }
        SecurityProfile::BotDefense(profile) => {
            check(out, &|out| {
                deny_status(out, "denyStatus", Some(profile.config.deny_status.get()));
                if profile.config.ua_allow_patterns.is_empty() && profile.config.ua_deny_patterns.is_empty() {
                    out.issue("names no pattern, so it would not protect anything; fill one of the lists");
                }
            });
            bot_defense(out, rules, &profile.config, condition);
        }
    }
}

fn rate_limit<'d>(
    out: &mut Out,
    rules: &mut Rules<'_, '_, 'd>,
    id: &'d str,
    config: &RateLimit,
    condition: &Condition,
) {
    let counter = rules.counter_of(out, id);
    let number = counter.to_string();
    out.line("http-request")
        .glued(&["track-sc", &number])
        .arg(&config.track_by)
        .key("table")
        .glued(&["st_rl_", id])
        .when(condition);
    let expression =
        config.counter_expression.replace("(0)", &format!("({number})")).replace("(0,", &format!("({number},"));
    let threshold = config.deny_threshold.get().to_string();
    let above = rules.acls.test(out, &Test::new(&expression, Some(Operator::Gt), vec![&threshold]), false);
    deny(out, config.deny_status.get(), &condition.and(&above));
}

/// The file of a geo map: one of the document's, or one that the document names by its absolute path.
fn map_of(rules: &Rules<'_, '_, '_>, reference: &str) -> Result<String, String> {
    let maps = &rules.cx.document.haproxy.maps;
    match maps.iter().find(|map| map.name == *reference || map.id == *reference) {
        Some(map) if !is_network_map(map) => {
            Err(format!("the map \"{reference}\" has keys that are neither IP addresses nor networks"))
        }
        Some(map) => Ok(map_file(map)),
        None if !reference.starts_with('/') => {
            Err(format!("there is no map \"{reference}\"; give the name of a map or an absolute path"))
        }
        None if reference.contains(|c: char| c.is_whitespace() || "(),\"'\\".contains(c)) => {
            Err("a path here must not hold white space, quotes, commas or parentheses".to_owned())
        }
        None => Ok(reference.to_owned()),
    }
}

/// Countries by the client's address. `map_ip` finds the network that an address lies in, IPv4 and IPv6 alike.
fn geo_block(out: &mut Out, rules: &mut Rules<'_, '_, '_>, config: &GeoBlock, file: &str, condition: &Condition) {
    let field = format!("src,map_ip({file})");
    for (countries, negate) in [(&config.allow_list, true), (&config.deny_list, false)] {
        if countries.is_empty() {
            continue;
        }
        let values = countries.iter().map(|country| country.as_str()).collect();
        let test = Test { ignore_case: true, ..Test::new(&field, Some(Operator::Str), values) };
        let phrase = rules.acls.test(out, &test, negate);
        deny(out, config.deny_status.get(), &condition.and(&phrase));
    }
}

/// What clients say they are. The whole header is looked at; it may hold commas.
fn bot_defense(out: &mut Out, rules: &mut Rules<'_, '_, '_>, config: &BotDefense, condition: &Condition) {
    for (patterns, negate) in [(&config.ua_allow_patterns, true), (&config.ua_deny_patterns, false)] {
        if patterns.is_empty() {
            continue;
        }
        let values = patterns.iter().map(|pattern| pattern.as_str()).collect();
        let test = Test::new("req.fhdr(User-Agent)", Some(Operator::Reg), values);
        let phrase = rules.acls.test(out, &test, negate);
        deny(out, config.deny_status.get(), &condition.and(&phrase));
    }
}

fn deny(out: &mut Out, status: i64, condition: &Condition) {
    out.line("http-request").key("deny").count("deny_status", Some(status)).when(condition);
}

/// A phrase that holds when a sample exists.
pub(super) fn exists(field: &str) -> Phrase {
    Phrase::default().key("{").arg(field).key("-m found }")
}
