//! `dossier schemas`: what stored events look like.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::columns::print;
use crate::sealing::schemas::{SCHEMAS, Schema};

/// Prints the JSON Schemas of what is stored: of each version of each event, of its metadata, and of the whole.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier schemas\n  dossier schemas contact_merged\n  dossier schemas \
                        contact_merged.v1\n  dossier schemas --out ./schemas")]
pub(super) struct Schemas {
    /// An event type, `meta`, `stored` or `sealed`; with `.v1` a version of it, else the newest. All are listed if it is
    /// left out.
    name: Option<String>,
    /// Writes every schema into this folder, a file each.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    out: Option<PathBuf>,
    /// Prints the list as JSON.
    #[arg(long)]
    json: bool,
}

impl Schemas {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        if let Some(folder) = &self.out {
            write_all(folder)?;
        }
        match &self.name {
            Some(name) => print(find(name)?.text)?,
            None => {
                let mut list = Vec::new();
                self.list(&mut list)?;
                print(&String::from_utf8_lossy(&list))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, out: &mut impl Write) -> std::io::Result<()> {
        if self.json {
            let schema = |schema: &Schema| serde_json::json!({"name": schema.name, "version": schema.version, "file": schema.file_name()});
            let schemas: Vec<_> = SCHEMAS.iter().map(schema).collect();
            return writeln!(out, "{}", serde_json::json!({"schemas": schemas}));
        }
        let width = SCHEMAS.iter().map(|schema| schema.name.len()).max().unwrap_or_default();
        SCHEMAS.iter().try_for_each(|schema| writeln!(out, "{:width$}  {}", schema.name, schema.version))
    }
}

/// The schema of `name.v1`, or the newest of `name`.
fn find(wanted: &str) -> Result<&'static Schema, String> {
    let named = |schema: &&Schema| format!("{}.v{}", schema.name, schema.version) == wanted || schema.name == wanted;
    let found = SCHEMAS.iter().filter(named).max_by_key(|schema| schema.version);
    found.ok_or_else(|| format!("nothing stored is called {wanted}: run `dossier schemas` for a list"))
}

fn write_all(folder: &Path) -> Result<(), Failure> {
    let failed = |error| format!("writing to {} failed: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    for schema in SCHEMAS {
        std::fs::write(folder.join(schema.file_name()), schema.text).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(json: bool) -> String {
        let mut out = Vec::new();
        Schemas { name: None, out: None, json }.list(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_schema_is_listed_with_its_version() {
        assert!(listed(false).lines().any(|line| line.starts_with("contact_merged ") && line.ends_with(" 1")));
        assert_eq!(listed(false).lines().count(), SCHEMAS.len());
        let list: serde_json::Value = serde_json::from_str(&listed(true)).unwrap();
        assert_eq!(list["schemas"].as_array().unwrap().len(), SCHEMAS.len());
        assert_eq!(list["schemas"][0]["file"], "contact_created.v1.json");
    }

    #[test]
    fn a_schema_is_found_by_name_and_by_version() {
        assert_eq!(find("meta").unwrap(), find("meta.v1").unwrap());
        assert!(find("contact_merged").unwrap().text.contains("\"contact_merged, version 1\""));
        assert!(find("contact_merged.v9").unwrap_err().contains("dossier schemas"));
        assert!(find("contact").is_err());
    }

    #[test]
    fn all_schemas_are_written_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/on/the/way");
        write_all(&folder).unwrap();
        for schema in SCHEMAS {
            assert_eq!(std::fs::read_to_string(folder.join(schema.file_name())).unwrap(), schema.text);
        }
    }
}
