//! `--rehash plan`: what would change if the hashes of a vendor's flags became our own

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_analysis::impact::Move;
use flagstaff_analysis::impact::rehash::{Rehash, of_flag};
use flagstaff_core::Snapshot;
use flagstaff_import::{Imported, Vendor};
use serde::Serialize;

use crate::cli::diff::{self, ASSUMPTIONS};
use crate::cli::percent;
use crate::cli::table::{table, visible};

/// Moves of a place that are told in text
const MOVES: usize = 4;

/// Of each flag that is taken over, by the vendor's key, the places where the vendor's hash decides
#[derive(Debug)]
pub(super) struct Plan {
    vendor: Vendor,
    flags: BTreeMap<String, Vec<Rehash>>,
}

/// All flags together
#[derive(Debug, Serialize)]
pub(super) struct Total {
    /// Flags that are taken over
    flags: usize,
    /// Flags of which a hash decides somewhere
    hashed: usize,
    /// The places where one decides; a segment is one place, however many flags ask for it
    places: usize,
    /// Places whose shares are not known
    unknown: usize,
    /// The share of the units that change, on average over the places whose shares are known
    mean: f64,
    /// And at most
    largest: f64,
}

impl Plan {
    pub(super) fn of(vendor: Vendor, imported: &Imported, snapshot: &Snapshot) -> Self {
        let taken = imported.report.iter().filter_map(|flag| {
            let key = imported.keys.get(&flag.flag).unwrap_or(&flag.flag);
            snapshot.linked_flag(key)?;
            Some((flag.flag.clone(), of_flag(snapshot, key)))
        });
        Self {
            vendor,
            flags: taken.collect(),
        }
    }

    /// The places of a flag, by the vendor's key
    pub(super) fn of_flag(&self, key: &str) -> Option<&[Rehash]> {
        self.flags.get(key).map(Vec::as_slice)
    }

    pub(super) fn total(&self) -> Total {
        let (mut seen, mut shares, mut unknown) = (BTreeSet::new(), Vec::new(), 0_usize);
        // Two conditions of one rule or segment have the same place, and are told apart by their order.
        for places in self.flags.values() {
            let mut count = BTreeMap::<&str, usize>::new();
            for place in places {
                let number = count.entry(&place.pointer).or_default();
                if seen.insert((&place.pointer, *number)) {
                    match place.moved {
                        Some(share) => shares.push(share),
                        None => unknown = unknown.saturating_add(1),
                    }
                }
                *number = number.saturating_add(1);
            }
        }
        let count = u32::try_from(shares.len()).unwrap_or(u32::MAX).max(1);
        Total {
            flags: self.flags.len(),
            hashed: (self.flags.values())
                .filter(|places| !places.is_empty())
                .count(),
            places: seen.len(),
            unknown,
            mean: shares.iter().sum::<f64>() / f64::from(count),
            largest: shares.into_iter().fold(0.0, f64::max),
        }
    }

    pub(super) fn text(&self) -> String {
        let rows: Vec<Vec<String>> = (self.flags.iter())
            .flat_map(|(flag, places)| places.iter().map(move |place| row(flag, place)))
            .collect();
        let total = self.total();
        let vendor = self.vendor.name();
        let head = format!(
            "{} of {} flags are hashed as by {vendor}, at {} places",
            total.hashed, total.flags, total.places
        );
        if rows.is_empty() {
            return format!("{head}\n");
        }
        let unknown = match total.unknown {
            0 => String::new(),
            count => format!("; {count} places depend on more than hashes"),
        };
        let columns = ["flag", "place", "units that change", "by", "from and to"];
        format!(
            "{}{head}: with our own hash and the same shares, {} of the units change on average, and {} at most{unknown}\n\
            assuming that {};\n{};\n{}\n",
            table(&columns, &rows),
            percent(total.mean),
            percent(total.largest),
            ASSUMPTIONS[0],
            ASSUMPTIONS[1],
            ASSUMPTIONS[2],
        )
    }
}

fn row(flag: &str, place: &Rehash) -> Vec<String> {
    let begin = [visible(flag), visible(&place.pointer)];
    let Some(share) = place.moved else {
        return begin.into_iter().chain(["not known".to_owned()]).collect();
    };
    let line = |one: &Move| {
        let (before, after) = (
            diff::answer_name(one.before.as_deref()),
            diff::answer_name(one.after.as_deref()),
        );
        format!(
            "{} -> {} {}",
            visible(before),
            visible(after),
            percent(one.share)
        )
    };
    let mut moves: Vec<String> = place.moves.iter().take(MOVES).map(line).collect();
    if let Some(left) = place
        .moves
        .len()
        .checked_sub(MOVES)
        .filter(|left| *left > 0)
    {
        moves.push(format!("and {left} more"));
    }
    // Ours is one more.
    let hashes = place.hashes.saturating_add(1);
    let rest = [
        percent(share),
        format!("{hashes} independent hashes"),
        moves.join(", "),
    ];
    begin.into_iter().chain(rest).collect()
}
