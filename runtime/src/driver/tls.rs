//! TLS by rustls: who is trusted, what is checked of a server's certificate, and what can be done when it fails.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

use crate::error::{Error, Result};

/// Where the certificates of the trusted authorities are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Roots {
    /// Those of the operating system.
    System,
    /// A file in PEM.
    File(PathBuf),
}

/// How a client proves who it is: the file of its certificate and of its key, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Identity {
    /// Both files are needed, or none.
    pub(super) fn of(certificate: Option<PathBuf>, key: Option<PathBuf>, names: [&str; 2]) -> Result<Option<Self>> {
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            (None, None) => Ok(None),
            _ => Err(Error::config(format!("{} and {} belong together: one of them is missing", names[0], names[1]))),
        }
    }
}

impl Roots {
    /// The certificates themselves.
    pub(super) fn load(&self) -> Result<Vec<CertificateDer<'static>>> {
        match self {
            Self::System => system(),
            Self::File(path) => certificates(path),
        }
    }
}

/// The system's certificates, read once.
fn system() -> Result<Vec<CertificateDer<'static>>> {
    static FOUND: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    let found = FOUND.get_or_init(|| rustls_native_certs::load_native_certs().certs);
    if found.is_empty() {
        let help = "install the package ca-certificates, or name the file of the server's authority in the URL";
        return Err(Error::config(format!("this system has no certificates of authorities to trust: {help}")));
    }
    Ok(found.clone())
}

/// The certificates in a file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Error::config(format!("the file {} has no certificate in PEM", path.display()))),
        Err(error) => Err(Error::config(format!("the file {} is no PEM: {error:?}", path.display()))),
    }
}

/// The key in a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|_| {
        Error::config(format!("the file {} has no private key in PEM; one with a password is none", path.display()))
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Error::config(format!("cannot read the file {}: {error}", path.display())).with_source(error))
}

/// How the settings are called that a message recommends: PostgreSQL's and MySQL's differ.
pub(super) struct Words {
    /// Names the file of an authority.
    pub roots: &'static str,
    /// Names the certificate of the client.
    pub certificate: &'static str,
    /// Checks the authority, but not the name.
    pub any_name: &'static str,
}

/// What went wrong in a handshake and what can be done, if the error is one of TLS.
pub(super) fn explain(error: &(dyn StdError + 'static), words: &Words) -> Option<String> {
    let text = match find(error)? {
        rustls::Error::InvalidCertificate(fault) => certificate_fault(fault, words),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            format!("the server asks for a certificate of the client ({} names it)", words.certificate)
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate),
        ) => format!("the server refuses the certificate of the client: {alert:?} (see {})", words.certificate),
        fault => format!("the TLS handshake failed: {fault}"),
    };
    Some(text)
}

fn certificate_fault(fault: &CertificateError, words: &Words) -> String {
    match fault {
        CertificateError::UnknownIssuer => format!(
            "the server's certificate is signed by an authority that is not trusted here (name the file of the \
             authority's certificate in {})",
            words.roots
        ),
        CertificateError::NotValidForName => "the server's certificate is for another host".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the server's certificate is not for the host \"{}\" but for {} (use that name in the URL; {} checks the \
             authority without the name)",
            expected.to_str(),
            if presented.is_empty() { "none".to_owned() } else { presented.join(", ") },
            words.any_name
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired (renew it; or is the clock of this machine wrong?)".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet (is the clock of this machine right?)".to_owned()
        }
        // What `openssl req -x509` makes: it may vouch for others, and is trusted where it is named itself.
        CertificateError::Other(fault) if fault.to_string().contains("CaUsedAsEndEntity") => format!(
            "the server's certificate is signed by the server itself, and not trusted here (name its file in {})",
            words.roots
        ),
        other => format!("the server's certificate cannot be accepted: {other}"),
    }
}

/// The names in a certificate that is for another host, with the host that was asked for.
#[cfg(feature = "mysql")]
pub(super) fn other_names(error: &(dyn StdError + 'static)) -> Option<Vec<String>> {
    match find(error)? {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            Some(presented.clone())
        }
        _ => None,
    }
}

/// The error of rustls in a chain of errors.
pub(super) fn find<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        // The source of an io::Error is the source of what it wraps, which itself would be passed by.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = wrapped.and_then(|wrapped| wrapped.downcast_ref()).or_else(|| cause.downcast_ref());
        if found.is_some() {
            return found;
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_behind_io_errors() {
        let words = Words { roots: "sslrootcert", certificate: "sslcert", any_name: "sslmode=verify-ca" };
        let fault = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let io = std::io::Error::new(std::io::ErrorKind::InvalidData, fault);
        assert!(explain(&io, &words).unwrap().contains("sslrootcert"));
        assert!(explain(&std::io::Error::other("x"), &words).is_none());
    }

    #[test]
    fn a_certificate_that_vouches_for_itself_is_told() {
        #[derive(Debug)]
        struct Own;
        impl std::fmt::Display for Own {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("CaUsedAsEndEntity")
            }
        }
        impl std::error::Error for Own {}
        let words = Words { roots: "sslrootcert", certificate: "sslcert", any_name: "sslmode=verify-ca" };
        let fault = CertificateError::Other(rustls::OtherError(std::sync::Arc::new(Own)));
        let text = certificate_fault(&fault, &words);
        assert!(text.contains("signed by the server itself") && text.contains("sslrootcert"), "{text}");
    }

    #[test]
    fn files_that_are_missing_or_of_another_kind_are_named() {
        for (path, said) in [("/no/such/file.pem", "cannot read"), ("Cargo.toml", "no certificate")] {
            let error = Roots::File(path.into()).load().unwrap_err();
            assert!(error.to_string().contains(said) && error.to_string().contains(path), "{error}");
        }
        assert!(key(Path::new("Cargo.toml")).unwrap_err().to_string().contains("Cargo.toml"));
        assert!(Identity::of(Some("a".into()), None, ["sslcert", "sslkey"]).is_err());
    }
}
