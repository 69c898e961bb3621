//! Connections by TLS, to a server that takes no others over its network.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use dossier::adapters::postgres::{Address, PostgresReadStore};
use dossier::ports::read_store::{Changes, Projection, ReadStore};
use dossier::ports::shared::Lease;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::opening::open;
use super::postgres::Postgres;
use super::server::Server;
use super::{KEYRING, PROGRAM, READ_STORE};

/// What certificates are made for.
const HOST: &str = "db.example";

/// Connections over the network that the program holds, and whether all of them are encrypted.
const ENCRYPTED: &str = "select count(*) > 0, bool_and(ssl and version >= 'TLSv1.2') from pg_stat_ssl
    join pg_stat_activity using (pid) where application_name = 'dossier' and client_addr is not null";
/// Somebody listens after this, even where the machine is busy.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// Whether the connection that listens is one of them.
const LISTENS: &str = "select bool_or(ssl) from pg_stat_ssl join pg_stat_activity using (pid)
    where client_addr is not null and query ilike 'listen %'";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut asked = CertificateParams::default();
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(asked, KeyPair::generate().unwrap()).unwrap()
}

/// A server for [`HOST`], and the file that holds the certificate of its authority.
struct Secured {
    postgres: Postgres,
    folder: TempDir,
}

impl Secured {
    fn new() -> Self {
        Secured::by(CertificateParams::new([HOST.to_owned()]).unwrap())
    }

    /// One with such a certificate, signed by an authority.
    fn by(certificate: CertificateParams) -> Self {
        let (authority, key) = (authority(), KeyPair::generate().unwrap());
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        Secured::with(&certificate.pem(), &key, &authority.pem())
    }

    fn with(certificate: &str, key: &KeyPair, trusted: &str) -> Self {
        let postgres = Postgres::networked(Some([certificate, &key.serialize_pem()]));
        let secured = Secured { postgres, folder: tempfile::tempdir().unwrap() };
        secured.trust(trusted);
        secured
    }

    /// Names these as trusted from now on.
    fn trust(&self, certificates: &str) {
        fs::write(self.file(), certificates).unwrap();
    }

    fn file(&self) -> String {
        self.folder.path().join("a root.crt").display().to_string()
    }

    /// What is asked for beside the file.
    fn address(&self, host: &str, asked: &str) -> String {
        let file = self.file().replace(' ', "%20");
        format!("{}&sslrootcert={file}&{asked}", self.postgres.address_of(host))
    }
}

/// Opens the read models of an address, and reads in them, so that a connection is there.
async fn opened(address: &str) -> Result<PostgresReadStore, String> {
    let store = open(address, 1).await.map_err(|error| error.to_string())?;
    assert_eq!(store.checkpoint(Projection::Mac).await.unwrap(), 0);
    Ok(store)
}

/// Why an address can't be opened, which must say nothing of a password.
#[track_caller]
fn told(opened: Result<PostgresReadStore, String>) -> String {
    let told = opened.map(drop).unwrap_err();
    assert!(told.contains("opening the read models: Postgres at ") && !told.contains("s3cret"), "{told}");
    told
}

/// The keys by the authorities of the machine, which are those of the file here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_encrypted_to_the_server_that_is_meant() {
    let (secured, data) = (Secured::new(), tempfile::tempdir().unwrap());
    let address = secured.address(HOST, "sslmode=verify-full&channel_binding=require");
    let (keys, file) = (format!("{}&sslmode=require", secured.postgres.address_of(HOST)), secured.file());
    let variables = [(READ_STORE, address.as_str()), (KEYRING, &keys), ("SSL_CERT_FILE", &file)];
    let server = Server::start_over(&data.path().join("data"), &variables).await;
    let ada = json!({"first_name": "Ada", "channels": [{"channel": "web", "external_id": "ada"}]});
    server.call("POST", "/contacts", ada).await.expect(201);
    let shown = server.call("GET", "/contacts/channel:web:ada", Value::Null).await.expect(200);
    assert_eq!(shown["display_name"], "Ada");
    assert_eq!(secured.postgres.answer(ENCRYPTED), "t|t");
    server.stop();
    assert_ne!(secured.postgres.answer("select count(*) from dossier_keys.keys"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_is_heard_encrypted() {
    let secured = Secured::new();
    let address = secured.address(HOST, "channel_binding=require");
    let (one, other) = (opened(&address).await.unwrap(), opened(&address).await.unwrap());
    let (mut news, asked) = (other.news(), Instant::now());
    while secured.postgres.answer(LISTENS) != "t" {
        assert!(asked.elapsed() < LISTENS_WITHIN, "nobody listens: {}", secured.postgres.log());
        tokio::task::yield_now().await;
    }
    assert!(one.take(false).await.unwrap());
    one.apply(Changes::Mac(Vec::new()), 0, 1).await.unwrap();
    news.changed().await.unwrap();
    assert_eq!(other.checkpoint(Projection::Mac).await.unwrap(), 1);
    assert_eq!(secured.postgres.answer(ENCRYPTED), "t|t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_trusted_has_signed_is_refused() {
    let secured = Secured::new();
    secured.trust(&authority().pem());
    for asked in ["", "sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"] {
        let told = told(opened(&secured.address(HOST, asked)).await);
        assert!(told.contains("is signed by nobody who is trusted here"), "{asked}: {told}");
        assert!(told.contains("sslrootcert=FILE"), "{asked}: {told}");
    }
    assert_eq!(secured.postgres.answer("select count(*) from pg_namespace where nspname like 'dossier%'"), "0");
}

#[test]
fn keys_are_not_brought_to_a_server_that_is_not_trusted() {
    let (secured, data) = (Secured::new(), tempfile::tempdir().unwrap());
    secured.trust(&authority().pem());
    let mut ingest = Command::new(PROGRAM);
    ingest.args(["ingest", "-", "--data"]).arg(data.path()).env(KEYRING, secured.address(HOST, ""));
    let output = ingest.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && !told.contains("s3cret"), "{told}");
    assert!(told.contains("dossier_keys can't be used: the server's certificate is signed by nobody"), "{told}");
}

/// The authorities of the machine did not sign it either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_require_tls_without_a_file_trusts_the_machines_authorities_alone() {
    let secured = Secured::new();
    let address = format!("{}&sslmode=require", secured.postgres.address_of(HOST));
    match Address::parse(&address, "dossier") {
        Ok(_) => assert!(told(opened(&address).await).contains("is signed by nobody who is trusted here")),
        Err(none) => assert!(none.to_string().contains("no authority is trusted on this machine"), "{none}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_host_is_refused_unless_the_host_is_not_checked() {
    let secured = Secured::new();
    for asked in ["", "sslmode=require", "sslmode=verify-full"] {
        let told = told(opened(&secured.address("other.example", asked)).await);
        assert!(told.contains("is for another host") && told.contains(HOST), "{asked}: {told}");
    }
    let asked = "sslmode=verify-ca&channel_binding=require";
    let _held = opened(&secured.address("other.example", asked)).await.unwrap();
    assert_eq!(secured.postgres.answer(ENCRYPTED), "t|t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_has_run_out_is_refused() {
    let mut asked = CertificateParams::new([HOST.to_owned()]).unwrap();
    asked.not_after = date_time_ymd(2020, 1, 1);
    let secured = Secured::by(asked);
    let told = told(opened(&secured.address(HOST, "sslmode=verify-ca")).await);
    assert!(told.contains("is not valid at this time: renew it"), "{told}");
}

/// As the manual of Postgres makes one: an authority that signed itself, and for no host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_signed_itself_is_trusted_where_it_is_named() {
    let itself = authority();
    let secured = Secured::with(&itself.pem(), itself.key(), &itself.pem());
    opened(&secured.address(HOST, "sslmode=verify-ca")).await.unwrap();
    let refused = told(opened(&secured.address(HOST, "sslmode=verify-full")).await);
    assert!(refused.contains("is for another host"), "{refused}");
    secured.trust(&authority().pem());
    told(opened(&secured.address(HOST, "sslmode=verify-ca")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_prefer_tls_is_to_have_it_where_the_server_does_and_else_to_go_without() {
    let secured = Secured::new();
    let _held = opened(&secured.postgres.address_of("other.example")).await.unwrap();
    assert_eq!(secured.postgres.answer(ENCRYPTED), "t|t", "nobody is checked");
    let disabled = format!("{}&sslmode=disable", secured.postgres.address_of(HOST));
    assert!(told(opened(&disabled).await).contains("no encryption"), "this server wants it");
    let open = Postgres::networked(None);
    let _held = opened(&open.address_of(HOST)).await.unwrap();
    assert_eq!(open.answer(ENCRYPTED), "t|f");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    let (secured, open) = (Secured::new(), Postgres::networked(None));
    let file = secured.address(HOST, "");
    let file = file.split('&').find(|part| part.starts_with("sslrootcert=")).unwrap();
    for asked in ["", "&sslmode=require", "&sslmode=verify-ca", "&sslmode=verify-full"] {
        let told = told(opened(&format!("{}&{file}{asked}", open.address_of(HOST))).await);
        assert!(told.contains("does not speak TLS") && told.contains("ssl = on"), "{asked}: {told}");
    }
    assert_eq!(open.answer("select count(*) from pg_namespace where nspname = 'dossier'"), "0");
}
