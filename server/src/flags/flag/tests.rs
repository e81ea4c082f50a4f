use serde_json::json;

use super::*;

fn request(body: Json) -> FlagRequest {
    FlagRequest::read(body, "f").unwrap()
}

fn created(body: Json) -> Json {
    request(body).create().unwrap()
}

#[test]
fn the_short_form_makes_a_boolean_flag() {
    let on = |enabled: bool, rollout: u8| json!({"type": "boolean", "enabled": enabled, "serve": {"variant": "on", "rollout": rollout}});
    for (body, expected) in [
        (
            json!({"enabled": true, "rolloutPercentage": 25}),
            on(true, 25),
        ),
        (
            json!({"type": "boolean", "enabled": true, "rolloutPercentage": 0}),
            on(true, 0),
        ),
        (json!({"enabled": true}), on(true, 100)),
        (json!({"enabled": false}), on(false, 100)),
        (json!({"rolloutPercentage": 25}), on(false, 25)),
        (json!({}), on(false, 0)),
    ] {
        assert_eq!(created(body.clone()), expected, "{body}");
    }
    let described = created(json!({"enabled": true, "description": "d", "clientSide": true}));
    assert_eq!(
        described,
        json!({"type": "boolean", "enabled": true, "description": "d", "clientSide": true, "serve": {"variant": "on", "rollout": 100}})
    );
}

#[test]
fn a_percentage_goes_with_the_full_form() {
    let rules = json!([{"when": {"segment": "beta"}, "serve": "on"}]);
    let made = created(json!({"enabled": true, "rules": rules, "rolloutPercentage": 25}));
    assert_eq!(
        made,
        json!({"type": "boolean", "enabled": true, "rules": rules, "serve": {"variant": "on", "rollout": 25}})
    );
    let twice = json!({"serve": {"variant": "on", "rollout": 5}, "rolloutPercentage": 25});
    assert_eq!(errors(&twice), ["/rolloutPercentage"]);
}

#[test]
fn a_serve_without_a_user_is_stored_as_on_missing() {
    let on_missing = json!({"variant": "on", "rollout": 25, "onMissing": {"variant": "on"}});
    let made = created(json!({"enabled": true, "rolloutPercentage": 25, "withoutUser": true}));
    assert_eq!(made["serve"], on_missing);
    let grown = request(json!({"rolloutPercentage": 50}))
        .patch(&made)
        .unwrap();
    assert_eq!(
        grown["serve"]["onMissing"],
        json!({"variant": "on"}),
        "it stays"
    );
    let without = request(json!({"withoutUser": false})).patch(&made).unwrap();
    assert_eq!(without["serve"], json!({"variant": "on", "rollout": 25}));
    let arms = json!({"type": "string", "serve": {"arms": []}});
    let refused = request(json!({"withoutUser": true})).patch(&arms);
    let Err(ApiError::Invalid { errors }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(errors[0].pointer, "/withoutUser");
}

#[test]
fn the_short_form_changes_only_what_it_names() {
    let current = json!({"type": "string", "enabled": false, "salt": "s", "rules": [1], "serve": {"rollout": 5, "arms": [2], "unit": "team"}});
    let changed = request(json!({"rolloutPercentage": 12.5}))
        .replace(&current)
        .unwrap();
    assert_eq!(
        changed["serve"],
        json!({"rollout": 12.5, "arms": [2], "unit": "team"})
    );
    let changed = request(json!({"enabled": true})).replace(&current).unwrap();
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
            request(json!({"rolloutPercentage": 10}))
                .replace(&current)
                .unwrap()["serve"],
            json!({"variant": "on", "rollout": 10})
        );
    }
    let current = json!({"type": "string", "enabled": true, "variants": {"a": "A"}, "offVariant": "a", "serve": "a"});
    assert!(
        request(json!({"rolloutPercentage": 10}))
            .replace(&current)
            .is_err()
    );
}

fn errors(body: &Json) -> Vec<String> {
    let Err(ApiError::Invalid { errors }) = FlagRequest::read(body.clone(), "f") else {
        panic!("{body}")
    };
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_percentage_out_of_range_is_named() {
    for wrong in [json!(-1), json!(100.5), json!("25"), Json::Null] {
        let body = json!({"rolloutPercentage": wrong, "enabled": 1, "withoutUser": "x"});
        assert_eq!(
            errors(&body),
            ["/enabled", "/rolloutPercentage", "/withoutUser"]
        );
    }
}

#[test]
fn words_of_other_systems_are_named() {
    let body = json!({"flagKey": "f", "percentage": 25, "is_enabled": true, "enabled": true});
    assert_eq!(errors(&body), ["/flagKey", "/is_enabled", "/percentage"]);
}

#[test]
fn weights_are_percentages_or_sum_to_100_000() {
    let arms = |weights: &[Json]| -> Json {
        weights
            .iter()
            .map(|weight| json!({"weight": weight}))
            .collect()
    };
    for (given, stored) in [
        ([json!(50), json!(30), json!(20)], [50_000, 30_000, 20_000]),
        (
            [json!(33.333), json!(33.333), json!(33.334)],
            [33_333, 33_333, 33_334],
        ),
        ([json!(0), json!(0.0), json!(100)], [0, 0, 100_000]),
        (
            [json!(50_000), json!(30_000), json!(20_000)],
            [50_000, 30_000, 20_000],
        ),
    ] {
        let serve = json!({"arms": arms(&given)});
        let mut flag = json!({"serve": serve, "rules": [{"serve": serve}, {"serve": "a"}]});
        fill_server_fields(&mut flag);
        let expected = arms(&stored.map(Json::from));
        assert_eq!(flag["serve"]["arms"], expected, "{given:?}");
        assert_eq!(flag["rules"][0]["serve"]["arms"], expected, "{given:?}");
    }
    for left in [
        [json!(50), json!(30), json!(19)],
        [json!(33.3333), json!(33.3333), json!(33.3334)],
        [json!(1), json!("2"), json!(97)],
    ] {
        let mut flag = json!({"serve": {"arms": arms(&left)}});
        fill_server_fields(&mut flag);
        assert_eq!(flag["serve"]["arms"], arms(&left));
    }
}

#[test]
fn a_patch_merges_and_takes_the_short_form_with_it() {
    let current =
        json!({"type": "boolean", "enabled": false, "serve": "on", "metadata": {"a": 1, "b": 2}});
    let body = json!({"enabled": true, "rolloutPercentage": 5, "metadata": {"a": null, "c": 3}, "version": 4});
    assert_eq!(
        request(body).patch(&current).unwrap(),
        json!({"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 5}, "metadata": {"b": 2, "c": 3}})
    );
}

#[test]
fn what_an_answer_adds_may_be_sent_back() {
    let body = json!({"key": "f", "version": 3, "createdAt": "x", "updatedAt": "y", "type": "boolean", "enabled": true, "serve": "on"});
    let request = request(body);
    assert!(request.is_full());
    assert_eq!(
        request.create().unwrap(),
        json!({"type": "boolean", "enabled": true, "serve": "on"})
    );
    assert!(FlagRequest::read(json!({"key": "g", "type": "boolean"}), "f").is_err());
}

#[test]
fn what_is_of_version_2_asks_for_it_and_keeps_its_weights() {
    let arms = json!([{"variant": "on", "weight": 1}, {"variant": "off", "weight": 99}]);
    let split = json!({"algorithm": "unleash", "arms": arms});
    let when = json!({"all": [{"not": {"dialect": "unleash", "expression": {}}}]});
    for (flag, needs) in [
        (json!({"serve": "on"}), 1),
        (json!({"serve": "on", "needs": 0}), 1),
        (json!({"serve": null, "needs": 2}), 2),
        (json!({"serve": split}), 2),
        (json!({"rules": [{"serve": split}], "needs": null}), 2),
        (json!({"rules": [{"serve": "on", "when": when}]}), 2),
        (json!({"serve": {"algorithm": "murmur3", "arms": []}}), 1),
        (json!({"serve": "on", "needs": 99}), 99),
    ] {
        let mut filled = flag.clone();
        fill_server_fields(&mut filled);
        assert_eq!(filled["needs"], needs, "{flag}");
        for (part, before) in [
            (&filled["serve"], &flag["serve"]),
            (&filled["rules"], &flag["rules"]),
        ] {
            assert_eq!(part, before);
        }
    }
}
