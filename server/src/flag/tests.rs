use super::*;

fn short(body: Json) -> Submission {
    Submission::read(body, "f").unwrap()
}

#[test]
fn the_short_form_makes_a_boolean_flag() {
    let made = create(short(json!({"enabled": true, "rolloutPercentage": 25})));
    assert_eq!(
        made,
        json!({"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 25}})
    );
}

#[test]
fn the_short_form_changes_only_what_it_names() {
    let current = json!({"type": "string", "enabled": false, "salt": "s", "rules": [1], "serve": {"rollout": 5, "arms": [2], "unit": "team"}});
    let changed = replace(&current, short(json!({"rolloutPercentage": 12.5}))).unwrap();
    assert_eq!(
        changed["serve"],
        json!({"rollout": 12.5, "arms": [2], "unit": "team"})
    );
    let changed = replace(&current, short(json!({"enabled": true}))).unwrap();
    assert_eq!(
        changed,
        json!({"type": "string", "enabled": true, "salt": "s", "rules": [1], "serve": {"rollout": 5, "arms": [2], "unit": "team"}})
    );
}

#[test]
fn a_rollout_of_a_flag_that_serves_off_rolls_out_its_on_variant() {
    for serve in [json!("off"), Json::Null] {
        let current = json!({"type": "boolean", "enabled": true, "serve": serve});
        assert_eq!(
            replace(&current, short(json!({"rolloutPercentage": 10}))).unwrap()["serve"],
            json!({"variant": "on", "rollout": 10})
        );
    }
    let current = json!({"type": "string", "enabled": true, "variants": {"a": "A"}, "offVariant": "a", "serve": "a"});
    assert!(replace(&current, short(json!({"rolloutPercentage": 10}))).is_err());
}

#[test]
fn a_percentage_out_of_range_is_named() {
    for wrong in [json!(-1), json!(100.5), json!("25"), Json::Null] {
        let Err(ApiError::Invalid { errors }) =
            Submission::read(json!({"rolloutPercentage": wrong, "enabled": 1}), "f")
        else {
            panic!("{wrong}")
        };
        assert_eq!(
            errors
                .iter()
                .map(|error| &*error.pointer)
                .collect::<Vec<_>>(),
            ["/enabled", "/rolloutPercentage"]
        );
    }
}

#[test]
fn a_patch_merges_and_takes_the_short_form_with_it() {
    let current =
        json!({"type": "boolean", "enabled": false, "serve": "on", "metadata": {"a": 1, "b": 2}});
    let patched = patch(&current, json!({"enabled": true, "rolloutPercentage": 5, "metadata": {"a": null, "c": 3}, "version": 4}), "f").unwrap();
    assert_eq!(
        patched,
        json!({"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 5}, "metadata": {"b": 2, "c": 3}})
    );
}

#[test]
fn what_an_answer_adds_may_be_sent_back() {
    let body = json!({"key": "f", "version": 3, "createdAt": "x", "updatedAt": "y", "type": "boolean", "enabled": true});
    assert_eq!(
        Submission::read(body, "f").unwrap(),
        Submission::Full(json!({"type": "boolean", "enabled": true}))
    );
    assert!(Submission::read(json!({"key": "g", "type": "boolean"}), "f").is_err());
}
