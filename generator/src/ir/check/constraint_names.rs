//! Names of foreign keys and checks that stand in two tables. PostgreSQL and SQLite keep them by table, MySQL and MariaDB
//! by database: those of foreign keys both, those of checks MySQL alone.

use std::collections::BTreeMap;

use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity};
use crate::ir::TableName;
use crate::ir::draft::{Draft, Table};

/// A name, the table that it stands in, and where.
type Named<'a> = (&'a str, &'a TableName, &'a Place);

/// Reports names that MySQL or MariaDB refuses. It is an error where somebody asked for them and both do.
pub(crate) fn across_tables(draft: &Draft, asked: bool, diagnostics: &mut Diagnostics) {
    let alternative = match asked {
        true => "",
        false => "; or list the databases you need, as `dialects: [postgres]` at the top of the spec",
    };
    for ((name, table, place), first) in twice(draft, keys) {
        let message = format!(
            "the foreign key `{name}` of `{}` has the name of one of `{}`, which MySQL and MariaDB refuse: \
             these names are one for all tables of a database there",
            table.name, first.name
        );
        let severity = if asked { Severity::Error } else { Severity::Warning };
        let found = Diagnostic::new(severity, codes::SQL_NAME, place.clone(), message);
        diagnostics.push(found.help(format!("give one of them another `constraint`, or none{alternative}")));
    }
    for ((name, table, place), first) in twice(draft, checks) {
        let message = format!(
            "the check `{name}` of `{}` has the name of one of `{}`, which MySQL refuses: these names are one \
             for all tables of a database there, unlike on MariaDB",
            table.name, first.name
        );
        let found = Diagnostic::warning(codes::SQL_NAME, place.clone(), message);
        diagnostics.push(found.help(format!("give one of them another name, or none{alternative}")));
    }
}

fn keys(table: &Table) -> Vec<Named<'_>> {
    let keys = table.foreign_keys.iter();
    keys.filter_map(|key| Some((key.name.as_deref()?, &table.name.value, &key.place))).collect()
}

fn checks(table: &Table) -> Vec<Named<'_>> {
    let checks = table.checks.iter();
    checks.filter_map(|(name, expr)| Some((name.as_deref()?, &table.name.value, &expr.place))).collect()
}

/// Those whose name an earlier table has as well, by upper and lower case alike, with that table.
fn twice<'a>(draft: &'a Draft, of: fn(&'a Table) -> Vec<Named<'a>>) -> Vec<(Named<'a>, &'a TableName)> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for named in draft.tables.iter().flat_map(of) {
        let (name, table, _) = named;
        let earlier = *first.entry((&table.schema, name.to_lowercase())).or_insert(table);
        if earlier != table {
            found.push((named, earlier));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::config::{Input, Layer};
    use crate::diag::Diagnostics;
    use crate::ir::DialectName;
    use crate::pipeline;

    /// What is said of names that two tables share, one of a key and one of a check, in a spec with this head.
    fn said(head: &str, dialects: Option<Vec<DialectName>>) -> String {
        let models = "models:
  A: { columns: { id: bigint primary, n: integer }, checks: { c: n > 0 } }
  B:
    columns: { id: bigint primary, n: integer, a: bigint, other: bigint }
    checks: { c: n > 0 }
    foreign_keys: [{ columns: a, model: A, constraint: f }, { columns: other, model: B, constraint: g }]
  C:
    columns: { id: bigint primary, a: bigint }
    foreign_keys: [{ columns: a, model: A, constraint: F }]
";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.yaml");
        std::fs::write(&path, format!("pilaster: 1\n{head}{models}")).unwrap();
        let layer = Layer { input: Some(Input::Spec(path)), dialects, ..Layer::default() };
        let mut diagnostics = Diagnostics::default();
        pipeline::schema(&layer.options(folder.path()).unwrap(), &mut diagnostics);
        let lines = diagnostics.iter().map(|item| {
            let what = item.message.split(',').next().unwrap_or_default();
            let listed = item.help.as_ref().is_some_and(|help| help.contains("dialects:"));
            format!("{:?}: {what}{}\n", item.severity, if listed { " (or list)" } else { "" })
        });
        lines.collect()
    }

    #[test]
    fn are_told_for_the_databases_that_refuse_them() {
        let key = "the foreign key `F` of `c` has the name of one of `b`";
        let check = "the check `c` of `b` has the name of one of `a`";
        let asked = format!("Error: {key}\nWarning: {check}\n");
        assert_eq!(said("", None), format!("Warning: {key} (or list)\nWarning: {check} (or list)\n"));
        assert_eq!(said("dialects: [mysql]\n", None), asked);
        assert_eq!(said("", Some(vec![DialectName::Mysql])), asked);
        assert_eq!(said("dialects: [sqlite, postgres]\n", None), "");
        assert_eq!(said("", Some(vec![DialectName::Postgres])), "");
    }

    #[test]
    fn are_no_matter_in_two_databases() {
        let models = "pilaster: 1\ndialects: [mysql]\nmodels:
  A: { schema: one, columns: { id: bigint primary, n: integer }, checks: { c: n > 0 } }
  B: { schema: two, columns: { id: bigint primary, n: integer }, checks: { c: n > 0 } }
";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.yaml");
        std::fs::write(&path, models).unwrap();
        let options = Layer { input: Some(Input::Spec(path)), ..Layer::default() }.options(folder.path()).unwrap();
        let mut diagnostics = Diagnostics::default();
        assert!(pipeline::schema(&options, &mut diagnostics).is_some(), "{diagnostics}");
        assert_eq!(diagnostics.to_string(), "");
    }
}
