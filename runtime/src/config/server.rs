//! Where a database server is: the parts of a URL that PostgreSQL and MySQL have in common.

use std::fmt;

use super::{decode, redact};
use crate::error::{Error, Result};

/// Where a server is and who asks. What only one driver understands stays in `parameters`.
#[derive(Clone, Default)]
pub(crate) struct Server {
    /// To be tried in order; empty is the driver's default.
    pub hosts: Vec<Host>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub database: Option<String>,
    /// Names and values behind the question mark that are no settings of the pool, in their order.
    pub parameters: Vec<(String, String)>,
}

/// A host, or the folder of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name or address without brackets; a path when it begins with a slash.
    pub name: String,
    pub port: Option<u16>,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the driver only.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Parameters may hold what is a password by mistake: their values are not shown.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hosts, user, password, database, parameters } = self;
        f.debug_struct("Server")
            .field("hosts", hosts)
            .field("user", user)
            .field("password", password)
            .field("database", database)
            .field("parameters", &parameters.len())
            .finish()
    }
}

impl Server {
    /// Reads what stands between the slashes and the question mark: `user:password@host:port,host/database`.
    pub(crate) fn parse(rest: &str, url: &str) -> Result<Self> {
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        // A password with a slash in it, or a database with an @: a guess would give the password to some other host.
        if database.contains('@') {
            return Err(Error::config(format!(
                "the URL \"{}\" has an @ behind a /: in a password a slash is written %2F, and in the name of a database \
                 an @ is written %40",
                redact(url)
            )));
        }
        let (user, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
        let mut server = Self { database: filled(decode(database, url)?), ..Self::default() };
        if let Some(user) = user {
            let (user, password) = user.split_once(':').map_or((user, None), |(user, word)| (user, Some(word)));
            server.user = filled(decode(user, url)?);
            server.password = password.map(|word| decode(word, url)).transpose()?.map(Secret::new);
        }
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            server.hosts.push(host_and_port(host, url)?);
        }
        Ok(server)
    }

    /// Takes a parameter that every server has, or keeps it for the driver.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "user" => self.user = filled(value.to_owned()),
            "password" => self.password = Some(Secret::new(value.to_owned())),
            "dbname" | "database" => self.database = filled(value.to_owned()),
            "port" => {
                let port = port(value)?;
                if self.hosts.is_empty() {
                    self.hosts.push(Host { name: "localhost".to_owned(), port: None });
                }
                self.hosts.iter_mut().for_each(|host| host.port = Some(port));
            }
            "host" => {
                let ports = self.hosts.iter().find_map(|host| host.port);
                self.hosts = value
                    .split(',')
                    .filter(|name| !name.is_empty())
                    .map(|name| Host { name: name.to_owned(), port: ports })
                    .collect();
            }
            _ => {
                self.parameters.retain(|(known, _)| known != name);
                self.parameters.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }
}

fn filled(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

/// `host`, `host:port`, `[::1]:port`, or a path with its slashes escaped.
fn host_and_port(text: &str, url: &str) -> Result<Host> {
    let wrong = || Error::config(format!("the URL \"{}\" has a host that cannot be read", redact(url)));
    let (name, behind) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(wrong)?,
        None => match text.rfind(':') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        },
    };
    let port = match behind.strip_prefix(':') {
        Some(digits) => Some(port(digits)?),
        None if behind.is_empty() => None,
        None => return Err(wrong()),
    };
    Ok(Host { name: decode(name, url)?, port })
}

fn port(text: &str) -> Result<u16> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Error::config("the port in the URL is a number from 1 to 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(rest: &str) -> Server {
        Server::parse(rest, rest).unwrap()
    }

    fn host(name: &str, port: Option<u16>) -> Host {
        Host { name: name.into(), port }
    }

    #[test]
    fn all_parts_are_read_and_escapes_resolved() {
        let found = server("an%40n:p%3Aw%2Fd@db.example.org:5433/my%20blog");
        assert_eq!((found.user.as_deref(), found.database.as_deref()), (Some("an@n"), Some("my blog")));
        assert_eq!(found.password.as_ref().map(Secret::reveal), Some("p:w/d"));
        assert_eq!(found.hosts, [host("db.example.org", Some(5433))]);
        assert!(!format!("{found:?}").contains("p:w/d"));
    }

    #[test]
    fn parts_may_be_missing() {
        let found = server("/blog");
        assert_eq!((found.hosts.len(), found.user, found.database.as_deref()), (0, None, Some("blog")));
        assert_eq!(server("a,b:1,[::1]:2").hosts, [host("a", None), host("b", Some(1)), host("::1", Some(2))]);
        assert_eq!(server("%2Frun%2Fpg/x").hosts, [host("/run/pg", None)]);
    }

    #[test]
    fn parameters_replace_what_the_url_says() {
        let mut found = server("a:7/x");
        for (name, value) in [("host", "/run/pg"), ("dbname", "y"), ("user", "u"), ("password", "w"), ("odd", "1")] {
            found.set(name, value).unwrap();
        }
        assert_eq!(found.hosts, [host("/run/pg", Some(7))]);
        assert_eq!((found.database.as_deref(), found.user.as_deref()), (Some("y"), Some("u")));
        assert_eq!(found.parameters, [("odd".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn wrong_hosts_are_refused() {
        for wrong in
            ["a:0/x", "a:http/x", "[::1/x", "[::1]7/x", "root@host/a@db", "host/a@db", "ann:p/w@host/db", "/ann:w@h"]
        {
            assert!(Server::parse(wrong, wrong).is_err(), "{wrong}");
        }
    }
}
