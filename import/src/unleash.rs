//! Unleash: client features, the responses of `GET /api/client/features` and `/api/client/delta`
//!
//! A strategy becomes a rule: its constraints and segments are the condition, its rollout and variants the serve. If Unleash's engine
//! Yggdrasil cannot compile a part of a toggle, it turns the whole toggle off; such a toggle is imported as off, with a remark.

mod strategy;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::limits;
use serde_json::{Map, Value as Json, json};

use self::strategy::{Broken, Strategy, VariantDefinition, refuse_draw, split};
use self::values::Values;
use crate::draft::{Draft, Keys, NEEDS};
use crate::report::FlagReport;
use crate::source::At;
use crate::{ImportError, Imported, Options};

pub(crate) fn convert(options: &Options, source: &Json) -> Result<Imported, ImportError> {
    let root = At::root(source);
    let state = State::read(&root)?;
    let names: Vec<&str> = state.features.iter().map(|(name, _)| *name).collect();
    let mut importer = Importer {
        keys: Keys::new(names.iter().copied()),
        options,
        state: &state,
        segments: BTreeMap::new(),
        segment_keys: BTreeSet::new(),
        draft: Draft::default(),
        done: BTreeMap::new(),
    };
    // Parents first, since features that depend on them name their variants.
    let has_parents = |at: &At<'_>| at.list("dependencies").is_ok_and(|list| !list.is_empty());
    for is_child in [false, true] {
        for (name, at) in state.features.iter() {
            if has_parents(at) == is_child {
                importer.feature(name, at);
            }
        }
    }
    let mut draft = importer.draft;
    draft.keys = importer.keys;
    let places = names.into_iter().zip(0_usize..);
    let places: BTreeMap<&str, usize> = places.collect();
    let place = |report: &FlagReport| places.get(report.flag.as_str()).copied();
    draft.report.sort_by_cached_key(place);
    Ok(draft.finish(options, None))
}

/// The features and segments of a file
#[derive(Default)]
struct State<'j> {
    features: InOrder<&'j str, At<'j>>,
    segments: InOrder<u64, At<'j>>,
}

/// Items by name, in the order in which they arrived; a later item replaces an earlier one
struct InOrder<K, T> {
    // `None` in place of a removed item.
    items: Vec<Option<(K, T)>>,
    positions: BTreeMap<K, usize>,
}

impl<K, T> Default for InOrder<K, T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            positions: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Copy, T> InOrder<K, T> {
    fn get(&self, key: K) -> Option<&T> {
        let found = self.items.get(*self.positions.get(&key)?)?.as_ref();
        found.map(|(_, item)| item)
    }

    fn put(&mut self, key: K, item: T) {
        self.remove(key);
        self.positions.insert(key, self.items.len());
        self.items.push(Some((key, item)));
    }

    fn remove(&mut self, key: K) {
        let position = self.positions.remove(&key);
        if let Some(place) = position.and_then(|position| self.items.get_mut(position)) {
            *place = None;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &(K, T)> {
        self.items.iter().flatten()
    }
}

impl<'j> State<'j> {
    fn read(root: &At<'j>) -> Result<Self, ImportError> {
        let mut state = Self::default();
        if root.get("events").is_some() {
            for event in root.list("events")? {
                state.apply(&event)?;
            }
            return Ok(state);
        }
        let is_known = matches!(root.whole("version")?, Some(1 | 2));
        if !is_known || root.get("features").is_none() {
            let message = "expected the client features of Unleash: an object with `version` 1 or 2 and `features`, as `GET /api/client/features` answers";
            return Err(root.error(message));
        }
        state.add_all(root)?;
        Ok(state)
    }

    fn add_all(&mut self, at: &At<'j>) -> Result<(), ImportError> {
        for feature in at.list("features")? {
            let name = feature.required("name")?;
            if self.features.get(name).is_some() {
                return Err(feature.error(format!("the feature `{name}` comes twice")));
            }
            self.features.put(name, feature);
        }
        for segment in at.list("segments")? {
            let id = segment.whole("id")?;
            let id = id.ok_or_else(|| segment.error("missing `id`"))?;
            if self.segments.get(id).is_some() {
                return Err(segment.error(format!("the segment {id} comes twice")));
            }
            self.segments.put(id, segment);
        }
        Ok(())
    }

    /// One event of the delta API
    fn apply(&mut self, event: &At<'j>) -> Result<(), ImportError> {
        let missing = |name: &str| event.error(format!("missing `{name}`"));
        match event.required("type")? {
            "hydration" => {
                *self = Self::default();
                self.add_all(event)
            }
            "feature-updated" => {
                let feature = event.get("feature").ok_or_else(|| missing("feature"))?;
                let name = feature.required("name")?;
                self.features.put(name, feature);
                Ok(())
            }
            "feature-removed" => {
                let name = event.required("featureName")?;
                self.features.remove(name);
                Ok(())
            }
            "segment-updated" => {
                let segment = event.get("segment").ok_or_else(|| missing("segment"))?;
                let id = segment.whole("id")?;
                let id = id.ok_or_else(|| segment.error("missing `id`"))?;
                self.segments.put(id, segment);
                Ok(())
            }
            "segment-removed" => {
                let id = event.whole("segmentId")?;
                if let Some(id) = id {
                    self.segments.remove(id);
                }
                Ok(())
            }
            other => Err(event.error(format!("unknown event `{other}`"))),
        }
    }
}

/// A feature that was taken over
struct Done {
    /// Our variants, each with the vendor's name; `None` for a toggle that is on without a variant
    variants: Vec<(String, Option<String>)>,
}

struct Importer<'o, 'j> {
    keys: Keys,
    options: &'o Options,
    state: &'o State<'j>,
    /// Ours, by id; or why Unleash cannot compile one
    segments: BTreeMap<u64, Result<String, Broken>>,
    segment_keys: BTreeSet<String>,
    draft: Draft,
    done: BTreeMap<String, Done>,
}

/// The result of converting the dependencies of a feature
struct Gate {
    prerequisites: Vec<Json>,
    conditions: Vec<Json>,
    is_closed: bool,
}

impl Importer<'_, '_> {
    fn feature(&mut self, name: &str, at: &At<'_>) {
        let mut report = FlagReport::new(name, &at.pointer);
        match self.flag(name, at, &mut report) {
            Ok(Some(flag)) if !report.is_refused() => {
                self.draft.flags.insert(self.keys.of(name), flag);
            }
            Ok(_) => {
                self.done.remove(name);
                self.draft.answers.remove(&self.keys.of(name));
            }
            Err(error) => {
                if let ImportError::Shape { pointer, message } = error {
                    report.refuse(pointer, message);
                }
            }
        }
        self.draft.report.push(report);
    }

    fn flag(
        &mut self,
        name: &str,
        at: &At<'_>,
        report: &mut FlagReport,
    ) -> Result<Option<Json>, ImportError> {
        let key = self.keys.of(name);
        if key != name {
            let message =
                format!("its key here is `{key}`: keys have letters, digits, `.`, `_` and `-`");
            report.remark(at.pointer_of("name"), message);
        }
        let own = VariantDefinition::read_all(at)?;
        let compiled = self.strategies(name, at, report)?;
        let gate = self.gate(name, at, report)?;
        let serves = match &compiled {
            Some(strategies) if !gate.is_closed => served(at, strategies, &own)?,
            _ => Vec::new(),
        };
        let is_approximate = self.options.approximate.contains(name);
        for served in &serves {
            check_variants(served, is_approximate, at, report);
        }
        if serves.len() > limits::MAX_RULES {
            let message = format!("a flag has at most {} rules", limits::MAX_RULES);
            report.refuse(at.pointer_of("strategies"), message);
        }
        let values = Values::new(&serves, at, report);
        if report.is_refused() {
            return Ok(None);
        }
        let (mut rules, mut serve) = (Vec::new(), values.off());
        for served in &serves {
            let given = split(name, served, &values);
            if served.strategy.is_none() && gate.conditions.is_empty() {
                serve = given;
            } else {
                rules.push(rule(served.strategy, &gate.conditions, given));
            }
        }
        let mut flag = json!({
            "type": values.flag_type, "enabled": at.boolean("enabled", false)?, "needs": NEEDS,
            "rules": rules, "serve": serve, "prerequisites": gate.prerequisites,
        });
        values.complete(&mut flag);
        if let (Json::Object(members), Some(text)) = (&mut flag, at.text("description")?) {
            members.insert("description".to_owned(), text.into());
        }
        let variants = values.names();
        self.done.insert(name.to_owned(), Done { variants });
        self.draft.answers.insert(key, values.answers());
        Ok(Some(flag))
    }

    /// The strategies of a feature; `None` where Unleash cannot compile one, and turns the feature off
    fn strategies(
        &mut self,
        name: &str,
        at: &At<'_>,
        report: &mut FlagReport,
    ) -> Result<Option<Vec<Strategy>>, ImportError> {
        let is_approximate = self.options.approximate.contains(name);
        let (mut compiled, mut broken) = (Vec::new(), None);
        for strategy in &at.list("strategies")? {
            let read = Strategy::read(strategy, name, is_approximate, report)?;
            for (id, _) in read.iter().flat_map(|strategy| &strategy.segments) {
                if let Some(segment) = self.state.segments.get(*id) {
                    strategy::check_patterns(segment, report);
                }
            }
            match read.and_then(|strategy| self.conditions(strategy)) {
                Ok(strategy) => compiled.push(strategy),
                Err(why) => broken = broken.or(Some(why)),
            }
        }
        let Some(Broken { pointer, message }) = broken else {
            return Ok(Some(compiled));
        };
        let message =
            format!("Unleash turns the whole feature off, and so does this flag: {message}");
        report.remark(pointer, message);
        Ok(None)
    }

    /// Adds the segments of a strategy to its conditions
    fn conditions(&mut self, mut strategy: Strategy) -> Result<Strategy, Broken> {
        for (id, pointer) in &strategy.segments {
            let key = self.segment(*id, pointer)?;
            strategy.conditions.push(json!({"segment": key}));
        }
        Ok(strategy)
    }

    /// The key of our segment, which is created when it is first used
    fn segment(&mut self, id: u64, used_at: &str) -> Result<String, Broken> {
        if let Some(known) = self.segments.get(&id) {
            return known.clone();
        }
        let made = match self.state.segments.get(id) {
            None => Err(Broken {
                pointer: used_at.to_owned(),
                message: format!("there is no segment {id}"),
            }),
            Some(at) => strategy::constraints(at).map(|conditions| {
                let name = at.value.get("name").and_then(Json::as_str);
                let name = name.map_or_else(|| format!("segment-{id}"), str::to_owned);
                let key = Keys::new([name.as_str()]).of(&name);
                let key =
                    crate::draft::unique(&key, limits::MAX_KEY_LENGTH, &mut self.segment_keys);
                let segment = json!({"needs": NEEDS, "when": {"all": conditions}});
                self.draft.add_segment(&key, segment, &at.pointer);
                key
            }),
        };
        self.segments.insert(id, made.clone());
        made
    }

    /// Converts the parents of a feature. Only one level counts: a parent that has parents itself counts as missing
    fn gate(
        &mut self,
        name: &str,
        at: &At<'_>,
        report: &mut FlagReport,
    ) -> Result<Gate, ImportError> {
        let mut gate = Gate {
            prerequisites: Vec::new(),
            conditions: Vec::new(),
            is_closed: false,
        };
        for dependency in at.list("dependencies")? {
            let parent = dependency.required("feature")?;
            let found = self.state.features.get(parent);
            let Some(found) =
                found.filter(|found| found.list("dependencies").is_ok_and(|list| list.is_empty()))
            else {
                let message = format!(
                    "Unleash turns the feature off, and so does this flag: the parent `{parent}` is missing, or has parents itself"
                );
                report.remark(dependency.pointer_of("feature"), message);
                gate.is_closed = true;
                continue;
            };
            let found = found.clone();
            self.dependency(name, (parent, &found), &dependency, (&mut gate, report))?;
        }
        Ok(gate)
    }

    fn dependency(
        &mut self,
        name: &str,
        (parent, found): (&str, &At<'_>),
        dependency: &At<'_>,
        (gate, report): (&mut Gate, &mut FlagReport),
    ) -> Result<(), ImportError> {
        let Some(done) = self.done.get(parent) else {
            let message = format!("its parent `{parent}` is not taken over");
            report.refuse(dependency.pointer_of("feature"), message);
            return Ok(());
        };
        let wanted: Vec<&str> = (dependency.list("variants")?.iter())
            .filter_map(|variant| variant.value.as_str())
            .collect();
        let has_variants = done.variants.iter().any(|(_, theirs)| theirs.is_some());
        let asks_for_variants = !wanted.is_empty() && has_variants;
        let is_enabled = dependency.boolean("enabled", true)?;
        let key = self.keys.of(parent);
        let all: Vec<String> = done.variants.iter().map(|(ours, _)| ours.clone()).collect();
        let is_wanted = |theirs: &Option<String>| {
            let is_listed = |theirs: &String| wanted.contains(&theirs.as_str());
            wanted.is_empty() || theirs.as_ref().is_none_or(is_listed)
        };
        let met = done.variants.iter().filter(|(_, theirs)| is_wanted(theirs));
        let met: Vec<String> = met.map(|(ours, _)| ours.clone()).collect();
        if strategy::hashes_by_name(found)? {
            if asks_for_variants {
                let message = "a parent of which a variant is wanted, and whose rollout has no `groupId`, is not taken over: set its `groupId` in Unleash";
                report.refuse(dependency.pointer_of("variants"), message);
                return Ok(());
            }
            // Yggdrasil hashes such a parent by the name of its child.
            let condition = self.inlined(name, found, report)?;
            gate.conditions.push(if is_enabled {
                condition
            } else {
                json!({"not": condition})
            });
        } else if is_enabled {
            gate.is_closed |= met.is_empty();
            gate.prerequisites
                .push(json!({"flag": key, "variants": if met.is_empty() { all } else { met }}));
        } else if asks_for_variants {
            let message = "a parent that must be off and have a variant is not taken over: drop the variants in Unleash";
            report.refuse(dependency.pointer_of("variants"), message);
        } else if !all.is_empty() {
            gate.conditions
                .push(json!({"not": {"flag": key, "variants": all}}));
        }
        Ok(())
    }

    /// Whether a parent is on, as a condition that hashes by the name of its child
    fn inlined(
        &mut self,
        child: &str,
        parent: &At<'_>,
        report: &mut FlagReport,
    ) -> Result<Json, ImportError> {
        let mut strategies = Vec::new();
        let is_approximate = self.options.approximate.contains(child);
        for at in parent.list("strategies")? {
            let read = Strategy::read(&at, child, is_approximate, report)?;
            let Ok(strategy) = read.and_then(|strategy| self.conditions(strategy)) else {
                return Ok(json!({"any": []}));
            };
            if !strategy.is_never {
                let mut all = strategy.conditions.clone();
                all.extend(strategy.rollout_condition());
                strategies.push(json!({"all": all}));
            }
        }
        Ok(if parent.boolean("enabled", false)? {
            json!({"any": strategies})
        } else {
            json!({"any": []})
        })
    }
}

/// What a strategy serves, or a feature without strategies
pub(super) struct Served<'s> {
    /// `None` for a feature without strategies
    strategy: Option<&'s Strategy>,
    variants: &'s [VariantDefinition],
    /// Whether the variants are those of the feature, and not of the strategy
    is_own: bool,
}

/// What the strategies serve, except those that never apply: their own variants, or else those of the feature
fn served<'s>(
    at: &At<'_>,
    strategies: &'s [Strategy],
    own: &'s [VariantDefinition],
) -> Result<Vec<Served<'s>>, ImportError> {
    if at.list("strategies")?.is_empty() {
        return Ok(vec![Served {
            strategy: None,
            variants: own,
            is_own: true,
        }]);
    }
    let reaching = strategies.iter().filter(|strategy| !strategy.is_never);
    let served = reaching.map(|strategy| {
        let is_own = strategy.variants.is_empty();
        let variants = if is_own { own } else { &strategy.variants };
        Served {
            strategy: Some(strategy),
            variants,
            is_own,
        }
    });
    Ok(served.collect())
}

/// A rule for a strategy, which also requires the conditions of the feature's parents
fn rule(strategy: Option<&Strategy>, gate: &[Json], serve: Json) -> Json {
    let own = strategy.map(|strategy| &strategy.conditions);
    let conditions: Vec<&Json> = gate.iter().chain(own.into_iter().flatten()).collect();
    let mut rule = Map::new();
    if let Some(id) = strategy.and_then(|strategy| strategy.title.clone()) {
        rule.insert("id".to_owned(), id.into());
    }
    match conditions.as_slice() {
        [] => {}
        [only] => {
            rule.insert("when".to_owned(), (*only).clone());
        }
        all => {
            rule.insert("when".to_owned(), json!({"all": all}));
        }
    }
    rule.insert("serve".to_owned(), serve);
    Json::Object(rule)
}

/// Refuses variants that have no exact meaning here
fn check_variants(served: &Served<'_>, is_approximate: bool, at: &At<'_>, report: &mut FlagReport) {
    let variants = served.variants;
    if variants.len() > limits::MAX_ARMS {
        let message = format!("a split has at most {} arms", limits::MAX_ARMS);
        report.refuse(at.pointer_of("variants"), message);
    }
    let weighty = variants.iter().filter(|variant| variant.weight > 0).count();
    if !variants.is_empty() && weighty == 0 {
        report.refuse(
            at.pointer_of("variants"),
            "the weights of the variants sum to 0: give one of them a weight in Unleash",
        );
    }
    let first = variants
        .first()
        .and_then(|variant| variant.stickiness.as_deref());
    if served.is_own && weighty > 1 && first == Some("random") {
        let message = "the stickiness of the variants is `random`, which no pure function can be: choose another in Unleash, or approximate the flag, which then hashes the whole context";
        refuse_draw(message, at.pointer_of("variants"), is_approximate, report);
    }
}
