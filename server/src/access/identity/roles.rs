//! The roles that a claim grants

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value as Json;

use crate::store::CredentialKind;

/// The roles in a claim
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClaimedRoles {
    /// In all projects
    pub(crate) everywhere: Option<CredentialKind>,
    /// In single projects, by name
    pub(crate) projects: BTreeMap<String, CredentialKind>,
}

/// The role that a value of the claim grants, a group of the provider for instance: `VALUE=ROLE`, or `VALUE=ROLE@PROJECT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleMapping {
    value: String,
    role: CredentialKind,
    project: Option<String>,
}

/// A text that is not a mapping
#[derive(Debug, thiserror::Error)]
#[error(
    "expected `GROUP=viewer`, `GROUP=editor` or `GROUP=admin`, or for one project `GROUP=editor@PROJECT`"
)]
pub struct InvalidMapping;

impl FromStr for RoleMapping {
    type Err = InvalidMapping;

    fn from_str(text: &str) -> Result<Self, InvalidMapping> {
        // From the right: a group may be an address, or a name with `=` in it.
        let (value, role) = text.rsplit_once('=').ok_or(InvalidMapping)?;
        let (role, project) = match role.split_once('@') {
            Some((role, project)) => (role, Some(project)),
            None => (role, None),
        };
        let role = CredentialKind::role(role.trim()).ok_or(InvalidMapping)?;
        let value = value.trim();
        if value.is_empty() || project.is_some_and(str::is_empty) {
            return Err(InvalidMapping);
        }
        Ok(Self {
            value: value.to_owned(),
            role,
            project: project.map(str::to_owned),
        })
    }
}

impl ClaimedRoles {
    /// The roles in a claim: with mappings, those of its values; without, its values are roles, for all projects or by project
    pub(super) fn of(claim: Option<&Json>, mappings: &[RoleMapping]) -> Self {
        match claim {
            Some(claim) if !mappings.is_empty() => Self::mapped(claim, mappings),
            Some(Json::Object(projects)) => Self {
                everywhere: None,
                projects: projects
                    .iter()
                    .filter_map(|(project, claim)| Some((project.clone(), role(claim)?)))
                    .collect(),
            },
            claim => Self {
                everywhere: claim.and_then(role),
                projects: BTreeMap::new(),
            },
        }
    }

    fn mapped(claim: &Json, mappings: &[RoleMapping]) -> Self {
        let has = |value: &str| match claim {
            Json::String(one) => one == value,
            Json::Array(many) => many.iter().any(|one| one == value),
            _ => false,
        };
        let mut granted = Self::default();
        for mapping in mappings.iter().filter(|mapping| has(&mapping.value)) {
            let role = Some(mapping.role);
            match &mapping.project {
                None => granted.everywhere = granted.everywhere.max(role),
                Some(project) => {
                    let held = granted.projects.get(project).copied();
                    granted
                        .projects
                        .extend(held.max(role).map(|role| (project.clone(), role)));
                }
            }
        }
        // A role in all projects is one in each.
        if let Some(everywhere) = granted.everywhere {
            for role in granted.projects.values_mut() {
                *role = everywhere.max(*role);
            }
        }
        granted
    }
}

/// A role, or the highest of several
fn role(claim: &Json) -> Option<CredentialKind> {
    match claim {
        Json::String(name) => CredentialKind::role(name),
        Json::Array(names) => names
            .iter()
            .filter_map(|name| CredentialKind::role(name.as_str()?))
            .max(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use CredentialKind::{Admin, Editor, Viewer};

    use super::*;

    #[test]
    fn values_of_the_claim_grant_the_highest_of_their_roles() {
        let mappings: Vec<RoleMapping> = [
            "staff=viewer",
            "devs=editor",
            "shop=admin@shop",
            "a=b=viewer@x",
        ]
        .map(|text| text.parse::<RoleMapping>().unwrap())
        .into();
        let granted = |claim: &Json| ClaimedRoles::of(Some(claim), &mappings);
        let roles = |everywhere, projects: &[(&str, CredentialKind)]| ClaimedRoles {
            everywhere,
            projects: projects
                .iter()
                .map(|(name, role)| ((*name).to_owned(), *role))
                .collect(),
        };
        assert_eq!(granted(&json!("staff")), roles(Some(Viewer), &[]));
        assert_eq!(granted(&json!(["devs", "staff"])), roles(Some(Editor), &[]));
        assert_eq!(granted(&json!(["shop"])), roles(None, &[("shop", Admin)]));
        assert_eq!(
            granted(&json!(["a=b", "devs"])),
            roles(Some(Editor), &[("x", Editor)])
        );
        // With mappings, the name of a role is a value like any other.
        for nobody in [
            json!("admin"),
            json!(["other"]),
            json!({"shop": "admin"}),
            json!(1),
        ] {
            assert_eq!(granted(&nobody), ClaimedRoles::default(), "{nobody}");
        }
    }

    #[test]
    fn a_mapping_names_a_value_and_a_role() {
        for wrong in [
            "staff",
            "=viewer",
            "staff=owner",
            "staff=",
            "staff=viewer@",
            " =viewer",
        ] {
            assert!(wrong.parse::<RoleMapping>().is_err(), "{wrong}");
        }
    }
}
