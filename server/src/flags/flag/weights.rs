//! Weights of arms: a body may have them as percentages, and they are stored as in the language

use serde_json::Value as Json;

/// The sum of a serve's weights in a document
const TOTAL: u64 = 100_000;
/// Percentages have up to three decimals
const STEPS: f64 = 1_000.0;

/// Converts weights that sum to 100, with at most three decimals, to those of the language, which sum to 100,000
pub(super) fn normalize(flag: &mut Json) {
    let Some(flag) = flag.as_object_mut() else {
        return;
    };
    if let Some(serve) = flag.get_mut("serve") {
        normalize_serve(serve);
    }
    let rules = flag.get_mut("rules").and_then(Json::as_array_mut);
    let serves = rules.into_iter().flatten();
    serves
        .filter_map(|rule| rule.get_mut("serve"))
        .for_each(normalize_serve);
}

fn normalize_serve(serve: &mut Json) {
    // Weights of another vendor are what its hash is taken modulo.
    if super::has_vendor_algorithm(serve) {
        return;
    }
    let Some(arms) = serve.get_mut("arms").and_then(Json::as_array_mut) else {
        return;
    };
    let weights = arms.iter().map(|arm| thousandths(arm.get("weight")?));
    // Values that are not percentages are left for the compiler to report.
    let Some(weights) = weights.collect::<Option<Vec<u64>>>() else {
        return;
    };
    let sum = weights
        .iter()
        .try_fold(0_u64, |sum, weight| sum.checked_add(*weight));
    if sum != Some(TOTAL) {
        return;
    }
    for (arm, weight) in arms.iter_mut().zip(weights) {
        if let Some(arm) = arm.as_object_mut() {
            arm.insert("weight".to_owned(), weight.into());
        }
    }
}

/// A percentage with at most three decimals, in thousandths
fn thousandths(weight: &Json) -> Option<u64> {
    let percentage = weight
        .as_f64()
        .filter(|weight| (0.0..=100.0).contains(weight))?;
    let rounded = (percentage * STEPS).round();
    let is_exact = (percentage * STEPS - rounded).abs() < 1e-6;
    let rounded = flagstaff_core::safe_integer(rounded).filter(|_| is_exact)?;
    u64::try_from(rounded).ok()
}
