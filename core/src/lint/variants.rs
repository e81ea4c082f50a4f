//! Which variants a flag may serve

use std::collections::BTreeSet;

use crate::link::LinkedFlag;
use crate::list::Override;
use crate::model::{Choice, Serve};

/// The variants that a flag may serve, at any time and for any context; perhaps some that it never does
pub(super) fn possible(linked: &LinkedFlag) -> BTreeSet<&str> {
    let flag = &*linked.flag;
    let off = &*flag.off.name;
    if !flag.enabled {
        return BTreeSet::from([off]);
    }
    let mut names = named(linked);
    if flag.expires_at.is_some() || !flag.prerequisites.is_empty() || !flag.serve.is_constant() {
        names.insert(off);
    }
    names
}

/// The variants that the serves and overrides of a flag name, where not for nobody
pub(super) fn named(linked: &LinkedFlag) -> BTreeSet<&str> {
    let flag = &*linked.flag;
    let mut names = BTreeSet::new();
    for (_, serve) in flag.serves() {
        served(serve, &mut names);
    }
    for keyed in linked.overrides.iter().flatten() {
        let list = &keyed.list;
        names.extend(list.variants.keys().map(|name| &**name));
        if list.includes > 0 {
            names.extend(flag.on.as_ref().map(|on| &*on.name));
        }
        if list
            .entries
            .iter()
            .any(|(_, entry)| *entry == Override::Exclude)
        {
            names.insert(&flag.off.name);
        }
    }
    names
}

fn served<'s>(serve: &'s Serve, names: &mut BTreeSet<&'s str>) {
    match &serve.choice {
        Choice::Variant(variant) => {
            names.insert(&variant.name);
        }
        Choice::Arms { arms, .. } => names.extend(arms.arms.iter().map(|arm| &*arm.variant.name)),
    }
    names.extend(serve.on_missing.iter().map(|variant| &*variant.name));
}
