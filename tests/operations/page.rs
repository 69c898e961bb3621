//! The blocks of commands in the operators' README, run as they stand there.

use std::path::Path;
use std::process::{Command, Output};

use crate::{PROGRAM, text};

/// The lines of the one block that holds some words.
pub(crate) fn block(words: &str) -> Vec<String> {
    let page = text("README.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut found = blocks.filter(|block| block.contains(words));
    let block = found.next().unwrap_or_else(|| panic!("no block says {words}"));
    assert!(found.next().is_none(), "several blocks say {words}");
    block.lines().map(str::to_owned).collect()
}

/// Runs a line of the page in a folder, by a shell that finds the program under test, and the newest Postgres' own.
pub(crate) fn run(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Output {
    if let Some(statement) = line.strip_prefix("sqlite3 ") {
        execute(folder, statement);
        return run(folder, "true", variables);
    }
    let programs = folder.join("programs");
    let _ = std::fs::create_dir(&programs);
    let _ = std::os::unix::fs::symlink(PROGRAM, programs.join("dossier"));
    let path = format!("{}:{}:{}", programs.display(), postgres_programs(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-euc", line]).current_dir(folder).env("PATH", path).envs(variables.iter().copied());
    shell.output().unwrap()
}

#[track_caller]
pub(crate) fn well(folder: &Path, line: &str, variables: &[(&str, &str)]) -> String {
    let output = run(folder, line, variables);
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `sqlite3 FILE "STATEMENT"` does, which not every machine has.
fn execute(folder: &Path, line: &str) {
    let (file, statement) = line.split_once(' ').unwrap();
    let statement = statement.trim_matches('"').replace("INTO '", &format!("INTO '{}/", folder.display()));
    rusqlite::Connection::open(folder.join(file)).unwrap().execute(&statement, []).unwrap();
}

fn postgres_programs() -> String {
    crate::postgres::programs().display().to_string()
}
