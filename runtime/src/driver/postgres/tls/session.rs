//! Sessions over rustls.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::driver::postgres::fold::Fold;
use crate::driver::tls::{Identity, Roots, certificates, key};
use crate::error::{Error, Result};

/// What is checked of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::driver::postgres) enum Check {
    Nothing,
    Authority,
    Name,
}

/// Makes TLS sessions, or none.
#[derive(Clone, Default)]
pub(in crate::driver::postgres) struct Connector(Option<Arc<ClientConfig>>);

impl Connector {
    pub(super) fn new(check: Check, roots: &Roots, identity: Option<&Identity>) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier::new(check, roots, &provider)?);
        let wrong = |error: rustls::Error| Error::config(format!("TLS cannot be set up: {error}"));
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(wrong)?.dangerous().with_custom_certificate_verifier(verifier);
        let config = match identity {
            Some(files) => {
                let own = builder.with_client_auth_cert(certificates(&files.certificate)?, key(&files.key)?);
                own.map_err(|error| {
                    let (file, key) = (files.certificate.display(), files.key.display());
                    Error::config(format!("the certificate {file} with the key {key} cannot be used: {error}"))
                })?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Self(Some(Arc::new(config))))
    }
}

/// Checks as much of a certificate as was asked for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    /// What the authorities sign for; `None` when nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted themselves.
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(check: Check, roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let mut verifier = Self { check, chain: None, roots: Vec::new(), provider: Arc::clone(provider) };
        if check == Check::Nothing {
            return Ok(verifier);
        }
        verifier.roots = roots.load()?;
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(verifier.roots.iter().cloned());
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
        let chain = chain.map_err(|error| Error::config(format!("no authority's certificate is usable: {error}")));
        verifier.chain = Some(chain?);
        Ok(verifier)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // A server's own certificate in the file of authorities is trusted as it stands.
        if self.roots.iter().any(|root| root == certificate) {
            if self.check == Check::Name {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Fold> for Connector {
    type Stream = Session;
    type TlsConnect = To;
    type Error = std::convert::Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<To, Self::Error> {
        // Asked for whether or not anything is encrypted: a name that is none, as of a socket in the file system, matters
        // in a handshake only.
        Ok(To { config: self.0.clone(), name: ServerName::try_from(host.to_owned()).ok() })
    }
}

/// A session to be.
pub(in crate::driver::postgres) struct To {
    config: Option<Arc<ClientConfig>>,
    name: Option<ServerName<'static>>,
}

impl TlsConnect<Fold> for To {
    type Stream = Session;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Session>> + Send>>;

    fn connect(self, fold: Fold) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| io::Error::other("TLS is switched off"))?;
            let wrong = || io::Error::other("the host's name is none that a certificate can have");
            let name = self.name.ok_or_else(wrong)?;
            let encrypted = TlsConnector::from(config).connect(name, fold.take()?).await?;
            let certificates = encrypted.get_ref().1.peer_certificates();
            let binding = certificates.and_then(|all| all.first()).and_then(super::binding::end_point);
            // Messages are seen before they are encrypted.
            fold.put(encrypted);
            Ok(Session { fold, binding })
        })
    }
}

/// A session.
pub(in crate::driver::postgres) struct Session {
    fold: Fold,
    /// The digest of the server's certificate.
    binding: Option<Vec<u8>>,
}

impl TlsStream for Session {
    fn channel_binding(&self) -> ChannelBinding {
        self.binding.clone().map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for Session {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.fold).poll_read(context, into)
    }
}

impl AsyncWrite for Session {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.fold).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.fold).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.fold).poll_shutdown(context)
    }
}
