//! The flag that the README shows compiles, without a field that the language does not have

use flagstaff_core::Snapshot;
use serde_json::Value;

#[test]
fn the_flag_of_the_readme_is_one() {
    let readme = include_str!("../../README.md");
    let flags: Vec<Value> = readme
        .split("```json\n")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect();
    assert_eq!(flags.len(), 1);
    for flag in flags {
        assert_eq!(Snapshot::empty().check_flag("shown", Some(&flag)), Ok(()));
    }
}
