//! The golden vectors of bucketing, in a binding

use flagstaff_conformance::{Engine, vectors};
use libtest_mimic::Failed;
use serde_json::json;

pub(crate) fn every_unit_has_its_slot(engine: &mut dyn Engine) -> Result<(), Failed> {
    for vector in vectors::read()?.slots {
        let request = json!({
            "op": "bucket",
            "salt": vector.seed_text(),
            "unit": vector.unit,
            "total": vector.total,
        });
        let answer = engine.answer(&request.to_string())?;
        let expected = json!({"slot": vector.slot}).to_string();
        if answer != expected {
            return Err(format!("{vector:?}: {answer}").into());
        }
    }
    Ok(())
}
