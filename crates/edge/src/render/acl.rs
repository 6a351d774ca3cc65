//! Conditions: named ACLs, inline tests, and how terms go together.
//!
//! HAProxy has no parentheses, so a condition is kept as alternatives, each a conjunction; what a macro adds to a
//! condition is added to every alternative. A test that would not fit between braces (many values, or a value that is
//! the closing brace itself) becomes an ACL of its own, whose name begins with `_` and so cannot be one of the
//! document's.

use std::collections::HashSet;

use super::context::Context;
use super::rules::Phase;
use super::values;
use super::writer::{Line, Out, Phrase};
use crate::state::acl::{Acl, Operator};
use crate::state::rules::{Combine, Term};

/// So many values stand on one `acl` line; more lines of the same name add to it.
const VALUES: usize = 40;

/// So many words stand between braces.
const INLINE: usize = 16;

/// Samples that people use often and that take no argument.
const TAKES_NOTHING: [&str; 13] = [
    "src",
    "dst",
    "src_port",
    "dst_port",
    "path",
    "pathq",
    "query",
    "method",
    "status",
    "ssl_fc",
    "ssl_fc_sni",
    "ssl_c_used",
    "req.ssl_sni",
];

/// A test of one sample.
#[derive(Clone, Debug)]
pub(super) struct Test<'t> {
    pub(super) field: &'t str,
    pub(super) argument: Option<&'t str>,
    pub(super) operator: Option<Operator>,
    pub(super) values: Vec<&'t str>,
    pub(super) ignore_case: bool,
    pub(super) no_dns: bool,
}

impl<'t> Test<'t> {
    /// A test that macros make.
    pub(super) fn new(field: &'t str, operator: Option<Operator>, values: Vec<&'t str>) -> Self {
        Self { field, argument: None, operator, values, ignore_case: false, no_dns: false }
    }

    fn of_acl(acl: &'t Acl) -> Self {
        Self {
            field: &acl.field,
            argument: acl.field_arg.as_deref(),
            operator: acl.operator,
            values: acl.values.iter().map(|value| value.as_str()).collect(),
            ignore_case: acl.case_insensitive,
            no_dns: acl.no_dns_lookup,
        }
    }

    /// HAProxy has no "not equal": the opposite of "equal" is used wherever the test is.
    fn is_negative(&self) -> bool {
        self.operator == Some(Operator::Ne)
    }

    /// The words of the test, on as many lines as the values take. Any of the lines may hold.
    fn phrases(&self, out: &mut Out) -> Vec<Phrase> {
        self.check(out);
        if self.values.is_empty() {
            return vec![self.head()];
        }
        self.values
            .chunks(VALUES)
            .map(|values| {
                let head = match values.first() {
                    // Without the mark a value with a dash in front would be a flag.
                    Some(first) if first.starts_with('-') => self.head().key("--"),
                    _ => self.head(),
                };
                let head = match self.comparison() {
                    Some(comparison) => head.key(comparison),
                    None => head,
                };
                values.iter().fold(head, |phrase, value| phrase.arg(value))
            })
            .collect()
    }

    /// The sample and how it is compared.
    fn head(&self) -> Phrase {
        let field = match self.argument.filter(|argument| !argument.is_empty()) {
            None => Phrase::default().arg(self.field),
            // The argument belongs to the fetch, which ends where the first converter begins.
            Some(argument) => match self.field.split_once(',') {
                Some((fetch, converters)) => Phrase::default().glued(&[fetch, "(", argument, "),", converters]),
                None => Phrase::default().glued(&[self.field, "(", argument, ")"]),
            },
        };
        let field = match self.operator {
            None => field,
            // `method` compares in its own way, which knows the methods.
            Some(Operator::Str) if self.field == "method" => field,
            Some(operator) => field.key(matching(operator)),
        };
        let field = if self.ignore_case { field.key("-i") } else { field };
        if self.no_dns { field.key("-n") } else { field }
    }

    fn comparison(&self) -> Option<&'static str> {
        Some(match self.operator? {
            Operator::Gt => "gt",
            Operator::Lt => "lt",
            Operator::Ge => "ge",
            Operator::Le => "le",
            Operator::Eq | Operator::Ne => "eq",
            _ => return None,
        })
    }

    /// Reports what HAProxy would refuse, or take for a test that never holds.
    fn check(&self, out: &mut Out) {
        let operator = self.operator;
        if let Some(fault) = values::sample_fault(self.field) {
            out.issue_at("field", fault);
        }
        let fetch = self.field.split(',').next().unwrap_or_default().trim();
        if self.argument.is_some_and(|argument| !argument.is_empty()) && TAKES_NOTHING.contains(&fetch) {
            out.issue_at("fieldArg", format!("must be empty: \"{fetch}\" takes no argument"));
        }
        let wants_values = !matches!(operator, None | Some(Operator::Found | Operator::Bool));
        if wants_values && self.values.is_empty() {
            out.issue_at("values", "must not be empty: without a value the test never holds");
        }
        if operator == Some(Operator::Found) && !self.values.is_empty() {
            out.issue_at("values", "must be empty: \"found\" asks only whether the sample exists");
        }
        out.enter("values");
        for (index, value) in self.values.iter().enumerate() {
            if let Some(fault) = value_fault(operator, value, self.no_dns) {
                out.at(index, |out| out.issue(fault));
            }
        }
        out.leave();
    }
}

fn value_fault(operator: Option<Operator>, value: &str, no_dns: bool) -> Option<&'static str> {
    if value.is_empty() {
        return Some("must not be empty: HAProxy takes an empty word for the end of the line");
    }
    match operator? {
        Operator::Gt | Operator::Lt | Operator::Ge | Operator::Le | Operator::Eq | Operator::Ne => {
            value.parse::<i64>().is_err().then_some("must be an integer")
        }
        Operator::Int | Operator::Len => {
            (!values::is_range(value)).then_some("must be an integer, or a range such as 10:20")
        }
        Operator::Bin => {
            let hex = value.len().is_multiple_of(2) && value.bytes().all(|b| b.is_ascii_hexdigit());
            (!hex).then_some("must be pairs of hexadecimal digits")
        }
        Operator::Reg => values::regex_fault(value),
        Operator::Ip => {
            let good = values::is_network(value) || !no_dns && values::is_host(value);
            (!good).then_some("must be an IP address or a network in CIDR notation")
        }
        _ => None,
    }
}

fn matching(operator: Operator) -> &'static str {
    match operator {
        Operator::Str => "-m str",
        Operator::Sub => "-m sub",
        Operator::Beg => "-m beg",
        Operator::End => "-m end",
        Operator::Reg => "-m reg",
        Operator::Dir => "-m dir",
        Operator::Dom => "-m dom",
        Operator::Len => "-m len",
        Operator::Bin => "-m bin",
        Operator::Found => "-m found",
        Operator::Ip => "-m ip",
        Operator::Bool => "-m bool",
        Operator::Int | Operator::Gt | Operator::Lt | Operator::Ge | Operator::Le | Operator::Eq | Operator::Ne => {
            "-m int"
        }
    }
}

/// When something is done: in any of several cases, or always if there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    cases: Vec<Phrase>,
}

impl Condition {
    /// The condition with something more that must hold.
    pub(super) fn and(&self, more: &Phrase) -> Self {
        let cases = match self.cases.as_slice() {
            [] => vec![more.clone()],
            cases => cases.iter().map(|case| case.clone().then(more)).collect(),
        };
        Self { cases }
    }
}

impl Line<'_> {
    /// Ends the line with its condition.
    pub(super) fn when(&mut self, condition: &Condition) {
        for (index, case) in condition.cases.iter().enumerate() {
            self.key(if index == 0 { "if" } else { "||" }).phrase(case);
        }
    }
}

/// The ACLs of one frontend: those of the document that it refers to, and those that are made for it.
#[derive(Debug)]
pub(super) struct Acls<'c, 'd> {
    cx: &'c Context<'d>,
    made: usize,
}

impl<'c, 'd> Acls<'c, 'd> {
    /// Writes the ACLs of the document that are used, in the document's order.
    pub(super) fn render(out: &mut Out, cx: &'c Context<'d>, used: &HashSet<&str>) -> Self {
        if !used.is_empty() {
            for (index, acl) in cx.document.acls.iter().enumerate().filter(|(_, acl)| used.contains(acl.name.as_str()))
            {
                out.at_root(|out| {
                    out.enter("acls");
                    out.at(index, |out| named(out, acl));
                    out.leave();
                });
            }
        }
        Self { cx, made: 0 }
    }

    /// The condition of a rule.
    pub(super) fn condition(&mut self, out: &mut Out, phase: Phase, terms: &[Term]) -> Condition {
        let mut cases = Vec::new();
        let mut case = Phrase::default();
        out.enter("condition");
        for (index, term) in terms.iter().enumerate() {
            let phrase = out.at(index, |out| self.term(out, phase, term));
            case = case.then(&phrase);
            if index + 1 == terms.len() || term.combine_with_next() == Combine::Or {
                cases.push(std::mem::take(&mut case));
            }
        }
        out.leave();
        Condition { cases }
    }

    fn term(&mut self, out: &mut Out, phase: Phase, term: &Term) -> Phrase {
        match term {
            Term::AclRef(term) => {
                let Some(acl) = self.cx.document.acls.iter().find(|acl| acl.name == *term.acl_name.as_str()) else {
                    out.issue_at("aclName", format!("references unknown acl: {}", term.acl_name));
                    return Phrase::default();
                };
                if let Some(fault) = phase.lacks(&acl.field) {
                    out.issue_at("aclName", format!("\"{}\" {fault}", acl.field));
                }
                let negative = term.negate != (acl.operator == Some(Operator::Ne));
                Phrase::default().glued(&[if negative { "!" } else { "" }, &acl.name])
            }
            Term::Inline(term) => {
                if let Some(fault) = phase.lacks(&term.field) {
                    out.issue_at("field", fault);
                }
                let test = Test {
                    field: &term.field,
                    argument: term.field_arg.as_deref(),
                    operator: term.operator,
                    values: term.values.iter().map(|value| value.as_str()).collect(),
                    ignore_case: term.case_insensitive,
                    no_dns: term.no_dns_lookup,
                };
                self.test(out, &test, term.negate)
            }
        }
    }

    /// A test that stands in one place only.
    pub(super) fn test(&mut self, out: &mut Out, test: &Test<'_>, negate: bool) -> Phrase {
        let negative = negate != test.is_negative();
        let phrases = test.phrases(out);
        match phrases.as_slice() {
            [only] if only.words() <= INLINE && !only.closes => {
                Phrase::default().key(if negative { "!{" } else { "{" }).then(only).key("}")
            }
            phrases => {
                self.made += 1;
                let name = format!("_{}", self.made);
                for phrase in phrases {
                    out.line("acl").arg(&name).phrase(phrase);
                }
                Phrase::default().glued(&[if negative { "!" } else { "" }, &name])
            }
        }
    }
}

fn named(out: &mut Out, acl: &Acl) {
    if matches!(acl.name.as_str(), "or" | "OR" | "Or" | "oR" | "if" | "unless") {
        out.issue_at("name", format!("\"{}\" is a word of conditions, so no ACL can have this name", acl.name));
    }
    for phrase in Test::of_acl(acl).phrases(out) {
        out.line("acl").arg(&acl.name).phrase(&phrase);
    }
}
