//! Findings about one flag: rules that are never reached, variants that are never served, times that have passed

use std::collections::BTreeSet;

use super::condition;
use super::formula::{Formula, Space};
use super::{Code, Findings, declared, variants};
use flagstaff_core::Timestamp;
use flagstaff_core::inspect::LinkedFlag;
use flagstaff_core::inspect::Rollout;
use flagstaff_core::inspect::escape_part;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::inspect::{Rule, Serve, Window};
use flagstaff_core::object::ObjectKind;

/// Maximum number of earlier rules with which a rule is compared, together and one by one
const MAX_EARLIER_TOGETHER: usize = 8;
const MAX_EARLIER: usize = 50;

/// Reports everything about one flag that compiled
pub(super) fn inspect(linked: &LinkedFlag, now: Option<Timestamp>, findings: &mut Findings) {
    let flag = &*linked.flag;
    let at = |inside: &str| pointer_to(ObjectKind::Flag, &linked.key, inside);
    let has_passed = |instant: &Timestamp| now.is_some_and(|now| *instant <= now);
    if let Some(expiry) = flag.expires_at.filter(has_passed) {
        let message =
            format!("the flag expired at {expiry} and serves its `offVariant` to every context");
        findings.add(Code::Expired, at("/expiresAt"), message);
    }
    prerequisites(linked, findings);
    for (index, rule) in flag.rules.iter().enumerate() {
        let place = at(&format!("/rules/{index}"));
        if let Some(until) = rule.window().until.filter(has_passed) {
            let message = format!("the window of the rule ended at {until}");
            findings.add(Code::WindowPast, format!("{place}/until"), message);
        }
        let verdict = rule.when.as_ref().map(|when| {
            condition::inspect(when, linked.links(), &format!("{place}/when"), findings)
        });
        let why = if verdict.is_some_and(|verdict| !verdict.may_hold) {
            Some("its condition never holds".to_owned())
        } else {
            hidden_by(linked, index, rule)
        };
        if let Some(why) = why {
            findings.add(
                Code::UnreachableRule,
                place,
                format!("the rule is never reached: {why}"),
            );
        }
    }
    for (inside, serve) in flag.serves() {
        inspect_serve(serve, &at(&inside), findings);
    }
    dead_variants(linked, findings);
}

/// Reports serves that give nothing to a context without their unit
pub(super) fn inspect_units(linked: &LinkedFlag, findings: &mut Findings) {
    for (inside, serve) in linked.flag.serves() {
        let units = declared::units(serve, linked.links());
        if serve.on_missing.is_some() || serve.is_constant() {
            continue;
        }
        if let Some((step, unit)) = units.first() {
            let message = format!(
                "a context without `{unit}`, which the {step} hashes, is served nothing here"
            );
            let pointer = pointer_to(ObjectKind::Flag, &linked.key, &inside);
            findings.add(Code::DeclinesWithoutUnit, pointer, message);
        }
    }
}

fn prerequisites(linked: &LinkedFlag, findings: &mut Findings) {
    for position in &linked.flag.prerequisites {
        let (Some(reference), Some(found)) = (
            linked.flag.references().flags.get(*position),
            linked.links().flags.get(*position),
        ) else {
            continue;
        };
        let key = &reference.target.key;
        let why = match found {
            None => format!("the flag `{key}` does not exist or is broken"),
            Some(found) => {
                let off = &*found.target.flag.off.name;
                let possible = variants::possible(&found.target);
                let is_met = |name: &str| {
                    name != off && found.variants.iter().any(|wanted| **wanted == *name)
                };
                if possible.iter().any(|name| is_met(name)) {
                    continue;
                }
                format!("the flag `{key}` is never on with one of these variants")
            }
        };
        let pointer = pointer_to(ObjectKind::Flag, &linked.key, &reference.target.pointer);
        findings.add(
            Code::NeverMet,
            pointer,
            format!("this prerequisite is never met, so the flag is off for every context: {why}"),
        );
    }
}

/// The earlier rules that match every context that this rule could serve
fn hidden_by(linked: &LinkedFlag, index: usize, rule: &Rule) -> Option<String> {
    let takes_all = |earlier: &&(usize, &Rule)| {
        earlier.1.serve.is_constant() && covers(earlier.1.window(), rule.window())
    };
    let all: Vec<(usize, &Rule)> = linked.flag.rules.iter().take(index).enumerate().collect();
    let earlier: Vec<(usize, &Rule)> = all
        .iter()
        .rev()
        .filter(takes_all)
        .take(MAX_EARLIER)
        .copied()
        .collect();
    if let Some(first) = earlier.iter().find(|(_, earlier)| earlier.when.is_none()) {
        let name = name_of(*first);
        return Some(format!("{name} before it matches every context"));
    }
    if let Some(one) = earlier
        .iter()
        .find(|one| is_hidden(linked, rule, std::slice::from_ref(one)))
    {
        let name = name_of(*one);
        return Some(format!(
            "{name} before it matches all that this rule matches"
        ));
    }
    let together = earlier.get(..MAX_EARLIER_TOGETHER.min(earlier.len()))?;
    (together.len() > 1 && is_hidden(linked, rule, together))
        .then(|| "earlier rules match all that this rule matches".to_owned())
}

/// The name of a rule in a message: its id, or its index
fn name_of((index, rule): (usize, &Rule)) -> String {
    match rule.id() {
        Some(id) => format!("the rule `{id}`"),
        None => format!("the rule at `/rules/{index}`"),
    }
}

/// Whether the condition of `rule` cannot hold if those of the others do not hold
fn is_hidden(linked: &LinkedFlag, rule: &Rule, others: &[(usize, &Rule)]) -> bool {
    let mut space = Space::default();
    let mut parts: Vec<Formula> = rule
        .when
        .iter()
        .map(|when| space.formula(when, linked.links()))
        .collect();
    for when in others.iter().filter_map(|(_, other)| other.when.as_ref()) {
        parts.push(Formula::not(space.formula(when, linked.links())));
    }
    !space.verdict(&Formula::All(parts)).may_hold
}

fn covers(outer: &Window, inner: &Window) -> bool {
    let begins_before = outer
        .from
        .is_none_or(|outer| inner.from.is_some_and(|inner| outer <= inner));
    let ends_after = outer
        .until
        .is_none_or(|outer| inner.until.is_some_and(|inner| inner <= outer));
    begins_before && ends_after
}

fn inspect_serve(serve: &Serve, pointer: &str, findings: &mut Findings) {
    // A holdout or a slice may look for a unit, and not find one, before the rollout declines.
    let has_fallback = serve.experiment.is_some() && serve.on_missing.is_some();
    if serve.rollout == Rollout::Fixed(0) && !has_fallback {
        findings.add(
            Code::ServesNobody,
            format!("{pointer}/rollout"),
            "a rollout of 0 serves nobody".to_owned(),
        );
    } else if serve.is_constant() && serve.on_missing.is_some() {
        let message = "`onMissing` has no effect here: the serve hashes no unit".to_owned();
        findings.add(
            Code::UselessOnMissing,
            format!("{pointer}/onMissing"),
            message,
        );
    }
}

/// Reports variants that no serve and no override names
fn dead_variants(linked: &LinkedFlag, findings: &mut Findings) {
    let flag = &*linked.flag;
    let mut alive: BTreeSet<&str> = variants::named(linked);
    alive.insert(&flag.off.name);
    alive.extend(flag.on.as_ref().map(|on| &*on.name));
    for variant in flag
        .variants
        .iter()
        .filter(|variant| !alive.contains(&*variant.name))
    {
        let pointer = pointer_to(
            ObjectKind::Flag,
            &linked.key,
            &format!("/variants/{}", escape_part(&variant.name)),
        );
        findings.add(
            Code::DeadVariant,
            pointer,
            format!(
                "no serve and no override serves the variant `{}`",
                variant.name
            ),
        );
    }
}
