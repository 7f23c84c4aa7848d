//! Sessions over rustls.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Encrypted;
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

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<Fold<S>> for Connector {
    type Stream = Session<S>;
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

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<Fold<S>> for To {
    type Stream = Session<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Session<S>>> + Send>>;

    fn connect(self, stream: Fold<S>) -> Self::Future {
        Box::pin(async move {
            // Messages are seen before they are encrypted.
            let (stream, crowd) = stream.into_parts();
            let config = self.config.ok_or_else(|| io::Error::other("TLS is switched off"))?;
            let wrong = || io::Error::other("the host's name is none that a certificate can have");
            let name = self.name.ok_or_else(wrong)?;
            TlsConnector::from(config).connect(name, stream).await.map(|session| Session(Fold::new(session, crowd)))
        })
    }
}

/// A session.
pub(in crate::driver::postgres) struct Session<S>(Fold<Encrypted<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Session<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.stream().get_ref().1.peer_certificates();
        match certificates.and_then(|all| all.first()).and_then(super::binding::end_point) {
            Some(digest) => ChannelBinding::tls_server_end_point(digest),
            None => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Session<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Session<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
