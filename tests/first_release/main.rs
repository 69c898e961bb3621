//! A data folder as the first release wrote it, opened by every later one (decision 11).
//!
//! `tests/data/first-release` holds the log, the keys and the script of commands that they were written from. It is
//! never written again once that release is out. Until then: `DOSSIER_UPDATE=1 cargo nextest run --test first_release`.

mod folder;
mod replay;
mod script;
mod shown;
