//! The search through every byte of every file, in every spelling that a program might have used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use uuid::Uuid;

/// Every file below a folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found
}

/// The snapshots of the index, by their ids.
pub(crate) fn snapshots(folder: &Path) -> Vec<(Uuid, PathBuf)> {
    let id = |file: &Path| {
        let name = file.file_name()?.to_str()?;
        name.strip_prefix("index-")?.strip_suffix(".snapshot")?.parse().ok()
    };
    all(folder).into_iter().filter_map(|file| Some((id(&file)?, file))).collect()
}

fn name(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap().to_string_lossy().into_owned()
}

/// Many byte strings, looked for in one pass; by their first two bytes.
struct Patterns {
    by_start: Vec<Vec<(usize, Vec<u8>)>>,
}

impl Patterns {
    /// Each with the number of the needle it spells.
    fn new(patterns: impl IntoIterator<Item = (usize, Vec<u8>)>) -> Self {
        let mut by_start = vec![Vec::new(); 1 << 16];
        patterns.into_iter().for_each(|(needle, bytes)| by_start[start(&bytes)].push((needle, bytes)));
        Patterns { by_start }
    }

    /// Numbers of the needles that are there.
    fn found_in(&self, content: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for at in 0..content.len().saturating_sub(1) {
            for (needle, bytes) in &self.by_start[start(&content[at..])] {
                if content[at..].starts_with(bytes) {
                    found.insert(*needle);
                }
            }
        }
        found
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Which of these byte strings stands in which file: as it is, in hex or in base64.
pub(crate) fn holding(folder: &Path, needles: &[Vec<u8>]) -> Vec<(usize, String)> {
    search(folder, needles.iter().map(|needle| spellings(needle)))
}

/// Which needle stands in which file in the clear, or as good as.
pub(crate) fn plaintext(folder: &Path, needles: &[String]) -> Vec<(String, String)> {
    let found = search(folder, needles.iter().map(|needle| texts(needle)));
    found.into_iter().map(|(number, file)| (needles[number].clone(), file)).collect()
}

fn search(folder: &Path, spelled: impl Iterator<Item = Vec<Vec<u8>>>) -> Vec<(usize, String)> {
    let numbered = spelled.enumerate();
    let patterns = Patterns::new(numbered.flat_map(|(number, all)| all.into_iter().map(move |bytes| (number, bytes))));
    let mut found = Vec::new();
    for file in all(folder) {
        let here = patterns.found_in(&std::fs::read(&file).unwrap());
        found.extend(here.into_iter().map(|number| (number, name(folder, &file))));
    }
    found
}

fn texts(needle: &str) -> Vec<Vec<u8>> {
    let wide: Vec<u16> = needle.encode_utf16().collect();
    let little = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let upper = needle.to_uppercase().into_bytes();
    spellings(needle.as_bytes()).into_iter().chain([little, big, upper]).collect()
}

fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut spelled = vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
    for before in 0..3 {
        // What depends on the bytes before and behind is cut off.
        let shifted = [&vec![0; before], bytes].concat();
        let text = STANDARD_NO_PAD.encode(&shifted);
        let whole = shifted.len() / 3 * 4;
        let own = text.as_bytes()[[0, 2, 3][before]..whole].to_vec();
        spelled.push(
            own.iter()
                .map(|byte| match byte {
                    b'+' => b'-',
                    b'/' => b'_',
                    other => *other,
                })
                .collect(),
        );
        spelled.push(own);
    }
    spelled
}

#[test]
fn bytes_are_found_in_every_spelling_and_at_every_place() {
    let folder = tempfile::tempdir().unwrap();
    let needle = "unmistakable-needle?";
    let base64 = |before: &str| STANDARD_NO_PAD.encode(format!("{before}{needle} and more"));
    let wide = |order: fn(u16) -> [u8; 2]| needle.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let written = [
        needle.as_bytes().to_vec(),
        hex::encode(needle).into_bytes(),
        hex::encode_upper(needle).into_bytes(),
        base64("").into_bytes(),
        base64("x").into_bytes(),
        base64("xy").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ];
    std::fs::create_dir(folder.path().join("below")).unwrap();
    for bytes in written {
        let content = [b"something before".as_slice(), &bytes, b"after"].concat();
        std::fs::write(folder.path().join("below/file"), &content).unwrap();
        assert_eq!(plaintext(folder.path(), &[needle.into()]).len(), 1, "{}", String::from_utf8_lossy(&content));
    }
    std::fs::write(folder.path().join("below/file"), "unmistakable-needl").unwrap();
    assert!(plaintext(folder.path(), &[needle.into()]).is_empty());
}
