//! The flag that the README shows may be written

use flagstaff_analysis::check::check_flag;
use flagstaff_core::Snapshot;
use serde_json::Value;

#[test]
fn the_flag_of_the_readme_is_one() {
    let page = include_str!("../../README.md");
    let [_, shown] = page
        .split("```json\n")
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let flag: Value = serde_json::from_str(shown.split("```").next().unwrap()).unwrap();
    assert_eq!(check_flag(&Snapshot::empty(), "shown", Some(&flag)), Ok(()));
}
