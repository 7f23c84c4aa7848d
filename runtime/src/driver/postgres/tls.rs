//! `sslmode` as libpq understands it, and the TLS sessions of connections.
//!
//! Sources: the manual, "SSL Support" in the chapter on libpq (modes, `root.crt`, sockets are never encrypted) and
//! RFC 5929 for the binding of SCRAM to the server's certificate.

#[cfg(feature = "tls")]
mod binding;
#[cfg(feature = "tls")]
mod session;

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

#[cfg(feature = "tls")]
use crate::driver::tls::{Identity, Roots};
use crate::error::{Error, ErrorKind, Result};

#[cfg(feature = "tls")]
pub(super) use self::session::Connector;
#[cfg(not(feature = "tls"))]
pub(super) use tokio_postgres::NoTls as Connector;

/// The modes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Never.
    Disable,
    /// When the server refuses without.
    Allow,
    /// When the server can.
    Prefer,
    /// Always, with whomever it may be.
    Require,
    /// With whom an authority vouches for.
    VerifyCa,
    /// The same, by the name in the URL.
    VerifyFull,
}

/// The modes' names.
const MODES: [(&str, Mode); 6] = [
    ("disable", Mode::Disable),
    ("allow", Mode::Allow),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

/// What a URL says about TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    mode: Option<Mode>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Wishes {
    /// Takes a setting, if it is one of TLS.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool> {
        match name {
            "sslmode" => self.mode = Some(super::options::choose(name, value, &MODES)?),
            "sslrootcert" => self.roots = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The modes to try, in order. Nothing is encrypted between processes of one machine.
    pub(super) fn attempts(&self, config: &Config) -> Result<Vec<SslMode>> {
        let on_network = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        if !on_network {
            return Ok(vec![SslMode::Disable]);
        }
        let mode = self.mode.unwrap_or(Mode::Prefer);
        if !cfg!(feature = "tls") {
            return match mode {
                Mode::Disable | Mode::Allow | Mode::Prefer => Ok(vec![SslMode::Disable]),
                // What must be encrypted is refused, never sent in plain text.
                _ => {
                    let kind = ErrorKind::Unsupported { feature: "TLS", dialect: "PostgreSQL" };
                    let message = "sslmode asks for TLS, which this build does not have: add pilaster's feature `tls`";
                    Err(Error::new(kind, message))
                }
            };
        }
        Ok(match mode {
            Mode::Disable => vec![SslMode::Disable],
            Mode::Allow => vec![SslMode::Disable, SslMode::Require],
            Mode::Prefer => vec![SslMode::Prefer, SslMode::Disable],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => vec![SslMode::Require],
        })
    }

    /// What makes the sessions.
    #[cfg(not(feature = "tls"))]
    pub(super) fn connector(&self, _: &[SslMode]) -> Result<Connector> {
        Ok(tokio_postgres::NoTls)
    }

    /// What makes the sessions. Files are read only where something is encrypted.
    #[cfg(feature = "tls")]
    pub(super) fn connector(&self, attempts: &[SslMode]) -> Result<Connector> {
        if attempts == [SslMode::Disable] {
            return Ok(Connector::default());
        }
        let mode = self.mode.unwrap_or(Mode::Prefer);
        let roots = match &self.roots {
            Some(path) if path.as_os_str() == "system" => Some(Roots::System),
            Some(path) => Some(Roots::File(path.clone())),
            None => own_roots().map(Roots::File),
        };
        if matches!(roots, Some(Roots::System)) && mode != Mode::VerifyFull && self.mode.is_some() {
            // Anybody can have a certificate of a public authority.
            return Err(Error::config("sslrootcert=system needs sslmode=verify-full, which checks the name as well"));
        }
        let check = match (mode, &roots) {
            (Mode::VerifyFull, _) => session::Check::Name,
            (Mode::VerifyCa, _) => session::Check::Authority,
            (_, Some(Roots::System)) => session::Check::Name,
            // A file of authorities makes `require` check them, as it always did.
            (Mode::Require, Some(_)) => session::Check::Authority,
            _ => session::Check::Nothing,
        };
        let identity = Identity::of(self.certificate.clone(), self.key.clone(), ["sslcert", "sslkey"])?;
        Connector::new(check, &roots.unwrap_or(Roots::System), identity.as_ref())
    }
}

/// The file of authorities that libpq looks for.
#[cfg(feature = "tls")]
fn own_roots() -> Option<PathBuf> {
    let path = std::env::home_dir()?.join(".postgresql").join("root.crt");
    path.is_file().then_some(path)
}
