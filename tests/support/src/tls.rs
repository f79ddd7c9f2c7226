//! An own certificate authority, for clients that insist on HTTPS.
//!
//! Owns: the CA and the server's certificate, new for each simulator. Invariant: valid for Google's
//! names and loopback only. May import: nothing. Tests: `tests/`.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Names that the certificate is for.
const NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "::1",
    "photoslibrary.googleapis.com",
    "photospicker.googleapis.com",
    "oauth2.googleapis.com",
    "openidconnect.googleapis.com",
    "accounts.google.com",
    "www.googleapis.com",
    "lh3.googleusercontent.com",
    "video-downloads.googleusercontent.com",
];

/// What serves TLS, and the authority to trust.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Tls {
    /// Makes an authority and a certificate for [`NAMES`].
    pub(crate) fn make() -> Result<Self, Failure> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, "fake-google CA");
        let ca_certificate = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);

        let key = KeyPair::generate()?;
        let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "fake-google");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer)?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem: ca_certificate.pem() })
    }
}
