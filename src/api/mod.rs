//! The contract at the door: what requests are read into, what answers look like, what errors become. Knows neither
//! HTTP nor the command line; both speak it.

pub mod bodies;
pub mod problem;
pub mod read;
pub mod requests;

/// Holds a file under `schemas/` to what the code says. With `DOSSIER_UPDATE` set, writes it instead.
#[cfg(test)]
pub(crate) fn promised(file: &str, made: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(file);
    if std::env::var_os("DOSSIER_UPDATE").is_some() {
        std::fs::write(&path, format!("{made}\n")).unwrap();
    }
    let promised = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        promised.trim_end() == made,
        "schemas/{file} is not what the code says; look at the difference, then run with DOSSIER_UPDATE=1"
    );
}
