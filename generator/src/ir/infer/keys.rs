//! The keys by which tables go in what the user decided.

use std::collections::BTreeSet;

use crate::ir::TableName;
use crate::ir::draft::Draft;

/// Which tables a key without a schema means.
pub(super) struct Keys {
    /// What the connection's own schema is called.
    schema: Option<String>,
    /// Names of the tables in it.
    own: BTreeSet<String>,
}

impl Keys {
    pub fn of(draft: &Draft) -> Self {
        let own = draft.tables.iter().map(|table| &table.name.value).filter(|name| name.schema.is_none());
        Self { schema: draft.schema.clone(), own: own.map(|name| name.name.clone()).collect() }
    }

    /// The keys of a table: the longer one, with its schema, goes before the other. A plain name means the table of the
    /// connection's own schema, and where that has none of this name, all that are called so in others.
    pub fn table(&self, name: &TableName) -> Vec<String> {
        let schema = name.schema.as_ref().or(self.schema.as_ref());
        let long = schema.map(|schema| format!("{schema}.{}", name.name));
        let is_meant = name.schema.is_none() || !self.own.contains(&name.name);
        long.into_iter().chain(is_meant.then(|| name.name.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_means_the_own_table() {
        let keys = Keys { schema: Some("public".to_owned()), own: BTreeSet::from(["event".to_owned()]) };
        let of = |schema: Option<&str>, name: &str| {
            keys.table(&TableName { schema: schema.map(str::to_owned), name: name.to_owned() })
        };
        assert_eq!(of(None, "event"), ["public.event", "event"]);
        assert_eq!(of(Some("audit"), "event"), ["audit.event"]);
        assert_eq!(of(Some("audit"), "note"), ["audit.note", "note"]);
        assert_eq!(of(Some("We.ird"), "no.te"), ["We.ird.no.te", "no.te"]);
    }
}
