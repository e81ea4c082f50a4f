//! Experiments: rules with variations, and experiments of their own

use serde_json::{Map, Value as Json, json};

use super::rule::hash_parameters;
use super::values::Values;
use super::{File, GrowthBookOptions};
use crate::ImportError;
use crate::report::FlagReport;
use crate::source::At;

/// An experiment of the file
pub(super) struct Experiment<'f> {
    at: At<'f>,
    pub(super) key: &'f str,
    pub(super) variations: &'f [Json],
    bandit: Option<At<'f>>,
}

/// Fields of experiments that only a page can apply
const OF_PAGES: [&str; 4] = ["domMutations", "urlRedirect", "js", "css"];

impl<'f> Experiment<'f> {
    /// The experiment of a feature's rule, if it is one
    pub(super) fn of_rule(
        rule: &At<'f>,
        feature: &'f str,
        bandits: Option<&At<'f>>,
    ) -> Option<Self> {
        let text = |name: &str| rule.value.get(name).and_then(Json::as_str);
        let list = |name: &str| rule.value.get(name).and_then(Json::as_array);
        let bandit = text("contextualBanditRef");
        let contextual = bandit.and_then(|_| list("contextualVariations"));
        Some(Self {
            at: rule.clone(),
            key: text("key").filter(|key| !key.is_empty()).unwrap_or(feature),
            variations: contextual.or_else(|| list("variations"))?,
            bandit: bandits.and_then(|bandits| bandits.get(bandit?)),
        })
    }

    /// An experiment outside of features; an error if it is made for a page
    pub(super) fn of_page(at: &At<'f>, key: &'f str) -> Result<Option<Self>, ImportError> {
        let variations = at.value.get("variations").and_then(Json::as_array);
        let Some(variations) = variations.filter(|variations| !variations.is_empty()) else {
            return Err(at.error("expected a list `variations`"));
        };
        let is_of_page =
            |variation: &Json| OF_PAGES.iter().any(|name| variation.get(name).is_some());
        if at.get("urlPatterns").is_some()
            || at.get("url").is_some()
            || variations.iter().any(is_of_page)
        {
            let message = "an experiment of the visual editor or a redirect acts in a page, which Flagstaff does not";
            return Err(at.error(message));
        }
        Ok(Some(Self {
            at: at.clone(),
            key,
            variations,
            bandit: None,
        }))
    }

    /// Whether it applies only to users whom the program forces into it
    pub(super) fn is_inactive(&self) -> bool {
        let status = self.at.value.get("status").and_then(Json::as_str);
        let is_active = self.at.value.get("active") != Some(&Json::Bool(false));
        let is_stopped = status == Some("stopped") && self.at.get("force").is_none();
        !is_active || is_stopped || status == Some("draft")
    }

    /// The variation that the program forces, if it forces one; the outer `None`: the experiment runs for nobody
    #[expect(
        clippy::option_option,
        reason = "two questions: whether it runs, and whether a variation is forced"
    )]
    pub(super) fn forced(&self, options: &GrowthBookOptions) -> Option<Option<usize>> {
        let count = self.variations.len();
        if count < 2 || !options.enabled {
            return None;
        }
        if let Some(index) = forced_by_url(&options.url, self.key, count) {
            return Some(Some(index));
        }
        if let Some(index) = options.forced_variations.get(self.key) {
            let index = usize::try_from(*index).ok().filter(|index| *index < count);
            return index.map(Some);
        }
        if options.qa_mode && !(self.bandit.is_none() && self.own_force().is_some()) {
            return None;
        }
        Some(None)
    }

    /// The variation that an experiment outside of features gives every user in it
    fn own_force(&self) -> Option<i64> {
        self.at.value.get("force").and_then(Json::as_i64)
    }

    fn meta(&self, index: usize) -> Option<&'f Json> {
        self.at.value.get("meta")?.get(index)
    }

    /// The key of a variation in the vendor's results
    fn variation_key(&self, index: usize) -> String {
        let key = self.meta(index).and_then(|meta| meta.get("key")?.as_str());
        let key = key.filter(|key| !key.is_empty());
        key.map_or_else(|| index.to_string(), str::to_owned)
    }

    /// Variations whose units continue with the next rule, as units outside of a holdout do
    pub(super) fn passthrough(&self) -> Vec<usize> {
        let is_passed = |index: &usize| {
            let meta = self.meta(*index);
            meta.is_some_and(|meta| meta.get("passthrough") == Some(&Json::Bool(true)))
        };
        (0..self.variations.len()).filter(is_passed).collect()
    }

    /// The weights, or as many equal ones
    fn weights(&self) -> Result<Vec<f64>, ImportError> {
        let count = self.variations.len();
        let Some(given) = self.at.get("weights") else {
            return Ok(equal(count));
        };
        let weights = numbers(&given)?;
        Ok(if weights.len() == count {
            weights
        } else {
            equal(count)
        })
    }

    pub(super) fn arms(&self, values: &mut Values) -> Result<Json, ImportError> {
        if let Some(meta) = self.at.get("meta")
            && meta.elements()?.len() < self.variations.len()
        {
            return Err(meta.error("expected an entry for each variation"));
        }
        let weights = self.weights()?.into_iter();
        let arms = weights.zip(self.variations).enumerate();
        let arms = arms.map(|(index, (weight, value))| {
            let variant = values.arm(self.key, &self.variation_key(index), index, value);
            json!({"variant": variant, "weight": weight})
        });
        Ok(arms.collect::<Vec<_>>().into())
    }

    /// The parameters of the choice
    pub(super) fn parameters(
        &self,
        file: &File<'f>,
        report: &mut FlagReport,
    ) -> Result<Map<String, Json>, ImportError> {
        let mut parameters = hash_parameters(&self.at, self.key, file.options)?;
        for name in ["coverage", "ranges", "filters", "namespace"] {
            let member = self.at.get(name);
            // Filters take the place of a namespace, even if there are none in the list.
            let member = member.filter(|_| name != "namespace" || self.at.get("filters").is_none());
            parameters.extend(member.map(|member| (name.to_owned(), member.value.clone())));
        }
        if let Some(bandit) = &self.bandit {
            let contexts = self.contexts(bandit, file, report)?;
            parameters.insert("contexts".to_owned(), contexts.into());
        }
        if let Some(force) = self.own_force() {
            parameters.insert("force".to_owned(), force.into());
        }
        if file.options.sticky_buckets && !self.at.boolean("disableStickyBucketing", false)? {
            let keys = (0..self.variations.len()).map(|index| self.variation_key(index));
            let mut sticky = Map::new();
            sticky.insert("experiment".to_owned(), self.key.into());
            sticky.insert("keys".to_owned(), keys.collect::<Vec<_>>().into());
            for name in ["bucketVersion", "minBucketVersion"] {
                let version = self.at.whole(name)?;
                sticky.extend(version.map(|version| (name.to_owned(), version.into())));
            }
            parameters.insert("sticky".to_owned(), sticky.into());
        }
        Ok(parameters)
    }

    /// The contexts of a contextual bandit, each with its weights
    fn contexts(
        &self,
        bandit: &At<'f>,
        file: &File<'f>,
        report: &mut FlagReport,
    ) -> Result<Vec<Json>, ImportError> {
        let contexts = bandit.list("contexts")?.into_iter();
        let contexts = contexts.map(|context| {
            let condition = match context.get("condition") {
                Some(condition) => file.conditions.expression(&condition, report)?,
                None => json!({}),
            };
            let weights = match context.get("weights") {
                Some(weights) => numbers(&weights)?,
                None => self.weights()?,
            };
            Ok(json!({"condition": condition, "weights": weights}))
        });
        contexts.collect()
    }
}

fn equal(count: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "there are few variations")]
    let weight = 1.0 / count as f64;
    vec![weight; count]
}

fn numbers(at: &At<'_>) -> Result<Vec<f64>, ImportError> {
    let numbers = at.elements()?.into_iter();
    let numbers = numbers.map(|element| {
        let number = element.value.as_f64();
        number.ok_or_else(|| element.error("expected a number"))
    });
    numbers.collect()
}

/// The variation that the query string of a URL forces: `?KEY=1`
fn forced_by_url(url: &str, key: &str, count: usize) -> Option<usize> {
    let query = url.split('?').nth(1)?;
    let query = query.split('#').next()?;
    let value = query.split('&').find_map(|pair| {
        let mut parts = pair.split('=');
        (parts.next() == Some(key)).then(|| parts.next().unwrap_or_default())
    })?;
    let value = value.trim_start();
    let digits = value.find(|digit: char| !digit.is_ascii_digit());
    let digits = value.get(..digits.unwrap_or(value.len()))?;
    digits.parse().ok().filter(|index| *index < count)
}
