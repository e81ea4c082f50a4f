//! The case files against their schema

use std::error::Error;
use std::path::Path;

use flagstaff_conformance::{cases_directory, discover};
use serde_json::{Value as Json, json};

fn validator() -> Result<jsonschema::Validator, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/case.schema.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    jsonschema::meta::validate(&schema).map_err(|error| error.to_string())?;
    Ok(jsonschema::validator_for(&schema)?)
}

#[test]
fn every_case_file_follows_the_schema() -> Result<(), Box<dyn Error>> {
    let validator = validator()?;
    for file in discover(&cases_directory())? {
        let path = cases_directory().join(format!("{}.json", file.topic));
        let json: Json = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", file.topic);
    }
    Ok(())
}

#[test]
fn the_schema_refuses_what_no_runner_would_judge() -> Result<(), Box<dyn Error>> {
    let validator = validator()?;
    let file = |case: Json| json!({"description": "d", "document": {"schemaVersion": 1, "flags": {}}, "cases": [case]});
    assert!(validator.is_valid(&file(
        json!({"name": "n", "flag": "f", "expect": {"variant": "on"}})
    )));
    for (case, why) in [
        (json!({"name": "n", "flag": "f"}), "nothing is expected"),
        (
            json!({"name": "n", "flag": "f", "expect": {}}),
            "nothing is expected",
        ),
        (
            json!({"name": "n", "expect": {"variant": "on"}}),
            "no flag is evaluated",
        ),
        (
            json!({"name": "n", "flag": "f", "expect": {"varaint": "on"}}),
            "no such member",
        ),
        (
            json!({"name": "n", "flag": "f", "expect": {"reason": "MATCH"}}),
            "no such reason",
        ),
        (
            json!({"name": "n", "flag": "f", "expect": {"enabled": true}, "contxt": {}}),
            "no such field",
        ),
        (
            json!({"name": "n", "refused": true}),
            "no document is refused",
        ),
        (
            json!({"name": "n", "flag": "f", "type": "float", "expect": {"enabled": true}}),
            "no such type",
        ),
    ] {
        assert!(!validator.is_valid(&file(case)), "{why}");
    }
    Ok(())
}
