//! The tests that there are, by reading the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the tests of each binary stand, from the root of the project.
const BINARIES: &[(&str, &str)] = &[
    ("dossier", "src"),
    ("domain", "domain/src"),
    ("projections", "projections/src"),
    ("oracle", "tests/oracle/tests/it"),
    ("filters", "domain/tests/filters"),
    ("index", "projections/tests/index"),
    ("segments", "projections/tests/segments"),
];

/// The modules of a test binary that are written by a macro, one for each adapter.
const ADAPTERS: [&str; 3] = ["memory", "sqlite", "eventstore"];

pub(crate) struct Tests {
    /// By binary, the full names.
    names: BTreeMap<String, BTreeSet<String>>,
    /// The text of every file that holds tests.
    texts: Vec<String>,
}

impl Tests {
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut tests = Tests { names: BTreeMap::new(), texts: Vec::new() };
        for (binary, folder) in BINARIES {
            tests.take(binary, &root.join(folder));
        }
        for entry in std::fs::read_dir(root.join("tests")).expect("the tests") {
            let folder = entry.expect("an entry").path();
            if folder.join("main.rs").exists() {
                let binary = folder.file_name().expect("a name").to_string_lossy().into_owned();
                tests.take(&binary, &folder);
            }
        }
        tests
    }

    /// Whether a binary has a test of this full name.
    pub(crate) fn holds(&self, binary: &str, name: &str) -> bool {
        self.names.get(binary).is_some_and(|names| names.contains(name))
    }

    /// Whether a file with tests speaks of a word.
    pub(crate) fn mention(&self, word: &str) -> bool {
        self.texts.iter().any(|text| text.contains(word))
    }

    fn take(&mut self, binary: &str, folder: &Path) {
        for file in files(folder) {
            let text = std::fs::read_to_string(&file).expect("a source");
            let module = module_of(file.strip_prefix(folder).expect("below"));
            let names = self.names.entry(binary.to_owned()).or_default();
            names.extend(tests_of(&text).into_iter().map(|test| [module.clone(), test].concat().join("::")));
            for case in cases_of(&text) {
                names.extend(ADAPTERS.map(|adapter| format!("{adapter}::{case}")));
            }
            if text.contains("#[test]") || text.contains("#[tokio::test") {
                self.texts.push(text);
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.extension() {
            _ if path.is_dir() => found.extend(files(&path)),
            Some(ending) if ending == "rs" => found.push(path),
            _ => {}
        }
    }
    found
}

/// The module that the tests of a file stand in.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "main" | "mod" | "lib")) {
        module.pop();
    }
    // A file beside the one it tests is named after it.
    if let Some(tested) = module.last().and_then(|last| last.strip_suffix("_tests")).map(str::to_owned) {
        module.pop();
        module.extend([tested, "tests".to_owned()]);
    }
    module
}

/// The functions that follow a test's attribute, each with the modules in the file that it stands in. The sources are
/// formatted, so a module ends where a brace stands below its beginning.
fn tests_of(text: &str) -> Vec<Vec<String>> {
    let (mut found, mut is_test) = (Vec::new(), false);
    let mut modules: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        let depth = line.len() - code.len();
        if code == "}" && modules.last().is_some_and(|(begun, _)| *begun == depth) {
            modules.pop();
        } else if let Some(module) = code.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            modules.push((depth, module.to_owned()));
        } else if code.starts_with("#[test]") || code.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && let Some(name) = function_of(code) {
            let within = modules.iter().map(|(_, module)| module.clone());
            found.push(within.chain([name.to_owned()]).collect());
            is_test = false;
        }
    }
    found
}

fn function_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

/// The names in the list that the contract's macro makes tests of.
fn cases_of(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("\nadapters! {") else { return Vec::new() };
    let words = list.split_whitespace().filter(|word| word.contains('_'));
    words
        .filter(|word| word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
        .map(str::to_owned)
        .collect()
}
