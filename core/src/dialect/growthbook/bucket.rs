//! GrowthBook's hashes and ranges, in doubles as its SDK computes them

/// The 32-bit FNV-1a hash over UTF-16 units, each taken as one step
fn fnv32a(units: impl Iterator<Item = u16>) -> u32 {
    units.fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    })
}

/// Where a value falls between 0 and 1; `None` of an unknown version
pub(crate) fn hash(seed: &str, value: &str, version: u32) -> Option<f64> {
    let slots = slots(version)?;
    let hash = if version == 1 {
        fnv32a(value.encode_utf16().chain(seed.encode_utf16()))
    } else {
        let inner = fnv32a(seed.encode_utf16().chain(value.encode_utf16()));
        fnv32a(decimal(inner))
    };
    Some(f64::from(hash.checked_rem(slots)?) / f64::from(slots))
}

/// The decimal digits of a number
fn decimal(number: u32) -> impl Iterator<Item = u16> {
    // Ten digits are enough for any of 32 bits, and a text on the heap would be made for each evaluation.
    let places = [
        1_000_000_000,
        100_000_000,
        10_000_000,
        1_000_000,
        100_000,
        10_000,
        1_000,
        100,
        10,
        1,
    ];
    let shown = places
        .into_iter()
        .filter(move |place| *place == 1 || *place <= number);
    shown.map(move |place: u32| {
        let digit = number.checked_div(place).unwrap_or(0) % 10;
        u16::from(b'0').saturating_add(u16::try_from(digit).unwrap_or(0))
    })
}

/// How many numbers a version of the hash gives; `None` of an unknown version
pub(crate) fn slots(version: u32) -> Option<u32> {
    match version {
        1 => Some(1_000),
        2 => Some(10_000),
        _ => None,
    }
}

/// From the first number up to the second, which is not part of it
pub(crate) type Range = (f64, f64);

pub(crate) fn is_in_range(number: f64, range: Range) -> bool {
    number >= range.0 && number < range.1
}

/// Whether a value is in a part of a namespace
pub(crate) fn is_in_namespace(value: &str, name: &str, range: Range) -> bool {
    hash(&["__", name].concat(), value, 1).is_some_and(|number| is_in_range(number, range))
}

/// The same weight for each of so many variations
pub(crate) fn equal_weights(count: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "there are few variations")]
    let weight = 1.0 / count as f64;
    vec![weight; count]
}

/// The range of each variation: its share of the weights, and of that the part that is covered
pub(crate) fn bucket_ranges(count: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<Range> {
    let coverage = coverage.clamp(0.0, 1.0);
    let weights = weights.filter(|weights| weights.len() == count);
    let is_whole = |weights: &&[f64]| {
        let total = weights.iter().fold(0.0, |total, weight| weight + total);
        (0.99..=1.01).contains(&total)
    };
    let weights = weights
        .filter(is_whole)
        .map_or_else(|| equal_weights(count), <[f64]>::to_vec);
    let mut start = 0.0;
    weights
        .into_iter()
        .map(|weight| {
            let range = (start, start + coverage * weight);
            start += weight;
            range
        })
        .collect()
}

/// The first range that a number is in
pub(crate) fn choose_variation(number: f64, ranges: &[Range]) -> Option<usize> {
    ranges.iter().position(|range| is_in_range(number, *range))
}
