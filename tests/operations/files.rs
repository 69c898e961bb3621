//! The files that run Dossier: they are what they should be, and ask nothing of the program that it does not know.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::page::well;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::{PROGRAM, deploy, text};

/// What the program says of a command.
fn help(command: &str) -> String {
    let output = Command::new(PROGRAM).args([command, "--help"]).output().unwrap();
    assert!(output.status.success(), "{command}");
    String::from_utf8(output.stdout).unwrap()
}

/// The program knows the command, and each of its options.
#[track_caller]
fn knows(words: &[&str]) {
    let help = help(words[0]);
    for word in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.split_whitespace().any(|known| known == *word), "{word} is no option of {}", words[0]);
    }
}

/// The program reads the variable.
#[track_caller]
fn reads(variable: &str) {
    let is_read = help("serve").contains(&format!("[env: {variable}"));
    assert!(is_read || variable == dossier::adapters::sqlite::master_key::VARIABLE, "nobody reads {variable}");
}

fn compose() -> Value {
    serde_saphyr::from_str(&text("docker-compose.yml")).unwrap()
}

fn names(of: &Value) -> BTreeSet<&str> {
    match of {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
        Value::Object(members) => members.keys().map(String::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// What `secrets.sh` makes, in a folder of its own.
fn secrets(folder: &Path) -> std::path::PathBuf {
    std::fs::copy(deploy("secrets.sh"), folder.join("secrets.sh")).unwrap();
    well(folder, "./secrets.sh", &[]);
    folder.join("secrets")
}

#[test]
fn the_services_know_their_options_secrets_and_volumes_and_say_whether_they_are_well() {
    let compose = compose();
    let folder = tempfile::tempdir().unwrap();
    let made = std::fs::read_dir(secrets(folder.path())).unwrap();
    let made: BTreeSet<String> = made.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names(&compose["secrets"]), made.iter().map(String::as_str).collect());
    for (name, service) in compose["services"].as_object().unwrap() {
        assert!(service["healthcheck"]["test"].is_array() || name == "dossier", "{name}: its image says");
        assert!(names(&service["secrets"]).is_subset(&names(&compose["secrets"])), "{name}");
        for volume in names(&service["volumes"]) {
            let (from, _) = volume.split_once(':').unwrap();
            let is_there = match from.strip_prefix("./") {
                Some(file) => deploy(file).exists(),
                None => names(&compose["volumes"]).contains(from),
            };
            assert!(is_there, "{name}: {volume}");
        }
    }
    let dossier = &compose["services"]["dossier"];
    let words: Vec<&str> = dossier["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    knows(&words);
    for (variable, value) in dossier["environment"].as_object().unwrap() {
        reads(variable);
        if let Some(secret) = value.as_str().unwrap().strip_prefix("@/run/secrets/") {
            assert!(names(&dossier["secrets"]).contains(secret), "{variable}");
        }
    }
}

#[test]
fn no_password_stands_in_a_file() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap();
            assert!(!variable.contains("PASSWORD") || value.starts_with("/run/secrets/"), "{name}: {variable}");
            assert!(!value.contains("://") || !value.contains('@'), "{name}: {variable} has a user in its address");
        }
    }
    for (name, secret) in compose["secrets"].as_object().unwrap() {
        assert_eq!(secret["file"], format!("./secrets/{name}"));
    }
    let ignored = text(".gitignore");
    assert!(ignored.lines().any(|line| line == "/secrets/"), "{ignored}");
}

#[test]
fn what_is_secret_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let made = secrets(folder.path());
    assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
    let read = || std::fs::read_to_string(made.join("master_key")).unwrap();
    let first = read();
    assert!(first.trim().len() == 64 && first.trim().bytes().all(|digit| digit.is_ascii_hexdigit()));
    well(folder.path(), "./secrets.sh", &[]);
    assert_eq!(read(), first);
}

#[test]
fn the_databases_are_made_for_two_roles_of_which_neither_reads_what_is_the_others() {
    let (folder, postgres) = (tempfile::tempdir().unwrap(), Postgres::small());
    let secrets = secrets(folder.path());
    let (host, secrets_named) = (postgres.host().display().to_string(), secrets.display().to_string());
    let init = deploy("postgres-init.sh").display().to_string();
    well(folder.path(), &init, &[("PGHOST", &host), ("SECRETS", &secrets_named)]);
    let passwords =
        "select count(*) from pg_authid where rolname in ('dossier', 'dossier_keys') and rolpassword is not null";
    assert_eq!(postgres.answer(passwords), "2");
    let may = "select string_agg(rolname || ' ' || datname, ',' order by rolname, datname) from pg_database, pg_roles
        where datname in ('crm', 'keys') and rolname like 'dossier%' and has_database_privilege(rolname, datname, 'connect')";
    assert_eq!(postgres.answer(may), "dossier crm,dossier_keys keys,dossier_reader crm");
    // The program, by what the secrets say, over the socket instead of the network.
    let mut variables = Vec::new();
    for (variable, name, database) in
        [("DOSSIER_READ_STORE", "read_store", "crm"), ("DOSSIER_KEYRING", "keyring", "keys")]
    {
        let address = std::fs::read_to_string(secrets.join(name)).unwrap();
        let here = address.trim().replace(&format!("@postgres/{database}"), &format!("@/{database}?host={host}"));
        assert_ne!(here, address.trim());
        let file = folder.path().join(name);
        std::fs::write(&file, here).unwrap();
        variables.push((variable, format!("@{}", file.display())));
    }
    variables.push(("DOSSIER_MASTER_KEY", format!("@{}", secrets.join("master_key").display())));
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let line = r#"echo '{"command":"create_contact","first_name":"Ada"}' | dossier ingest --data data - && dossier verify --data data"#;
    assert!(well(folder.path(), line, &variables).ends_with(" 0 faults\n"));
    assert!(!folder.path().join("data/master.key").exists(), "the master key is not in the data folder");
    let granted = "select has_table_privilege('dossier_reader', 'dossier.contacts', 'select')";
    let asked = format!("-A -t -d crm -c \"{granted}\"");
    assert_eq!(well(folder.path(), &format!("psql -U postgres {asked}"), &[("PGHOST", &host)]).trim(), "t");
}

/// The words of a directive of the unit.
fn directives<'u>(unit: &'u str, name: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_asks_nothing_that_the_program_does_not_know() {
    let unit = text("dossier.service");
    let [start] = directives(&unit, "ExecStart").try_into().unwrap();
    let words: Vec<&str> = start.split(' ').skip(1).collect();
    knows(&words);
    for variable in directives(&unit, "Environment") {
        reads(variable.split_once('=').unwrap().0);
    }
    for named in unit.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.starts_with("DOSSIER_")) {
        reads(named);
    }
    for hardening in
        ["NoNewPrivileges", "ProtectSystem", "PrivateTmp", "DynamicUser", "LoadCredential", "StateDirectory"]
    {
        assert_eq!(directives(&unit, hardening).len(), 1, "{hardening}");
    }
}

#[test]
fn systemd_understands_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("there is no systemd-analyze on this machine: the unit is only read by ourselves");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dossier.service");
    std::fs::write(&file, text("dossier.service").replace("/usr/local/bin/dossier", PROGRAM)).unwrap();
    let Output { status, stderr, .. } = Command::new("systemd-analyze").arg("verify").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success() && !said.contains("dossier.service"), "{said}");
}

/// The words of an instruction of the image, its lines joined.
fn instruction(name: &str) -> String {
    let image = text("Dockerfile").replace("\\\n", " ");
    let last = image.lines().rfind(|line| line.starts_with(&format!("{name} ")));
    last.unwrap_or_else(|| panic!("no {name}"))[name.len() + 1..].trim().to_owned()
}

#[test]
fn the_image_runs_the_program_as_nobody_special() {
    let user = instruction("USER");
    assert!(user != "root" && user != "0" && text("Dockerfile").contains(&format!("--shell /usr/sbin/nologin {user}")));
    assert_eq!(instruction("ENTRYPOINT"), r#"["dossier"]"#);
    let words: Vec<String> = serde_json::from_str(&instruction("CMD")).unwrap();
    knows(&words.iter().map(String::as_str).collect::<Vec<_>>());
    reads(instruction("ENV").split_once('=').unwrap().0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for kept in text("Dockerfile.dockerignore").lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root.join(kept).exists(), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_image_is_healthy_when_the_program_is_ready_and_not_when_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data")).await;
    let check = instruction("HEALTHCHECK");
    let (_, check) = check.split_once("CMD ").unwrap();
    let port = server.address().rsplit(':').next().unwrap().to_owned();
    let words: Vec<String> = serde_json::from_str(&check.replace("7171", &port)).unwrap();
    let is_healthy = || Command::new(&words[0]).args(&words[1..]).output().unwrap().status.success();
    assert!(is_healthy());
    server.stop();
    assert!(!is_healthy());
}
