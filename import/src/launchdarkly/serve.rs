//! What a flag, a rule or a target serves: a variation, or a rollout

use serde_json::{Map, Value as Json, json};

use super::flag::Flag;
use super::{Result, check_reference, integer, list, note, text};

impl Flag<'_> {
    /// A variation or a rollout; a serve with neither is an error for the contexts that reach it
    pub(super) fn serve(&mut self, serve: &Json, pointer: &str) -> Result<Json> {
        if let Some(variation) = integer(serve, "variation", pointer)? {
            return Ok(match self.name(Some(variation)) {
                Some(name) => name.into(),
                None => self.malformed(
                    &format!("{pointer}/variation"),
                    "there is no such variation",
                ),
            });
        }
        let pointer = format!("{pointer}/rollout");
        let rollout = match serve.get("rollout") {
            Some(rollout @ Json::Object(_)) => rollout,
            None | Some(Json::Null) => {
                return Ok(self.malformed(&pointer, "there is neither a variation nor a rollout"));
            }
            Some(_) => return Err(note(&pointer, "expected an object")),
        };
        let arms = list(rollout, "variations", &pointer)?;
        match arms.len() {
            0 => return Ok(self.malformed(&pointer, "there are no variations")),
            1..=100 => {}
            _ => {
                return Err(note(
                    &format!("{pointer}/variations"),
                    "expected at most 100 arms",
                ));
            }
        }
        self.rollout(rollout, arms, &pointer)
    }

    fn rollout(&mut self, rollout: &Json, arms: &[Json], pointer: &str) -> Result<Json> {
        let is_experiment = text(rollout, "kind", pointer)? == Some("experiment");
        let mut parameters = self.parameters(rollout, is_experiment, pointer)?;
        let is_untracked = |arm: &Json| arm.get("untracked") == Some(&Json::Bool(true));
        if is_experiment && arms.iter().any(is_untracked) {
            let untracked: Vec<bool> = arms.iter().map(is_untracked).collect();
            parameters.insert("untracked".into(), untracked.into());
        }
        let mut converted = Vec::new();
        for (index, arm) in arms.iter().enumerate() {
            let pointer = format!("{pointer}/variations/{index}");
            let variation = integer(arm, "variation", &pointer)?;
            let name = self.name(variation);
            if name.is_none() {
                let message = "there is no such variation: whoever gets it gets the default of the caller, as in LaunchDarkly, but not as an error";
                self.findings
                    .notes
                    .push(note(&format!("{pointer}/variation"), message));
            }
            let Some(weight @ Json::Number(_)) = arm.get("weight") else {
                return Err(note(&format!("{pointer}/weight"), "expected a number"));
            };
            converted.push(json!({"variant": name, "weight": weight}));
        }
        let mut serve =
            json!({"algorithm": "launchdarkly", "parameters": parameters, "arms": converted});
        if let Some(members) = serve.as_object_mut().filter(|_| is_experiment) {
            members.insert("experiment".into(), json!({"key": self.key}));
        }
        Ok(serve)
    }

    /// What is hashed
    fn parameters(
        &self,
        rollout: &Json,
        is_experiment: bool,
        pointer: &str,
    ) -> Result<Map<String, Json>> {
        let mut parameters = Map::new();
        let kind = if is_experiment {
            "experiment"
        } else {
            "rollout"
        };
        parameters.insert("kind".into(), kind.into());
        // The key is hashed as the flag itself has it.
        let key = self.json.get("key").and_then(Json::as_str);
        parameters.insert("key".into(), key.unwrap_or(self.key).into());
        let salt = text(self.json, "salt", &self.pointer)?;
        parameters.insert("salt".into(), salt.unwrap_or("").into());
        if let Some(seed) = integer(rollout, "seed", pointer)? {
            parameters.insert("seed".into(), seed.into());
        }
        let kind = text(rollout, "contextKind", pointer)?;
        if let Some(kind) = kind {
            parameters.insert("contextKind".into(), kind.into());
        }
        if let Some(attribute) = text(rollout, "bucketBy", pointer)?.filter(|_| !is_experiment) {
            check_reference(attribute, kind.is_some(), &format!("{pointer}/bucketBy"))?;
            parameters.insert("bucketBy".into(), attribute.into());
        }
        Ok(parameters)
    }

    fn malformed(&mut self, pointer: &str, what: &str) -> Json {
        let message = format!(
            "{what}: whoever gets here gets the default of the caller, as in LaunchDarkly (MALFORMED_FLAG there, GENERAL here)"
        );
        self.findings.notes.push(note(pointer, &message));
        json!({
            "algorithm": "launchdarkly",
            "parameters": {"kind": "malformed"},
            "arms": [{"variant": null, "weight": 0}],
        })
    }
}
