//! keepalived.conf: the document's part, and what this node adds.
//!
//! keepalived has its own syntax: `!` and `#` begin comments, words are separated by white space, `"` quotes and knows no
//! escapes. So a value is written in quotes only where keepalived takes a string, must not hold quotes, and everything
//! else has to be of a strict form. The text depends on nothing but the document and the target, so it does not change
//! from one rendering to the next.

use std::fmt::Write as _;
use std::net::IpAddr;

use shape::{Issue, Step};

use super::target::{Target, Vrrp};
use crate::state::Document;
use crate::state::keepalived::{AuthType, GlobalDefs, Keepalived, SyncGroup, TrackScript, VrrpInstance};

/// Renders the configuration, or nothing when the document has none.
pub(super) fn render(document: &Document, target: &Target, issues: &mut Vec<Issue>) -> Option<String> {
    let keepalived = &document.keepalived;
    if !keepalived.enabled {
        return None;
    }
    let mut text = Text { out: String::new(), path: vec![Step::from("keepalived")], issues };
    text.global_defs(keepalived, target);
    for (index, script) in keepalived.track_scripts.iter().enumerate() {
        text.at("trackScripts", index, |text| text.track_script(script));
    }
    let takes_part = |instance: &&VrrpInstance| instance.enabled && target.vrrp.contains_key(instance.id.as_str());
    let here: Vec<&VrrpInstance> = keepalived.instances.iter().filter(takes_part).collect();
    for (index, instance) in keepalived.instances.iter().enumerate() {
        match target.vrrp.get(instance.id.as_str()) {
            _ if !instance.enabled => {}
            Some(node) => text.at("instances", index, |text| text.instance(keepalived, instance, node, &here)),
            // Nodes of a cluster share the document and not every address; whoever misses one here is told why.
            None => text.left_out(instance),
        }
    }
    for (index, group) in keepalived.sync_groups.iter().enumerate() {
        text.at("syncGroups", index, |text| text.sync_group(group, &here));
    }
    Some(text.out)
}

struct Text<'i> {
    out: String,
    path: Vec<Step>,
    issues: &'i mut Vec<Issue>,
}

impl Text<'_> {
    fn at(&mut self, list: &'static str, index: usize, work: impl FnOnce(&mut Self)) {
        self.path.push(Step::from(list));
        self.path.push(Step::from(index));
        work(self);
        self.path.pop();
        self.path.pop();
    }

    fn issue(&mut self, key: &'static str, message: impl Into<String>) {
        let mut path = self.path.clone();
        path.push(Step::from(key));
        self.issues.push(Issue::custom(path, message));
    }

    fn open(&mut self, block: &'static str, name: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(block);
        if !name.is_empty() {
            self.out.push(' ');
            self.out.push_str(name);
        }
        self.out.push_str(" {\n");
    }

    fn close(&mut self) {
        self.out.push_str("}\n");
    }

    /// A keyword and what the program itself writes after it.
    fn line(&mut self, keyword: &'static str, value: impl std::fmt::Display) {
        // Writing into a string does not fail.
        let _ = writeln!(self.out, "    {keyword} {value}");
    }

    fn flag(&mut self, keyword: &'static str) {
        let _ = writeln!(self.out, "    {keyword}");
    }

    /// A keyword and a word of the document.
    fn word(&mut self, key: &'static str, keyword: &'static str, value: &str) {
        if !is_word(value) {
            self.issue(key, "must be one word without quotes, braces, # or !");
        }
        self.line(keyword, value);
    }

    /// A keyword and a text of the document, in quotes.
    fn text(&mut self, key: &'static str, keyword: &'static str, value: &str) {
        if value.contains(['"', '\\']) || value.chars().any(char::is_control) {
            self.issue(key, "must not hold double quotes or backslashes: keepalived cannot read them");
        }
        self.line(keyword, format_args!("\"{value}\""));
    }

    fn global_defs(&mut self, keepalived: &Keepalived, target: &Target) {
        let defs: &GlobalDefs = &keepalived.global_defs;
        self.path.push(Step::from("globalDefs"));
        self.open("global_defs", "");
        if let Some(id) = defs.router_id.as_deref().or(target.node.as_deref()) {
            self.word("routerId", "router_id", id);
        }
        if !defs.notification_email.is_empty() {
            self.flag("notification_email {");
            for address in &defs.notification_email {
                self.word("notificationEmail", "   ", address.as_str());
            }
            self.flag("}");
        }
        if let Some(address) = &defs.notification_email_from {
            self.word("notificationEmailFrom", "notification_email_from", address.as_str());
        }
        if let Some(server) = &defs.smtp_server {
            self.word("smtpServer", "smtp_server", server);
        }
        if let Some(seconds) = defs.smtp_connect_timeout {
            self.line("smtp_connect_timeout", seconds);
        }
        if defs.vrrp_strict {
            self.flag("vrrp_strict");
        }
        if defs.vrrp_skip_check_adv_addr {
            self.flag("vrrp_skip_check_adv_addr");
        }
        if let Some(seconds) = defs.vrrp_garp_interval {
            self.line("vrrp_garp_interval", seconds);
        }
        if let Some(seconds) = defs.vrrp_gna_interval {
            self.line("vrrp_gna_interval", seconds);
        }
        if !keepalived.track_scripts.is_empty() || !keepalived.sync_groups.is_empty() {
            self.line("script_user", &target.script_user);
            self.flag("enable_script_security");
        }
        self.close();
        self.path.pop();
    }

    fn track_script(&mut self, script: &TrackScript) {
        self.open("vrrp_script", script_name(script));
        self.text("script", "script", &script.script);
        self.line("interval", script.interval);
        if let Some(seconds) = script.timeout {
            self.line("timeout", seconds);
        }
        self.line("weight", script.weight);
        if let Some(count) = script.fall {
            self.line("fall", count);
        }
        if let Some(count) = script.rise {
            self.line("rise", count);
        }
        if script.init_fail {
            self.flag("init_fail");
        }
        self.close();
    }

    fn instance(&mut self, keepalived: &Keepalived, instance: &VrrpInstance, node: &Vrrp, here: &[&VrrpInstance]) {
        self.open("vrrp_instance", &instance.name);
        // A node that must not take an address over again, or not at once, has to begin as backup.
        let master = node.master && instance.preempt && instance.preempt_delay.is_none();
        self.line("state", if master { "MASTER" } else { "BACKUP" });
        self.word("interface", "interface", &node.interface);
        self.line("virtual_router_id", instance.virtual_router_id);
        self.line("priority", node.priority);
        self.line("advert_int", instance.advert_int);
        if !instance.preempt {
            self.flag("nopreempt");
        } else if let Some(seconds) = instance.preempt_delay {
            self.line("preempt_delay", seconds);
        }
        if let Some(seconds) = instance.garp_master_delay {
            self.line("garp_master_delay", seconds);
        }
        self.address(instance);
        self.track(keepalived, instance);
        // A group that has only this member here; see `sync_group`.
        let path = std::mem::replace(&mut self.path, vec![Step::from("keepalived")]);
        for (index, group) in keepalived.sync_groups.iter().enumerate() {
            if belongs(group, instance) && members(group, here).count() == 1 {
                self.at("syncGroups", index, |text| text.notify(group));
            }
        }
        self.path = path;
        self.close();
    }

    fn left_out(&mut self, instance: &VrrpInstance) {
        let (name, id) = (&instance.name, &instance.id);
        // Writing into a string does not fail.
        let _ =
            writeln!(self.out, "\n! {name} is left out: this node's configuration has no keepalived.instances.{id}");
    }

    fn address(&mut self, instance: &VrrpInstance) {
        let address = instance.vip.parse::<IpAddr>();
        let most = if matches!(address, Ok(IpAddr::V4(_))) { 32 } else { 128 };
        match address {
            Err(_) => self.issue("vip", "must be an IP address"),
            Ok(_) if instance.prefix.get() > most => {
                self.issue("prefix", format!("must be at most {most} for this address"))
            }
            Ok(_) => {}
        }
        let password = instance.auth_pass.expose();
        if !is_word(password) {
            self.issue("authPass", "must not hold white space, quotes, braces, # or !: keepalived cannot read them");
        } else if matches!(address, Ok(IpAddr::V4(_))) {
            // VRRP for IPv6 (version 3) has no authentication, and keepalived refuses to read it there.
            self.flag("authentication {");
            self.line("    auth_type", if instance.auth_type == AuthType::Pass { "PASS" } else { "AH" });
            self.line("    auth_pass", password);
            self.flag("}");
        }
        self.flag("virtual_ipaddress {");
        self.line("   ", format_args!("{}/{}", instance.vip, instance.prefix));
        self.flag("}");
    }

    fn track(&mut self, keepalived: &Keepalived, instance: &VrrpInstance) {
        let scripts: Vec<&TrackScript> = instance
            .track_script_ids
            .iter()
            .filter_map(|id| keepalived.track_scripts.iter().find(|script| script.id == *id.as_str()))
            .collect();
        if scripts.is_empty() {
            return;
        }
        // keepalived passes such scripts over, and then refuses its own configuration.
        let grouped = keepalived.sync_groups.iter().any(|group| belongs(group, instance));
        if let Some(script) = scripts.iter().find(|script| grouped && script.weight.get() != 0) {
            let name = script_name(script);
            self.issue(
                "trackScriptIds",
                format!("the script \"{name}\" has a weight, which an instance in a sync group cannot use"),
            );
        }
        self.flag("track_script {");
        for script in scripts {
            self.line("   ", script_name(script));
        }
        self.flag("}");
    }

    /// Only what takes part on this node can be in a group here: keepalived refuses groups with unknown members, and its
    /// check also those with one. The commands of such a group stand in its only instance.
    fn sync_group(&mut self, group: &SyncGroup, here: &[&VrrpInstance]) {
        if members(group, here).count() < 2 {
            return;
        }
        self.open("vrrp_sync_group", &group.name);
        self.flag("group {");
        for member in members(group, here) {
            self.line("   ", &member.name);
        }
        self.flag("}");
        self.notify(group);
        self.close();
    }

    fn notify(&mut self, group: &SyncGroup) {
        for (key, keyword, command) in [
            ("notifyMaster", "notify_master", &group.notify_master),
            ("notifyBackup", "notify_backup", &group.notify_backup),
            ("notifyFault", "notify_fault", &group.notify_fault),
        ] {
            if let Some(command) = command {
                self.text(key, keyword, command);
            }
        }
    }
}

/// Whether an instance moves with a group: the group lists it, or it says so itself.
fn belongs(group: &SyncGroup, instance: &VrrpInstance) -> bool {
    group.instance_ids.contains(&instance.id) || instance.sync_group_id.as_ref().is_some_and(|id| *id == group.id)
}

/// The members of a group that take part on this node.
fn members<'a>(group: &'a SyncGroup, here: &'a [&'a VrrpInstance]) -> impl Iterator<Item = &'a VrrpInstance> {
    here.iter().copied().filter(|instance| belongs(group, instance))
}

fn script_name(script: &TrackScript) -> &str {
    script.name.as_deref().unwrap_or(&script.id)
}

/// Whether keepalived reads a text as exactly one word.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['@', '$', '~'])
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"\"'\\{}#!".contains(c))
}
