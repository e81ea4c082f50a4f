//! Which variants a flag may serve

use std::collections::BTreeSet;

use flagstaff_core::inspect::LinkedFlag;
use flagstaff_core::inspect::{Serve, ServeTarget};

/// The variants that a flag may serve, at any time and for any context; the set may contain variants that it never serves
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

/// The variants that the serves and overrides of a flag name, without serves that reach no unit
pub(super) fn named(linked: &LinkedFlag) -> BTreeSet<&str> {
    let flag = &*linked.flag;
    let mut names = BTreeSet::new();
    for (_, serve) in flag.serves() {
        served(serve, &mut names);
    }
    names.extend(linked.overridden_variants());
    names
}

fn served<'s>(serve: &'s Serve, names: &mut BTreeSet<&'s str>) {
    match &serve.choice {
        ServeTarget::Variant(variant) => {
            names.insert(&variant.name);
        }
        ServeTarget::Arms { arms, .. } => {
            names.extend(arms.arms.iter().map(|arm| &*arm.variant.name));
        }
        ServeTarget::Vendor(split) => {
            names.extend(split.arms.iter().map(|variant| &*variant.name));
            // It may serve nothing.
            names.insert("");
        }
    }
    names.extend(serve.on_missing.iter().map(|variant| &*variant.name));
}
