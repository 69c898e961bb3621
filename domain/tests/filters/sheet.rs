//! The files of the corpus.

use std::collections::{BTreeMap, BTreeSet};

use dossier_domain::fields::Definition;
use dossier_domain::values::time::parse_time;
use dossier_domain::values::workspace::parse_time_zone;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::support::{Person, Setting, folder};

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    #[serde(rename = "about")]
    _about: String,
    zone: String,
    now: String,
    region: Option<String>,
    #[serde(default)]
    fields: Vec<Definition>,
    pub(crate) contacts: BTreeMap<String, Json>,
    pub(crate) cases: Vec<Case>,
}

/// One case. The contacts of the sheet that `matches` does not name must not match.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) filter: Json,
    zone: Option<String>,
    now: Option<String>,
    pub(crate) matches: BTreeSet<String>,
    /// A wrong reading, in words.
    pub(crate) wrong: String,
    /// What would match by it.
    pub(crate) wrongly: BTreeSet<String>,
}

impl Sheet {
    pub(crate) fn setting(&self, case: &Case) -> Setting {
        Setting {
            fields: self.fields.iter().cloned().collect(),
            zone: parse_time_zone(case.zone.as_ref().unwrap_or(&self.zone)).unwrap(),
            now: parse_time(case.now.as_ref().unwrap_or(&self.now)).unwrap(),
            region: self.region.clone(),
        }
    }

    pub(crate) fn people(&self, setting: &Setting) -> Vec<(&str, Person)> {
        self.contacts.iter().map(|(name, json)| (name.as_str(), setting.person(json))).collect()
    }
}

/// The sheets, by the names of their files.
pub(crate) fn sheets() -> Vec<(String, Sheet)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let cases = files.filter(|path| path.file_name().is_some_and(|name| name != "refused.json"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let sheet = serde_json::from_str(&std::fs::read_to_string(path).unwrap());
        let sheet = sheet.unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, sheet)
    };
    cases.map(read).collect()
}
