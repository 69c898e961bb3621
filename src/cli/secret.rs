//! Addresses that may hold a password: no message repeats them, and one that begins with `@` is read from that file.

use std::fmt;

use super::Failure;

/// An argument or variable as it was given.
#[derive(Clone)]
pub(super) struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// What it says, or what the file says that it names; `option` is who gave it. An empty one is none: so a variable
    /// is taken back.
    pub(super) fn read(&self, option: &str) -> Result<Option<String>, Failure> {
        let text = match self.0.strip_prefix('@') {
            None => self.0.clone(),
            Some(file) => match std::fs::read_to_string(file) {
                Ok(text) => text.trim_end().to_owned(),
                Err(error) => return Err(format!("{option}: {file}: {error}").into()),
            },
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_the_file_that_it_names_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keyring");
        std::fs::write(&file, "postgres://ada:s3cret@db/crm\n").unwrap();
        let named = Secret::from(format!("@{}", file.display()));
        assert_eq!(named.read("--keyring").unwrap().as_deref(), Some("postgres://ada:s3cret@db/crm"));
        let given = Secret::from("postgres://ada:s3cret@db/crm".to_owned());
        assert_eq!(given.read("--keyring").unwrap().as_deref(), Some("postgres://ada:s3cret@db/crm"));
        assert!(!format!("{given:?} {named:?}").contains("s3cret"));
        assert_eq!(Secret::from(String::new()).read("--keyring").unwrap(), None);
        std::fs::remove_file(&file).unwrap();
        let refused = named.read("--keyring").unwrap_err().to_string();
        assert!(refused.starts_with("--keyring: ") && refused.contains("keyring: "), "{refused}");
    }
}
