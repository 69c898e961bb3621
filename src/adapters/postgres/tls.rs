//! TLS to Postgres: what an address asks for, whose certificates are trusted, and what went wrong.
//!
//! `require` is `verify-full` here. A connection that is encrypted to whoever answers keeps nothing from somebody who sits
//! in between, so nobody gets one who asked for safety; libpq gives it unless it is told of an authority.

use std::error::Error;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The `sslrootcert` that means the authorities which the machine trusts.
const SYSTEM: &str = "system";
/// What Postgres calls its protocol; from version 17 it wants to hear it where TLS comes first.
const PROTOCOL: &[u8] = b"postgresql";
/// What the client says where a server refuses TLS.
const NOT_SPOKEN: &str = "server does not support TLS";

/// Why TLS can't be had as an address asks for it. Nothing of the address is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// There is no such mode.
    #[error("sslmode is one of disable, prefer, require, verify-ca and verify-full")]
    Mode,
    /// Somebody is trusted where nobody is checked.
    #[error("sslmode=disable and prefer check no certificate: leave out sslrootcert, or write sslmode=verify-full")]
    Unchecked,
    /// Whoever has a certificate of a public authority, for whichever host, would be trusted.
    #[error("sslmode=verify-ca needs sslrootcert=FILE, the certificate of an authority of your own")]
    Anybody,
    /// The file can't be read.
    #[error("the file that sslrootcert names can't be read: {0}")]
    Unread(io::ErrorKind),
    /// The file holds something else.
    #[error("the file that sslrootcert names holds no certificates in PEM")]
    NoCertificate,
    /// The machine trusts nobody.
    #[error(
        "no authority is trusted on this machine: install its certificates (ca-certificates), or name the server's \
         authority by sslrootcert=FILE"
    )]
    NoAuthority,
}

/// What makes connections safe by what an address says: its `sslmode` and its `sslrootcert`. Reads the certificates, once.
pub(super) fn read(mode: Option<&str>, roots: Option<&str>) -> Result<(SslMode, MakeRustlsConnect), TlsError> {
    let (mode, trusted) = match (mode, roots) {
        (Some("disable" | "prefer"), Some(_)) => return Err(TlsError::Unchecked),
        (Some("disable"), None) => (SslMode::Disable, None),
        (None | Some("prefer"), None) => (SslMode::Prefer, None),
        (Some("verify-ca"), None | Some(SYSTEM)) => return Err(TlsError::Anybody),
        (Some("verify-ca"), Some(file)) => (SslMode::Require, Some(Trusted::of_file(file, false)?)),
        (None | Some("require" | "verify-full"), None | Some(SYSTEM)) => {
            (SslMode::Require, Some(Trusted::by_machine()?))
        }
        (None | Some("require" | "verify-full"), Some(file)) => (SslMode::Require, Some(Trusted::of_file(file, true)?)),
        (Some(_), _) => return Err(TlsError::Mode),
    };
    Ok((mode, connector(trusted)))
}

fn connector(trusted: Option<Trusted>) -> MakeRustlsConnect {
    // Said here: others may have installed another provider, or none.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Verifier { trusted, provider: provider.clone() });
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.expect("the provider knows the versions of TLS").dangerous();
    let mut config = config.with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    MakeRustlsConnect::new(config)
}

/// Whose certificates are trusted.
#[derive(Debug)]
struct Trusted {
    authorities: RootCertStore,
    /// Trusted themselves too: many a server has a certificate that nobody else signed.
    named: Vec<CertificateDer<'static>>,
    /// Whether a certificate must be for the host that is meant.
    checks_host: bool,
}

impl Trusted {
    fn of_file(file: &str, checks_host: bool) -> Result<Self, TlsError> {
        let named: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        let named = named.map_err(|error| match error {
            pem::Error::Io(error) => TlsError::Unread(error.kind()),
            _ => TlsError::NoCertificate,
        })?;
        let authorities = store(&named).ok_or(TlsError::NoCertificate)?;
        Ok(Trusted { authorities, named, checks_host })
    }

    fn by_machine() -> Result<Self, TlsError> {
        let known = rustls_native_certs::load_native_certs().certs;
        let authorities = store(&known).ok_or(TlsError::NoAuthority)?;
        Ok(Trusted { authorities, named: Vec::new(), checks_host: true })
    }
}

/// The authorities of these certificates, if there are any.
fn store(certificates: &[CertificateDer<'static>]) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    (!store.is_empty()).then_some(store)
}

/// Checks the certificate of a server; that of anybody passes where nobody is named as trusted.
#[derive(Debug)]
struct Verifier {
    trusted: Option<Trusted>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Whether a handshake was signed by whom the certificate names; anybody's passes where nobody is named as trusted.
    fn signed(
        &self,
        verify: impl FnOnce(&WebPkiSupportedAlgorithms) -> Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match self.trusted {
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(_) => verify(&self.provider.signature_verification_algorithms),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        let parsed = ParsedCertificate::try_from(certificate)?;
        if !trusted.named.contains(certificate) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let authorities = &trusted.authorities;
            verify_server_cert_signed_by_trust_anchor(&parsed, authorities, intermediates, now, algorithms)?;
        }
        if trusted.checks_host {
            verify_server_name(&parsed, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed(|algorithms| verify_tls12_signature(message, certificate, signed, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed(|algorithms| verify_tls13_signature(message, certificate, signed, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What is wrong between a server and TLS, and what to do; none where the trouble is another one.
pub(super) fn reason(error: &tokio_postgres::Error) -> Option<String> {
    let cause = error.source()?;
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match inner.and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(why)) => Some(of_certificate(why)),
        Some(error) => Some(format!("no connection by TLS: {error}")),
        None => (cause.to_string() == NOT_SPOKEN).then(|| {
            "the server does not speak TLS: turn it on there (ssl = on), or write sslmode=disable where the network is \
             safe"
                .to_owned()
        }),
    }
}

fn of_certificate(why: &CertificateError) -> String {
    use CertificateError as Why;

    match why {
        Why::UnknownIssuer | Why::BadSignature => "the server's certificate is signed by nobody who is trusted here: \
             name the certificate of its authority by sslrootcert=FILE"
            .to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => format!(
            "the server's certificate is for another host: write the host as it does, or sslmode=verify-ca with an \
             authority of your own in sslrootcert ({why})"
        ),
        Why::Expired | Why::ExpiredContext { .. } | Why::NotValidYet | Why::NotValidYetContext { .. } => {
            format!("the server's certificate is not valid at this time: renew it, or set the clock ({why})")
        }
        _ => format!(
            "the server's certificate is not accepted: if it is signed by itself, name it by sslrootcert=FILE ({why})"
        ),
    }
}
