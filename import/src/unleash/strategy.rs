//! Strategies: which users they apply to, and what they serve

use flagstaff_core::dialect::pattern::{self, PatternProblem};
use flagstaff_core::{Value, dialect};
use serde_json::{Map, Value as Json, json};

use super::Served;
use super::values::Values;
use crate::ImportError;
use crate::report::FlagReport;
use crate::source::At;

/// Why Yggdrasil cannot compile something, and turns the feature off
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) pointer: String,
    pub(super) message: String,
}

/// A share of the ids of a group
#[derive(Debug, Clone)]
struct Rollout {
    percent: u32,
    stickiness: String,
    group: String,
}

/// A strategy
#[derive(Debug, Clone)]
pub(super) struct Strategy {
    pub(super) title: Option<String>,
    /// Our conditions, all of which must hold
    pub(super) conditions: Vec<Json>,
    /// The ids of segments, with where they stand
    pub(super) segments: Vec<(u64, String)>,
    rollout: Option<Rollout>,
    /// Whether it never applies
    pub(super) is_never: bool,
    pub(super) variants: Vec<VariantDefinition>,
    variant_stickiness: String,
    variant_group: String,
}

/// A variant of a feature or of a strategy
#[derive(Debug, Clone)]
pub(super) struct VariantDefinition {
    pub(super) name: String,
    pub(super) weight: u64,
    pub(super) stickiness: Option<String>,
    /// Its type and its text
    pub(super) payload: Option<(String, String)>,
    pub(super) overrides: Vec<Json>,
}

impl VariantDefinition {
    /// The variants of a feature or a strategy
    pub(super) fn read_all(at: &At<'_>) -> Result<Vec<Self>, ImportError> {
        at.list("variants")?.iter().map(Self::read).collect()
    }

    fn read(at: &At<'_>) -> Result<Self, ImportError> {
        let payload = match at.get("payload") {
            Some(payload) => Some((
                payload.required("type")?.to_owned(),
                payload.text("value")?.unwrap_or_default().to_owned(),
            )),
            None => None,
        };
        let mut overrides = Vec::new();
        for forced in at.list("overrides")? {
            let name = forced.required("contextName")?;
            let values: Vec<&Json> = (forced.list("values")?.iter())
                .map(|value| value.value)
                .collect();
            overrides.push(json!({"contextName": name, "values": values}));
        }
        Ok(Self {
            name: at.required("name")?.to_owned(),
            weight: at.whole("weight")?.unwrap_or(0),
            stickiness: at.text("stickiness")?.map(str::to_owned),
            payload,
            overrides,
        })
    }
}

/// The parameters of a strategy, which are texts
struct Parameters<'a, 'j>(&'a At<'j>);

impl Parameters<'_, '_> {
    fn get(&self, name: &str) -> Option<String> {
        match self.0.value.get("parameters")?.get(name)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.0.pointer_of("parameters"))
    }

    /// A percentage; `None` if Yggdrasil does not accept it as one
    fn percent(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// A group; a quotation mark ends it for Yggdrasil
    fn group(&self) -> Result<Option<String>, Broken> {
        let group = self.get("groupId");
        match group.filter(|group| group.contains('"') || group.ends_with('\\')) {
            Some(_) => Err(Broken {
                pointer: self.pointer("groupId"),
                message: "it cannot read a `groupId` with `\"` or with `\\` at its end".to_owned(),
            }),
            None => Ok(self.get("groupId")),
        }
    }
}

/// Which users a strategy applies to, without its constraints
enum Reach {
    Everybody,
    Nobody,
    When(Json),
    Rollout(Rollout),
}

impl Strategy {
    /// Reads a strategy of the feature of this name
    pub(super) fn read(
        at: &At<'_>,
        feature: &str,
        is_approximate: bool,
        report: &mut FlagReport,
    ) -> Result<Result<Self, Broken>, ImportError> {
        let name = at.required("name")?;
        let parameters = Parameters(at);
        let title = at.text("title")?.filter(|title| !title.is_empty());
        let variants = VariantDefinition::read_all(at)?;
        let mut segments = Vec::new();
        for segment in at.list("segments")? {
            let id = segment.value.as_u64();
            let id = id.ok_or_else(|| segment.error("expected the id of a segment"))?;
            segments.push((id, segment.pointer));
        }
        let reach = match reach(name, &parameters, feature) {
            Ok(reach) => reach,
            Err(broken) => return Ok(Err(broken)),
        };
        let mut conditions = match constraints(at) {
            Ok(conditions) => conditions,
            Err(broken) => return Ok(Err(broken)),
        };
        let (mut rollout, mut is_never) = (None, false);
        match reach {
            Reach::Everybody => {}
            Reach::Nobody => is_never = true,
            Reach::When(condition) => conditions.insert(0, condition),
            Reach::Rollout(share) => {
                if share.stickiness == "random" {
                    let message = "a share drawn at random is no pure function: choose another stickiness in Unleash, or approximate the flag, which then hashes the whole context";
                    refuse_draw(message, at.pointer.clone(), is_approximate, report);
                }
                rollout = Some(share);
            }
        }
        warn(name, at, is_approximate, report);
        check_patterns(at, report);
        let variant_stickiness = parameters.get("stickiness");
        let variant_stickiness = variant_stickiness.unwrap_or_else(|| "default".to_owned());
        let weighty = variants.iter().filter(|variant| variant.weight > 0).count();
        if weighty > 1 && variant_stickiness == "random" {
            let message = "variants drawn at random are no pure function: choose another stickiness in Unleash, or approximate the flag, which then hashes the whole context";
            refuse_draw(message, at.pointer_of("variants"), is_approximate, report);
        }
        Ok(Ok(Self {
            title: title
                .or(Some(name))
                .map(|title| title.chars().take(255).collect()),
            conditions,
            segments,
            rollout,
            is_never,
            variants,
            variant_stickiness,
            variant_group: parameters
                .get("groupId")
                .unwrap_or_else(|| feature.to_owned()),
        }))
    }

    /// Its rollout as a condition of ours, if it has one
    pub(super) fn rollout_condition(&self) -> Option<Json> {
        let rollout = self.rollout.as_ref()?;
        let expression = json!({
            "rollout": rollout.percent, "stickiness": rollout.stickiness, "groupId": rollout.group,
        });
        Some(json!({"dialect": "unleash", "expression": expression}))
    }
}

/// Refuses a strategy in which Unleash chooses at random, unless the flag need not be exact
pub(super) fn refuse_draw(
    message: &str,
    pointer: String,
    is_approximate: bool,
    report: &mut FlagReport,
) {
    if is_approximate {
        let message = "Unleash draws at random; here the whole context is hashed, so that the same context gets the same answer";
        report.remark(pointer, message);
    } else {
        report.refuse(pointer, message);
    }
}

/// Notes strategies that run in the SDK alone
fn warn(name: &str, at: &At<'_>, is_approximate: bool, report: &mut FlagReport) {
    let pointer = at.pointer_of("name");
    match name {
        "default"
        | "userWithId"
        | "gradualRolloutUserId"
        | "gradualRolloutSessionId"
        | "gradualRolloutRandom"
        | "flexibleRollout"
        | "remoteAddress" => {}
        "applicationHostname" if is_approximate => {
            report.remark(pointer, "the strategy `applicationHostname` asks for the name of the machine, which is not in the context: it reaches nobody here");
        }
        "applicationHostname" => {
            report.refuse(pointer, "the strategy `applicationHostname` asks for the name of the machine, which is not in the context: use a constraint on a property, or approximate the flag, in which it then reaches nobody");
        }
        _ => {
            let message = format!(
                "the custom strategy `{name}` is code of your SDK: without it, it reaches nobody, there and here. Write it as constraints"
            );
            report.remark(pointer, message);
        }
    }
}

fn reach(name: &str, parameters: &Parameters<'_, '_>, feature: &str) -> Result<Reach, Broken> {
    let constraint = |pointer: String, field: &str, operator: &str, list: &str| {
        let values: Vec<&str> = list.split(',').map(str::trim).collect();
        let constraint = json!({"contextName": field, "operator": operator, "values": values});
        condition(&constraint, &pointer).map(Reach::When)
    };
    match name {
        "default" => Ok(Reach::Everybody),
        "userWithId" => match parameters.get("userIds") {
            Some(ids) => constraint(parameters.pointer("userIds"), "userId", "IN", &ids),
            None => Ok(Reach::Nobody),
        },
        "remoteAddress" => match parameters.get("IPs") {
            Some(ips) => constraint(parameters.pointer("IPs"), "remoteAddress", "IN_CIDR", &ips),
            None => Ok(Reach::Nobody),
        },
        "gradualRolloutUserId" => gradual(parameters, "userId"),
        "gradualRolloutSessionId" => gradual(parameters, "sessionId"),
        // Unleash draws a number from 1 to 99, which must be less.
        "gradualRolloutRandom" => Ok(match parameters.percent("percentage") {
            None | Some(0 | 1) => Reach::Nobody,
            Some(percent) if percent >= 100 => Reach::Everybody,
            Some(percent) => Reach::Rollout(Rollout {
                percent: u32::try_from(percent).unwrap_or(100),
                stickiness: "random".to_owned(),
                group: feature.to_owned(),
            }),
        }),
        "flexibleRollout" => {
            let Some(percent) = parameters.percent("rollout") else {
                return Ok(Reach::Nobody);
            };
            let stickiness = parameters.get("stickiness");
            let stickiness = stickiness.unwrap_or_else(|| "default".to_owned());
            let group = parameters.group()?.unwrap_or_else(|| feature.to_owned());
            share(percent, parameters.pointer("rollout"), stickiness, group)
        }
        _ => Ok(Reach::Nobody),
    }
}

fn gradual(parameters: &Parameters<'_, '_>, field: &str) -> Result<Reach, Broken> {
    match (parameters.percent("percentage"), parameters.group()?) {
        (Some(percent), Some(group)) => share(
            percent,
            parameters.pointer("percentage"),
            field.to_owned(),
            group,
        ),
        _ => Ok(Reach::Nobody),
    }
}

fn share(
    percent: u64,
    pointer: String,
    stickiness: String,
    group: String,
) -> Result<Reach, Broken> {
    let percent = u32::try_from(percent)
        .ok()
        .filter(|percent| *percent <= 100);
    let Some(percent) = percent else {
        return Err(Broken {
            pointer,
            message: "it cannot read a percentage above 100".to_owned(),
        });
    };
    let needs_no_field = matches!(stickiness.as_str(), "default" | "random");
    Ok(match percent {
        0 => Reach::Nobody,
        100 if needs_no_field => Reach::Everybody,
        _ => Reach::Rollout(Rollout {
            percent,
            stickiness,
            group,
        }),
    })
}

/// Whether a rollout of the feature has no group, so that it is hashed with the name of the evaluated feature
pub(super) fn hashes_by_name(feature: &At<'_>) -> Result<bool, ImportError> {
    let mut hashes = false;
    for strategy in feature.list("strategies")? {
        let parameters = Parameters(&strategy);
        let percent = parameters.percent("rollout").unwrap_or(0);
        hashes |= strategy.text("name")? == Some("flexibleRollout")
            && parameters.get("groupId").is_none()
            && (1..100).contains(&percent);
    }
    Ok(hashes)
}

/// Reports the regular expressions of a strategy or a segment that match nothing, and refuses those that are too large only for Flagstaff
pub(super) fn check_patterns(at: &At<'_>, report: &mut FlagReport) {
    for constraint in at.list("constraints").into_iter().flatten() {
        let text = |name: &str| constraint.value.get(name).and_then(Json::as_str);
        if text("operator") != Some("REGEX") {
            continue;
        }
        let ignore_case = constraint.value.get("caseInsensitive") == Some(&Json::Bool(true));
        let pointer = constraint.pointer_of("value");
        match pattern::problem(text("value").unwrap_or_default(), ignore_case) {
            None => {}
            Some(PatternProblem::Invalid(why)) => {
                report.remark(
                    pointer,
                    format!("{why}, so that it matches nothing, there and here"),
                );
            }
            Some(PatternProblem::TooLarge(why)) => {
                report.refuse(pointer, format!("{why}: write it shorter in Unleash"));
            }
        }
    }
}

/// The constraints of a strategy or a segment as conditions of ours
pub(super) fn constraints(at: &At<'_>) -> Result<Vec<Json>, Broken> {
    let list = at.list("constraints").map_err(|error| Broken {
        pointer: at.pointer_of("constraints"),
        message: error.to_string(),
    })?;
    let known = dialect::UNLEASH_CONSTRAINT_MEMBERS;
    let kept = |at: &At<'_>| {
        let members = at.value.as_object().into_iter().flatten();
        let kept =
            members.filter(|(name, value)| known.contains(&name.as_str()) && !value.is_null());
        Json::Object(
            kept.map(|(name, value)| (name.clone(), value.clone()))
                .collect::<Map<_, _>>(),
        )
    };
    list.iter()
        .map(|at| condition(&kept(at), &at.pointer))
        .collect()
}

/// A constraint as a condition of ours
fn condition(constraint: &Json, pointer: &str) -> Result<Json, Broken> {
    let broken = |message: String, inside: &str| Broken {
        pointer: format!("{pointer}{inside}"),
        message,
    };
    let value: Value = serde_json::from_value(constraint.clone())
        .map_err(|error| broken(error.to_string(), ""))?;
    match dialect::condition("unleash", &value) {
        Some(Err(refusal)) => Err(broken(refusal.message, &refusal.pointer)),
        _ => Ok(json!({"dialect": "unleash", "expression": constraint})),
    }
}

/// The serve of a strategy
pub(super) fn split(feature: &str, served: &Served<'_>, values: &Values) -> Json {
    let Served {
        strategy,
        variants,
        is_own,
    } = *served;
    let rollout = strategy.and_then(|strategy| strategy.rollout.as_ref());
    let names: Vec<&str> = if variants.is_empty() {
        vec![values.on()]
    } else {
        let names = variants.iter().map(|variant| values.name(variant));
        names.collect()
    };
    if let ([only], None) = (names.as_slice(), rollout) {
        return (*only).into();
    }
    let mut parameters = Map::new();
    if let Some(rollout) = rollout {
        parameters.insert("rollout".to_owned(), rollout.percent.into());
        parameters.insert("stickiness".to_owned(), rollout.stickiness.as_str().into());
        parameters.insert("groupId".to_owned(), rollout.group.as_str().into());
    }
    if names.len() > 1 {
        let (group, stickiness) = match strategy {
            Some(strategy) if !is_own => (
                strategy.variant_group.as_str(),
                Some(strategy.variant_stickiness.as_str()),
            ),
            _ => {
                let first = variants.first();
                (feature, first.and_then(|first| first.stickiness.as_deref()))
            }
        };
        parameters.insert("variantGroupId".to_owned(), group.into());
        if let Some(stickiness) = stickiness {
            parameters.insert("variantStickiness".to_owned(), stickiness.into());
        }
        if is_own && variants.iter().any(|variant| !variant.overrides.is_empty()) {
            let overrides = variants
                .iter()
                .map(|variant| Json::Array(variant.overrides.clone()));
            parameters.insert("overrides".to_owned(), overrides.collect());
        }
    }
    let weights = variants.iter().map(|variant| variant.weight).chain([100]);
    let arms = names.iter().zip(weights);
    let arms: Vec<Json> = arms
        .map(|(name, weight)| json!({"variant": name, "weight": weight}))
        .collect();
    json!({"algorithm": "unleash", "parameters": parameters, "arms": arms})
}
