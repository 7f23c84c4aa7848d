//! Constraints and indexes: which one of the report is which one of the schema.

use super::expression::Place;
use super::{Likeness, Reader, spelled};
use crate::ir::{Action, Check, DialectName};
use crate::migrate::ddl::names::named;
use crate::migrate::state::{ForeignKey, Index, IndexPart, IndexTarget, Table, Unique};

/// How parts of one kind are compared and called.
struct Kind<P> {
    /// Whether one that is kept is what becomes of one of the schema.
    becomes: fn(&P, &P) -> bool,
    /// Whether one of the report is one that is kept.
    likeness: fn(&P, &P, &Place) -> Likeness,
    /// For people.
    label: fn(&P) -> String,
}

const UNIQUE: Kind<Unique> = Kind {
    becomes: |kept, wanted| kept.columns == wanted.columns,
    likeness: |found, kept, place| {
        Likeness::of(found.columns == kept.columns && named_alike(&found.name, &kept.name, place.dialect))
    },
    label: |unique| format!("unique ({})", unique.columns.join(", ")),
};

const INDEX: Kind<Index> = Kind {
    becomes: |kept, wanted| folded(&kept.name) == folded(&wanted.name),
    likeness: indexes,
    label: |index| format!("index `{}`", index.name.as_deref().unwrap_or_default()),
};

const CHECK: Kind<Check> = Kind {
    becomes: |kept, wanted| kept.expr == wanted.expr,
    likeness: |found, kept, place| match named_alike(&found.name, &kept.name, place.dialect) {
        true => place.conditions(&found.expr, &kept.expr),
        false => Likeness::Different,
    },
    label: |check| match &check.name {
        Some(name) => format!("check `{name}`"),
        None => "a check".to_owned(),
    },
};

const FOREIGN_KEY: Kind<ForeignKey> = Kind {
    becomes: |kept, wanted| kept.columns == wanted.columns && kept.table == wanted.table,
    likeness: |found, kept, place| {
        let dialect = place.dialect;
        let bare = |key: &ForeignKey| ForeignKey {
            name: None,
            on_delete: action(key.on_delete, dialect),
            on_update: action(key.on_update, dialect),
            ..key.clone()
        };
        Likeness::of(bare(found) == bare(kept) && named_alike(&found.name, &kept.name, dialect))
    },
    label: |key| format!("foreign key ({})", key.columns.join(", ")),
};

impl Reader<'_> {
    /// Puts constraints and indexes into a table.
    pub(super) fn parts(&mut self, table: &mut Table, found: &Table, wanted: &Table, kept: &Table) {
        let found = self.in_order(found, wanted);
        let place = Place::of(wanted, self.dialect);
        // With every name that the database keeps written out: a report has no others.
        let found_named = named(&found, self.found, self.dialect);
        let wanted_named = named(wanted, self.wanted, self.dialect);
        let mut kept = named(kept, self.kept, self.dialect);
        kept.indexes.retain(|index| index.is_on(self.dialect));
        table.uniques = self.matched(
            &UNIQUE,
            &place,
            (&found.uniques, &found_named.uniques),
            (&wanted.uniques, &wanted_named.uniques),
            &kept.uniques,
        );
        table.indexes = self.matched(
            &INDEX,
            &place,
            (&found.indexes, &found_named.indexes),
            (&wanted.indexes, &wanted_named.indexes),
            &kept.indexes,
        );
        table.checks = self.matched(
            &CHECK,
            &place,
            (&found.checks, &found_named.checks),
            (&wanted.checks, &wanted_named.checks),
            &kept.checks,
        );
        table.foreign_keys = self.matched(
            &FOREIGN_KEY,
            &place,
            (&found.foreign_keys, &found_named.foreign_keys),
            (&wanted.foreign_keys, &wanted_named.foreign_keys),
            &kept.foreign_keys,
        );
    }

    /// The report with columns spelled as in the schema. MySQL has one thing for unique constraints and unique indexes,
    /// so that one of the schema's indexes is reported as a constraint of its name.
    fn in_order(&self, found: &Table, wanted: &Table) -> Table {
        let mut table = found.clone();
        let name = |column: &mut String| *column = spelled(wanted, column, self.dialect);
        table.uniques.iter_mut().flat_map(|unique| &mut unique.columns).for_each(name);
        table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns).for_each(name);
        for part in table.indexes.iter_mut().flat_map(|index| &mut index.parts) {
            if let IndexTarget::Column(column) = &mut part.target {
                name(column);
            }
        }
        if self.dialect == DialectName::Mysql {
            let indexes = named(wanted, self.wanted, self.dialect).indexes;
            for unique in std::mem::take(&mut table.uniques) {
                match indexes.iter().find(|index| is_constraint(index, &unique)) {
                    Some(index) => table.indexes.push(index.clone()),
                    None => table.uniques.push(unique),
                }
            }
        }
        table
    }

    /// The parts of one kind, of the report (`found`) in the words of the schema (`wanted`), each as it is and with its
    /// name written out. `kept` are those that the database makes of the schema's.
    fn matched<P: Clone>(
        &mut self,
        kind: &Kind<P>,
        place: &Place,
        found: (&[P], &[P]),
        wanted: (&[P], &[P]),
        kept: &[P],
    ) -> Vec<P> {
        let (made, artefacts) = made(kind, wanted.1, kept);
        let mut left: Vec<(&P, &P)> = found.0.iter().zip(found.1).collect();
        let mut out = Vec::new();
        for ((wanted, named), made) in wanted.0.iter().zip(wanted.1).zip(made) {
            let Some(kept) = made else {
                // Nothing that such a database could have, as far as we can tell: what goes by its name is taken for it.
                if let Some(at) = left.iter().position(|(_, found)| (kind.becomes)(found, named)) {
                    left.remove(at);
                    self.not_compared(&place.table, &format!("{}: it cannot be tried", (kind.label)(named)));
                }
                out.push(wanted.clone());
                continue;
            };
            let likeness = |(_, named): &(&P, &P)| (kind.likeness)(named, kept, place);
            let by = |wanted: Likeness| left.iter().position(|it| likeness(it) == wanted);
            let at = by(Likeness::Same).or_else(|| by(Likeness::Unknown));
            if let Some(at) = at {
                let (_, named) = left.remove(at);
                if (kind.likeness)(named, kept, place) == Likeness::Unknown {
                    self.not_compared(&place.table, &format!("{}: it is written by hand", (kind.label)(named)));
                }
                out.push(wanted.clone());
            }
        }
        let is_artefact = |named: &P| artefacts.iter().any(|it| (kind.likeness)(named, it, place) == Likeness::Same);
        out.extend(left.into_iter().filter(|(_, named)| !is_artefact(named)).map(|(found, _)| found.clone()));
        out
    }
}

/// What becomes of each part of the schema, if anything, and what else there is then.
fn made<'p, P>(kind: &Kind<P>, wanted: &[P], kept: &'p [P]) -> (Vec<Option<&'p P>>, Vec<&'p P>) {
    let mut free: Vec<&P> = kept.iter().collect();
    let mut made: Vec<Option<&P>> = wanted
        .iter()
        .map(|wanted| free.iter().position(|kept| (kind.becomes)(kept, wanted)).map(|at| free.remove(at)))
        .collect();
    // Where the rest is as many, it comes in the same order: an expression is not always read as it was written.
    let missing: Vec<usize> = made.iter().enumerate().filter(|(_, it)| it.is_none()).map(|(at, _)| at).collect();
    if missing.len() == free.len() {
        for (at, kept) in missing.into_iter().zip(std::mem::take(&mut free)) {
            if let Some(place) = made.get_mut(at) {
                *place = Some(kept);
            }
        }
    }
    (made, free)
}

/// Whether names are the same where the database keeps them: a constraint of SQLite cannot be named by anybody.
fn named_alike(found: &Option<String>, kept: &Option<String>, dialect: DialectName) -> bool {
    dialect == DialectName::Sqlite || found == kept
}

fn folded(name: &Option<String>) -> Option<String> {
    name.as_ref().map(|name| name.to_lowercase())
}

fn indexes(found: &Index, kept: &Index, place: &Place) -> Likeness {
    let frame = |index: &Index| (index.unique, index.parts.len());
    if frame(found) != frame(kept) || folded(&found.name) != folded(&kept.name) {
        return Likeness::Different;
    }
    let part = |found: &IndexPart, kept: &IndexPart| match (&found.target, &kept.target) {
        (IndexTarget::Expr(one), IndexTarget::Expr(other)) if found.desc == kept.desc => place.values(one, other),
        _ => Likeness::of(found == kept),
    };
    let parts = found.parts.iter().zip(&kept.parts).map(|(found, kept)| part(found, kept));
    let all: Vec<Likeness> = parts.chain([place.optional(found.predicate.as_ref(), kept.predicate.as_ref())]).collect();
    match () {
        () if all.contains(&Likeness::Different) => Likeness::Different,
        () if all.contains(&Likeness::Unknown) => Likeness::Unknown,
        () => Likeness::Same,
    }
}

/// Whether MySQL reports an index as this constraint.
fn is_constraint(index: &Index, unique: &Unique) -> bool {
    let plain = index.parts.iter().all(|part| !part.desc && matches!(part.target, IndexTarget::Column(_)));
    let columns = index.columns().eq(unique.columns.iter().map(String::as_str));
    index.unique && plain && columns && index.name == unique.name
}

/// InnoDB knows no difference between two of them.
fn action(action: Action, dialect: DialectName) -> Action {
    match (action, dialect) {
        (Action::Restrict, DialectName::Mysql) => Action::NoAction,
        (action, _) => action,
    }
}
