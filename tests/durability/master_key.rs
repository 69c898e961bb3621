//! Where the master key comes from, and what is refused.

use std::path::Path;

use dossier::adapters::sqlite::master_key::Source;
use dossier::adapters::sqlite::{DataFolder, KeyringOptions, MasterKey, SqliteKeyring};
use tempfile::TempDir;

fn folder() -> (TempDir, DataFolder) {
    let root = tempfile::tempdir().unwrap();
    let data = DataFolder::open(root.path()).unwrap();
    (root, data)
}

fn refusal(given: Option<&str>, data: &DataFolder) -> String {
    MasterKey::given_or_kept(given.map(Into::into), data).err().expect("it is refused").to_string()
}

fn opens(given: Option<&str>, data: &DataFolder) -> bool {
    let master = MasterKey::given_or_kept(given.map(Into::into), data).unwrap();
    SqliteKeyring::open(data, &master, KeyringOptions::default()).is_ok()
}

#[test]
fn the_first_start_makes_a_file_for_the_owner_alone_and_says_so() {
    let (_root, data) = folder();
    let made = MasterKey::given_or_kept(None, &data).unwrap();
    assert_eq!(*made.source(), Source::Made(data.file("master.key")));
    let found = MasterKey::given_or_kept(None, &data).unwrap();
    assert_eq!(*found.source(), Source::File(data.file("master.key")));
    #[cfg(unix)]
    assert_eq!(mode_of(&data.file("master.key")), 0o600);
}

#[cfg(unix)]
fn mode_of(file: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions()) & 0o777
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    for mode in [0o640, 0o604, 0o660, 0o644] {
        let (_root, data) = folder();
        MasterKey::given_or_kept(None, &data).unwrap();
        std::fs::set_permissions(data.file("master.key"), std::fs::Permissions::from_mode(mode)).unwrap();
        let refusal = refusal(None, &data);
        assert!(refusal.contains("chmod 600"), "{mode:o}: {refusal}");
    }
}

#[test]
fn keys_without_their_master_key_are_refused_rather_than_given_a_new_one() {
    let (_root, data) = folder();
    assert!(opens(None, &data));
    std::fs::remove_file(data.file("master.key")).unwrap();
    let refusal = refusal(None, &data);
    assert!(refusal.contains("missing") && refusal.contains("DOSSIER_MASTER_KEY"), "{refusal}");
    assert!(!data.file("master.key").exists());
}

#[test]
fn the_environment_may_hold_it_in_hexadecimal_or_base64() {
    let (_root, data) = folder();
    let hex = "00ff".repeat(16);
    assert!(opens(Some(&hex), &data));
    assert!(!data.file("master.key").exists(), "nothing is written then");
    for same in [
        hex.to_uppercase(),
        format!("  {hex}\n"),
        "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8=".into(),
        "AP8A_wD_AP8A_wD_AP8A_wD_AP8A_wD_AP8A_wD_AP8".into(),
    ] {
        assert!(opens(Some(&same), &data), "{same}");
    }
    assert!(!opens(Some(&"00fe".repeat(16)), &data), "another key");
}

#[test]
fn what_is_no_key_is_refused_without_being_quoted() {
    for bad in ["", "hunter2", &"0".repeat(63), &"0".repeat(66), "AP8A/wD/"] {
        let (_root, data) = folder();
        let refusal = refusal(Some(bad), &data);
        assert!(refusal.contains("DOSSIER_MASTER_KEY") && (bad.is_empty() || !refusal.contains(bad)), "{refusal}");
    }
    let (_root, data) = folder();
    MasterKey::given_or_kept(None, &data).unwrap();
    std::fs::write(data.file("master.key"), "torn").unwrap();
    assert!(refusal(None, &data).contains("master.key"));
}
