//! Flags and segments whose references are pointers

use std::collections::BTreeSet;
use std::sync::Arc;

use super::empty_or_box::EmptyOrBox;
use super::reach::Reach;
use super::{ByKind, Effort, Flag, FlagType, Group, Holdout, References, Segment, Variant};
use crate::context::path::AttributePath;
use crate::lists::hashed::Keyed;
use crate::lists::{Ids, Override, Overrides};
use crate::value::timestamp::Timestamp;

/// A flag with pointers to everything that its evaluation may reach
#[derive(Debug)]
pub struct LinkedFlag {
    /// Its key
    pub key: Arc<str>,
    /// The flag itself
    pub flag: Arc<Flag>,
    // Parallel to `flag.levels`, `None` where there is no entry; empty where there is none at all.
    pub(crate) overrides: Box<[Option<Keyed<Overrides>>]>,
    pub(crate) links: EmptyOrBox<Links>,
    constant: Option<Arc<Variant>>,
    pub(crate) is_constant: bool,
    // Whether nothing can decide before its rules, as for nearly every flag.
    pub(crate) starts_with_rules: bool,
    /// Whether its outcome depends on the time, directly or through something that it refers to
    pub(crate) is_timed: bool,
    /// A hash of everything that its evaluation may reach: flags with equal fingerprints have equal outcomes
    pub(crate) fingerprint: u64,
    reach: Reach,
}

impl LinkedFlag {
    /// `overrides` has one list for each level of the flag, `None` if there is no entry
    pub(crate) fn new(
        key: &Arc<str>,
        flag: &Arc<Flag>,
        mut overrides: Box<[Option<Keyed<Overrides>>]>,
        links: Links,
        reach: Reach,
    ) -> Self {
        let of_list = |list: &Option<Keyed<Overrides>>| match list {
            Some(keyed) => keyed.fingerprint(keyed.list.fingerprint()),
            None => 0,
        };
        let own = [flag.fingerprint, links.fingerprint()].into_iter();
        let fingerprint = mix(own.chain(overrides.iter().map(of_list)));
        if overrides.iter().all(Option::is_none) {
            overrides = Box::default();
        }
        let constant = constant(flag, overrides.is_empty());
        Self {
            key: Arc::clone(key),
            is_constant: constant.is_some() && flag.rules.is_empty(),
            constant,
            starts_with_rules: overrides.is_empty() && flag.starts_with_rules(),
            is_timed: flag.has_boundaries() || links.are_timed(),
            flag: Arc::clone(flag),
            overrides,
            links: links.into(),
            fingerprint,
            reach,
        }
    }

    /// What the references of the flag point to
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The variants that some override serves
    pub fn overridden_variants(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for keyed in self.overrides.iter().flatten() {
            let list = &keyed.list;
            names.extend(list.variants.keys().map(|name| &**name));
            if list.includes > 0 {
                names.extend(self.flag.on.as_ref().map(|on| &*on.name));
            }
            let mut entries = list.entries.iter();
            if entries.any(|(_, entry)| *entry == Override::Exclude) {
                names.insert(&self.flag.off.name);
            }
        }
        names
    }

    /// The variant that every context gets at every instant, if there is one
    #[inline]
    pub(crate) fn constant(&self) -> Option<&Arc<Variant>> {
        self.constant.as_ref()
    }

    /// Whether there is an instant after `since`, and not after `until`, at which time alone may change its outcome
    pub(crate) fn may_change_between(&self, since: Timestamp, until: Timestamp) -> bool {
        let last = || self.flag.last_boundary(until);
        self.is_timed
            && (last().is_some_and(|last| last > since)
                || self.links.may_change_between(since, until))
    }

    /// The next instant after `now` at which time alone may change its outcome, by itself or by its segments
    pub(crate) fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let own = self.flag.next_boundary(now);
        own.into_iter().chain(self.links.next_boundary(now)).min()
    }

    /// The last instant not after `now` at which time alone may have changed its outcome, by itself or by its segments
    pub(crate) fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let own = self.flag.last_boundary(now);
        own.into_iter().chain(self.links.last_boundary(now)).max()
    }

    /// Whether there are overrides that may be patches
    #[inline]
    pub(crate) fn may_be_patched(&self) -> bool {
        self.flag.flag_type == FlagType::Object && !self.overrides.is_empty()
    }
}

fn constant(flag: &Flag, has_no_overrides: bool) -> Option<Arc<Variant>> {
    if flag.admits.is_some() {
        None
    } else if flag.enabled {
        flag.constant().filter(|_| has_no_overrides).cloned()
    } else {
        Some(Arc::clone(&flag.off))
    }
}

/// A segment with pointers to everything that its evaluation may reach
#[derive(Debug)]
pub struct LinkedSegment {
    /// Its key
    pub key: Arc<str>,
    /// The segment itself
    pub segment: Arc<Segment>,
    pub(crate) exclude: SegmentIdLists,
    pub(crate) include: SegmentIdLists,
    pub(crate) links: EmptyOrBox<Links>,
    is_timed: bool,
    fingerprint: u64,
    reach: Reach,
}

impl LinkedSegment {
    pub(crate) fn new(
        key: &Arc<str>,
        segment: &Arc<Segment>,
        [exclude, include]: [SegmentIdLists; 2],
        links: Links,
        reach: Reach,
    ) -> Self {
        let of_list = |(_, keyed): &(_, Keyed<Ids>)| keyed.fingerprint(keyed.list.fingerprint());
        let of_lists = |members: &SegmentIdLists| mix(members.iter().map(of_list));
        let fingerprint = mix([
            segment.fingerprint,
            links.fingerprint(),
            of_lists(&exclude),
            of_lists(&include),
        ]
        .into_iter());
        Self {
            key: Arc::clone(key),
            segment: Arc::clone(segment),
            exclude,
            include,
            is_timed: !segment.clock.is_unread() || links.are_timed(),
            links: links.into(),
            fingerprint,
            reach,
        }
    }

    /// What the references of the segment point to
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Whether it excludes some ids
    pub fn has_excluded(&self) -> bool {
        has_ids(&self.exclude)
    }

    /// Whether it includes some ids
    pub fn has_included(&self) -> bool {
        has_ids(&self.include)
    }
}

fn has_ids(members: &SegmentIdLists) -> bool {
    members.iter().any(|(_, ids)| !ids.list.entries.is_empty())
}

/// The ids that a segment lists, by the path of the key of their kind
pub(crate) type SegmentIdLists = Box<[(AttributePath, Keyed<Ids>)]>;

/// What the references of an object point to; `None` for a prerequisite that does not exist or is broken
pub type Links = ByKind<Option<LinkedReference>, Arc<LinkedSegment>, Arc<Group>, Arc<Holdout>>;

/// Another flag, and the variants of it that are wanted
#[derive(Debug)]
pub struct LinkedReference {
    /// The flag
    pub target: Arc<LinkedFlag>,
    /// The variants, of which one is wanted
    pub variants: Box<[Arc<str>]>,
}

impl Links {
    /// The reach of an evaluation of an object with these references, whose own conditions have this effort
    pub(crate) fn reach(&self, references: &References, effort: Effort) -> Reach {
        let flags = references.flags.iter().zip(&self.flags);
        let flags = flags.filter_map(|(reference, link)| {
            Some((reference.target.depth, link.as_ref()?.target.reach))
        });
        let segments = references.segments.iter().zip(&self.segments);
        let segments = segments.map(|(reference, segment)| (reference.depth, segment.reach));
        Reach::new(effort, flags.chain(segments))
    }

    fn fingerprint(&self) -> u64 {
        let flags = self
            .flags
            .iter()
            .map(|flag| flag.as_ref().map_or(0, |flag| flag.target.fingerprint));
        let segments = self.segments.iter().map(|segment| segment.fingerprint);
        let groups = self.groups.iter().map(|group| group.fingerprint);
        let holdouts = self.holdouts.iter().map(|holdout| holdout.fingerprint);
        mix(flags.chain(segments).chain(groups).chain(holdouts))
    }

    fn are_timed(&self) -> bool {
        let mut flags = self.flags.iter().flatten();
        flags.any(|flag| flag.target.is_timed)
            || self.segments.iter().any(|segment| segment.is_timed)
    }

    fn may_change_between(&self, since: Timestamp, until: Timestamp) -> bool {
        let mut flags = self.flags.iter().flatten();
        let has_changed = |segment: &LinkedSegment| {
            let last = segment.segment.clock.last(until);
            last.is_some_and(|last| last > since) || segment.links.may_change_between(since, until)
        };
        flags.any(|flag| flag.target.may_change_between(since, until))
            || self.timed_segments().any(has_changed)
    }

    /// The segments whose conditions depend on the time; a snapshot stores boundaries only of flags
    fn timed_segments(&self) -> impl Iterator<Item = &LinkedSegment> {
        let segments = self.segments.iter().map(|segment| &**segment);
        segments.filter(|segment| segment.is_timed)
    }

    fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let of_segment = |segment: &LinkedSegment| {
            let own = segment.segment.clock.next(now);
            own.into_iter()
                .chain(segment.links.next_boundary(now))
                .min()
        };
        self.timed_segments().filter_map(of_segment).min()
    }

    fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let of_segment = |segment: &LinkedSegment| {
            let own = segment.segment.clock.last(now);
            own.into_iter()
                .chain(segment.links.last_boundary(now))
                .max()
        };
        self.timed_segments().filter_map(of_segment).max()
    }
}

fn mix(parts: impl Iterator<Item = u64>) -> u64 {
    // An odd multiplier loses no bit, and with the rotation the order of the parts matters.
    parts.fold(0, |mixed: u64, part| {
        mixed
            .rotate_left(23)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(part)
    })
}
