//! `ssl-mode` as MySQL's own programs understand it, and opening connections by it.
//!
//! Source: MySQL's manual, "Command Options for Encrypted Connections". The modes' names on PostgreSQL do as well.

use std::path::PathBuf;

#[cfg(feature = "tls")]
use mysql_async::DriverError;
use mysql_async::{Conn, Error as Fault, OptsBuilder};

use crate::error::{Error, ErrorKind, Result};

/// Whether a connection is encrypted, and what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

const MODES: [(&str, Mode); 9] = [
    ("disabled", Mode::Disabled),
    ("preferred", Mode::Preferred),
    ("required", Mode::Required),
    ("verify-ca", Mode::VerifyCa),
    ("verify-identity", Mode::VerifyIdentity),
    ("disable", Mode::Disabled),
    ("prefer", Mode::Preferred),
    ("require", Mode::Required),
    ("verify-full", Mode::VerifyIdentity),
];

/// What a URL says about TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    mode: Option<Mode>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    /// On a socket nothing is encrypted: both ends are on this machine.
    on_socket: bool,
}

impl Wishes {
    /// Takes a setting, if it is one of TLS.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool> {
        match name.to_ascii_lowercase().replace('_', "-").as_str() {
            "ssl-mode" | "sslmode" => {
                let mode = value.to_ascii_lowercase().replace('_', "-");
                let known = MODES.iter().find(|(known, _)| *known == mode);
                let (_, mode) = known.ok_or_else(|| {
                    let names = "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
                    Error::config(format!("{name} is {names}, not \"{value}\""))
                })?;
                self.mode = Some(*mode);
            }
            "ssl-ca" | "sslrootcert" => self.roots = Some(value.into()),
            "ssl-cert" | "sslcert" => self.certificate = Some(value.into()),
            "ssl-key" | "sslkey" => self.key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses what this build cannot do.
    pub(super) fn check(&mut self, on_socket: bool) -> Result<()> {
        self.on_socket = on_socket;
        let needed = matches!(self.mode(), Mode::Required | Mode::VerifyCa | Mode::VerifyIdentity);
        if needed && !cfg!(feature = "tls") {
            let kind = ErrorKind::Unsupported { feature: "TLS", dialect: "MySQL" };
            let message = "ssl-mode asks for TLS, which this build does not have: add pilaster's feature `tls`";
            return Err(Error::new(kind, message));
        }
        Ok(())
    }

    /// The mode; a file of authorities is named in order to be checked.
    fn mode(&self) -> Mode {
        match (self.on_socket, self.mode) {
            (true, _) => Mode::Disabled,
            (false, Some(mode)) => mode,
            (false, None) if self.roots.is_some() => Mode::VerifyCa,
            (false, None) => Mode::Preferred,
        }
    }

    /// Opens a connection.
    pub(super) async fn connect(&self, options: OptsBuilder) -> Result<Conn, Fault> {
        #[cfg(feature = "tls")]
        if self.mode() != Mode::Disabled {
            return self.connect_encrypted(options).await;
        }
        Conn::new(options).await
    }

    #[cfg(feature = "tls")]
    async fn connect_encrypted(&self, options: OptsBuilder) -> Result<Conn, Fault> {
        let wishes = self.session().map_err(|error| Fault::Other(Box::new(error)))?;
        let first = Conn::new(options.clone().ssl_opts(wishes.clone())).await;
        match first {
            Err(Fault::Driver(DriverError::NoClientSslFlagFromServer)) if self.mode() == Mode::Preferred => {
                Conn::new(options).await
            }
            // The client library checks the name even if told not to. The authority was checked before the name, and
            // is again, under a name that the certificate has.
            Err(fault) if self.mode() == Mode::VerifyCa => {
                let names = crate::driver::tls::other_names(&fault).unwrap_or_default();
                match names.iter().find_map(|name| own_name(name)) {
                    Some(name) => {
                        Conn::new(options.ssl_opts(wishes.with_danger_tls_hostname_override(Some(name)))).await
                    }
                    None => Err(fault),
                }
            }
            outcome => outcome,
        }
    }

    /// What the client library needs to know.
    #[cfg(feature = "tls")]
    fn session(&self) -> Result<mysql_async::SslOpts> {
        use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

        use crate::driver::tls::{Identity, Roots, certificates, key};
        // The client library takes the process' choice, and panics without one.
        if CryptoProvider::get_default().is_none() {
            // Somebody else may have chosen meanwhile, which is as good.
            let _ = ring::default_provider().install_default();
        }
        let mut session = mysql_async::SslOpts::default();
        if matches!(self.mode(), Mode::VerifyCa | Mode::VerifyIdentity) {
            let roots = self.roots.clone().map_or(Roots::System, Roots::File).load()?;
            let roots = roots.iter().map(|root| root.to_vec().into()).collect();
            session = session.with_root_certs(roots).with_disable_built_in_roots(true);
            session = session.with_danger_skip_domain_validation(self.mode() == Mode::VerifyCa);
        } else {
            session = session.with_danger_accept_invalid_certs(true);
        }
        if let Some(files) = Identity::of(self.certificate.clone(), self.key.clone(), ["ssl-cert", "ssl-key"])? {
            // Read here for the sake of the message.
            certificates(&files.certificate)?;
            key(&files.key)?;
            let identity = mysql_async::ClientIdentity::new(files.certificate.into(), files.key.into());
            session = session.with_client_identity(Some(identity));
        }
        Ok(session)
    }
}

/// A host's name out of a certificate, as it is shown: `DnsName("*.example.org")`, `IpAddress(127.0.0.1)`.
#[cfg(feature = "tls")]
fn own_name(shown: &str) -> Option<String> {
    let inner = shown.split_once('(')?.1.strip_suffix(')')?.trim_matches('"');
    Some(inner.replace('*', "any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(settings: &[(&str, &str)]) -> Result<Wishes> {
        let mut wishes = Wishes::default();
        for (name, value) in settings {
            assert!(wishes.set(name, value)?, "{name}");
        }
        wishes.check(false)?;
        Ok(wishes)
    }

    #[test]
    fn modes_have_the_names_of_both_worlds() {
        assert_eq!(wishes(&[]).unwrap().mode(), Mode::Preferred);
        assert_eq!(wishes(&[("ssl-mode", "DISABLED")]).unwrap().mode(), Mode::Disabled);
        assert_eq!(wishes(&[("sslmode", "prefer")]).unwrap().mode(), Mode::Preferred);
        let error = wishes(&[("ssl_mode", "on")]).unwrap_err();
        assert!(error.to_string().contains("VERIFY_CA"), "{error}");
        assert!(!Wishes::default().set("ssl", "1").unwrap());
    }

    #[test]
    #[cfg(feature = "tls")]
    fn a_file_of_authorities_is_there_to_be_checked() {
        assert_eq!(wishes(&[("ssl-ca", "x.pem")]).unwrap().mode(), Mode::VerifyCa);
        assert_eq!(wishes(&[("ssl-ca", "x"), ("ssl-mode", "VERIFY_IDENTITY")]).unwrap().mode(), Mode::VerifyIdentity);
        let error = wishes(&[("ssl-ca", "/no/x.pem")]).unwrap().session().unwrap_err();
        assert!(error.to_string().contains("/no/x.pem"), "{error}");
        assert_eq!(own_name("DnsName(\"*.a.org\")").as_deref(), Some("any.a.org"));
        assert_eq!(own_name("IpAddress(127.0.0.1)").as_deref(), Some("127.0.0.1"));
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn what_must_be_encrypted_is_refused() {
        for mode in ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] {
            let error = wishes(&[("ssl-mode", mode)]).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Unsupported { feature: "TLS", .. }), "{error:?}");
        }
    }
}
