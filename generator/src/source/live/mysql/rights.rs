//! What the user of the URL may not see: the views of `information_schema` leave it out without a word.

use std::collections::{BTreeMap, BTreeSet};

use super::super::connect::Snapshot;
use super::catalog::{Actions, Catalog, Name};
use super::shown;
use crate::ir::DialectName;
use crate::ir::quote::quote_ident;

/// Says what foreign keys do where the view has no row for them: MariaDB has none for users whose only right is SELECT.
/// The text of the table tells it to these.
pub(super) fn complete_actions(snapshot: &Snapshot, catalog: &mut Catalog) {
    let known: BTreeSet<(&Name, &str)> = catalog.actions.iter().map(|row| (&row.table, row.key.as_str())).collect();
    let mut missing: BTreeMap<Name, BTreeSet<String>> = BTreeMap::new();
    for part in catalog.key_parts.iter().filter(|part| !known.contains(&(&part.table, part.key.as_str()))) {
        missing.entry(part.table.clone()).or_default().insert(part.key.clone());
    }
    for (table, keys) in missing {
        let Some(text) = shown::text(snapshot, &table) else { continue };
        catalog.actions.extend(keys.iter().filter_map(|key| actions(&table, &text, key)));
    }
}

/// What a key does by the text of its table.
fn actions(table: &Name, text: &str, key: &str) -> Option<Actions> {
    let start = format!("\n  CONSTRAINT {} FOREIGN KEY (", quote_ident(DialectName::Mysql, key));
    let (_, rest) = text.split_once(&start)?;
    let end = [",\n", "\n)"].iter().filter_map(|end| rest.find(end)).min()?;
    let (_, clauses) = rest.get(..end)?.rsplit_once(')')?;
    let of = |what: &str| {
        let words = clauses.split_once(what).map_or("", |(_, words)| words);
        let known = ["RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"];
        known.into_iter().find(|known| words.starts_with(known)).unwrap_or("NO ACTION").to_owned()
    };
    Some(Actions {
        table: table.clone(),
        key: key.to_owned(),
        on_update: of("ON UPDATE "),
        on_delete: of("ON DELETE "),
    })
}

/// Whether the user has rights on single tables of a database only, so that others are not shown.
pub(super) fn are_narrow(snapshot: &Snapshot, schema: &str, mariadb: bool) -> bool {
    let Ok(grants) = snapshot.rows("SHOW GRANTS", |row| row.get::<String>(0)) else { return false };
    // MySQL does not say there what a role may do.
    let is_told = |grant: &String| mariadb || grant.contains(" ON ");
    grants.iter().all(|grant| is_told(grant) && !is_wide(grant, schema))
}

/// Whether a grant is one on the whole of a database.
fn is_wide(grant: &str, schema: &str) -> bool {
    let Some((rights, rest)) = grant.split_once(" ON ") else { return false };
    let Some((object, _)) = rest.split_once(" TO ") else { return false };
    match object.strip_suffix(".*") {
        _ if rights == "GRANT USAGE" => false,
        Some("*") => true,
        Some(name) => {
            let name = name.trim_matches(['`', '"']).replace("\\_", "_").replace("\\%", "%");
            name.eq_ignore_ascii_case(schema) || name.contains('%')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keys_do_stands_in_the_text_of_their_table() {
        let text = "CREATE TABLE `u` (\n  `a` int COMMENT 'CONSTRAINT `k` FOREIGN KEY (',\n  KEY `k` (`a`),\n  CONSTRAINT `k` \
                    FOREIGN KEY (`a`) REFERENCES `t` (`id ) ON DELETE SET NULL`) ON DELETE CASCADE,\n  CONSTRAINT `l``m` \
                    FOREIGN KEY (`b`) REFERENCES `t` (`id`) ON DELETE SET NULL ON UPDATE CASCADE\n) ENGINE=InnoDB";
        let of = |key: &str| {
            let found = actions(&("d".to_owned(), "u".to_owned()), text, key)?;
            Some((found.on_delete, found.on_update))
        };
        let both = |delete: &str, update: &str| Some((delete.to_owned(), update.to_owned()));
        assert_eq!(of("k"), both("CASCADE", "NO ACTION"));
        assert_eq!(of("l`m"), both("SET NULL", "CASCADE"));
        assert_eq!(of("m"), None);
    }

    #[test]
    fn grants_on_databases_and_on_tables() {
        for (grant, wide) in [
            ("GRANT USAGE ON *.* TO `u`@`%`", false),
            ("GRANT SELECT ON *.* TO `u`@`%`", true),
            ("GRANT SELECT ON `my\\_shop`.* TO `u`@`%`", true),
            ("GRANT SELECT ON `my%`.* TO `u`@`%`", true),
            ("GRANT SELECT ON `other`.* TO `u`@`%`", false),
            ("GRANT SELECT, INSERT ON `my_shop`.`t` TO `u`@`%`", false),
            ("GRANT SELECT (`id`) ON `my_shop`.`t` TO `u`@`%`", false),
            ("GRANT `reader` TO `u`@`%`", false),
        ] {
            assert_eq!(is_wide(grant, "my_shop"), wide, "{grant}");
        }
    }
}
