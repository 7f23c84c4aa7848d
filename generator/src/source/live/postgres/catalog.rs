//! What PostgreSQL's catalog says about some schemas, in eight queries over all tables, as plain rows.

use pilaster::{Result, Row};

use super::super::connect::Snapshot;
use crate::ir::DialectName;
use crate::ir::quote::quote_string;

/// Everything that is read.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub schemas: Vec<Schema>,
    /// Schemas of the search path that the role may not use, so that they are not on it.
    pub forbidden: Vec<String>,
    pub tables: Vec<Table>,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub index_parts: Vec<IndexPart>,
    pub types: Vec<Type>,
    pub labels: Vec<Label>,
    pub domain_checks: Vec<DomainCheck>,
}

/// A schema that is read.
#[derive(Debug)]
pub(super) struct Schema {
    pub oid: i64,
    pub name: String,
    /// Names without a schema are looked for here first.
    pub current: bool,
}

/// A table, a view, or something like them.
#[derive(Debug)]
pub(super) struct Table {
    pub oid: i64,
    pub schema: String,
    pub name: String,
    /// `r` table, `p` partitioned, `v` view, `m` materialized view, `f` foreign table.
    pub kind: String,
    pub comment: Option<String>,
    /// `RANGE (…)` of a partitioned table.
    pub partitions: Option<String>,
    /// Tables that it inherits from.
    pub parents: Option<String>,
    /// Whether a crash of the server empties it.
    pub unlogged: bool,
    /// How many triggers are its own.
    pub triggers: i64,
    /// How many rules it has, that of a view apart.
    pub rules: i64,
    pub row_security: bool,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub table: i64,
    pub number: i64,
    pub name: String,
    pub ty: i64,
    pub modifier: i64,
    /// The type as SQL.
    pub spelled: String,
    pub not_null: bool,
    /// `a` always, `d` by default, empty when the column is none.
    pub identity: String,
    pub generated: String,
    pub default: Option<String>,
    /// The collation where it is not the type's own.
    pub collation: Option<String>,
    pub comment: Option<String>,
    /// Whether a sequence belongs to it.
    pub sequence: bool,
    /// What that sequence does beyond counting from one.
    pub counts: Option<String>,
}

/// A constraint of a table.
#[derive(Debug)]
pub(super) struct Constraint {
    pub table: i64,
    pub name: String,
    /// `p` primary key, `u` unique, `f` foreign key, `c` check, `x` exclusion.
    pub kind: String,
    pub deferrable: bool,
    pub deferred: bool,
    pub validated: bool,
    /// Not of PostgreSQL 18's NOT ENFORCED.
    pub enforced: bool,
    /// WITHOUT OVERLAPS of a key, PERIOD of a foreign key.
    pub period: bool,
    /// Not for tables that inherit from this one.
    pub no_inherit: bool,
    /// Numbers of the columns.
    pub columns: Vec<i64>,
    pub target: i64,
    pub target_name: Option<String>,
    pub target_columns: Vec<i64>,
    pub on_update: String,
    pub on_delete: String,
    /// The condition of a check.
    pub condition: Option<String>,
    /// The whole constraint as SQL.
    pub definition: String,
}

/// A part of an index that is no constraint.
#[derive(Debug)]
pub(super) struct IndexPart {
    pub table: i64,
    pub index: String,
    pub method: String,
    pub unique: bool,
    pub valid: bool,
    pub nulls_not_distinct: bool,
    pub predicate: Option<String>,
    pub includes: bool,
    /// The number of the column, 0 for an expression.
    pub column: i64,
    pub expression: String,
    pub desc: bool,
    pub nulls_first: bool,
    /// An operator class that is not the usual one of the type.
    pub class: Option<String>,
    /// A collation that is not the column's.
    pub collation: Option<String>,
}

/// A type.
#[derive(Debug, Default)]
pub(super) struct Type {
    pub oid: i64,
    pub schema: String,
    pub name: String,
    /// `b` base, `d` domain, `e` enum, `r` range, `m` multirange, `c` composite.
    pub kind: String,
    /// The type of an array's elements, or 0.
    pub element: i64,
    pub base: i64,
    pub base_modifier: i64,
    pub base_spelled: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// The collation of a domain, where it is not that of its type.
    pub collation: Option<String>,
}

/// A label of an enum type, in order.
#[derive(Debug)]
pub(super) struct Label {
    pub ty: i64,
    pub label: String,
}

/// A check of a domain.
#[derive(Debug)]
pub(super) struct DomainCheck {
    pub ty: i64,
    pub condition: String,
}

/// In which zone and form constants and names are printed. Compiling a query takes longer than running it does.
const SETTINGS: &str = "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true), \
    set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true), \
    set_config('quote_all_identifiers', 'off', true), set_config('jit', 'off', true)";

/// Schemas that the search path names and the role may not use: the server leaves them out without a word.
const FORBIDDEN: &str = "SELECT n.nspname FROM pg_namespace n WHERE NOT has_schema_privilege(n.oid, 'USAGE') \
    AND n.nspname::text IN (SELECT trim(both ' \"' from part) FROM unnest(string_to_array(current_setting('search_path'), ',')) AS part) \
    ORDER BY 1";

/// Partitions are part of their table, what extensions bring belongs to them, and the table of migrations is ours.
const TABLES: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, d.description, \
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END, \
    (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid), \
    c.relpersistence = 'u', \
    (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), \
    (SELECT count(*) FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'), c.relrowsecurity \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0 \
    WHERE c.relnamespace IN ({schemas}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' \
    AND NOT c.relispartition AND c.relname <> 'pilaster_migrations' AND NOT EXISTS \
    (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e') \
    ORDER BY n.nspname, c.relname";

const COLUMNS: &str = "SELECT a.attrelid, a.attnum::int, a.attname, a.atttypid, a.atttypmod, \
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text, \
    pg_get_expr(ad.adbin, ad.adrelid), CASE WHEN a.attcollation <> t.typcollation THEN co.collname END, d.description, \
    sq.there IS NOT NULL, nullif(sq.counts, '') \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum \
    LEFT JOIN pg_collation co ON co.oid = a.attcollation \
    LEFT JOIN pg_description d ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum \
    LEFT JOIN LATERAL (SELECT true AS there, concat_ws(' ', \
    CASE WHEN q.seqstart <> CASE WHEN q.seqincrement > 0 THEN q.seqmin ELSE q.seqmax END THEN 'START ' || q.seqstart END, \
    CASE WHEN q.seqincrement <> 1 THEN 'INCREMENT ' || q.seqincrement END, \
    CASE WHEN q.seqincrement > 0 AND q.seqmin <> 1 THEN 'MINVALUE ' || q.seqmin END, \
    CASE WHEN q.seqincrement > 0 AND q.seqmax <> CASE q.seqtypid WHEN 'int2'::regtype THEN 32767 \
    WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END THEN 'MAXVALUE ' || q.seqmax END, \
    CASE WHEN q.seqcycle THEN 'CYCLE' END) AS counts \
    FROM pg_depend s JOIN pg_sequence q ON q.seqrelid = s.objid \
    WHERE s.refclassid = 'pg_class'::regclass AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum \
    AND s.classid = 'pg_class'::regclass AND s.deptype IN ('a', 'i') LIMIT 1) sq ON true \
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace IN ({schemas}) \
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition ORDER BY a.attrelid, a.attnum";

/// Version 18 has `conenforced` and `conperiod`.
const CONSTRAINTS: &str = "SELECT k.conrelid, k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, \
    array_to_string(k.conkey, ' '), k.confrelid, \
    CASE WHEN k.confrelid <> 0 THEN k.confrelid::regclass::text END, array_to_string(k.confkey, ' '), \
    k.confupdtype::text, k.confdeltype::text, pg_get_expr(k.conbin, k.conrelid), \
    CASE WHEN k.contype IN ('x', 'f', 'p', 'u') THEN pg_get_constraintdef(k.oid) ELSE '' END, \
    coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true), coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false), \
    k.contype = 'c' AND k.connoinherit \
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
    WHERE c.relnamespace IN ({schemas}) AND NOT c.relispartition AND k.conparentid = 0 \
    AND k.contype IN ('p', 'u', 'f', 'c', 'x') ORDER BY k.conrelid, k.conname";

/// `indnullsnotdistinct` is there since version 15.
const INDEXES: &str = "SELECT i.indrelid, ic.relname, am.amname, i.indisunique, i.indisvalid, \
    i.indisunique AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false), pg_get_expr(i.indpred, i.indrelid), \
    i.indnatts > i.indnkeyatts, i.indkey[p - 1]::int, CASE WHEN i.indkey[p - 1] = 0 THEN pg_get_indexdef(i.indexrelid, p, false) ELSE '' END, \
    i.indoption[p - 1] & 1 = 1, (i.indoption[p - 1] & 2 = 2) <> (i.indoption[p - 1] & 1 = 1), \
    CASE WHEN NOT o.opcdefault THEN o.opcname END, \
    CASE WHEN i.indcollation[p - 1] <> coalesce(a.attcollation, i.indcollation[p - 1]) THEN co.collname END \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class ic ON ic.oid = i.indexrelid \
    JOIN pg_am am ON am.oid = ic.relam CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS p \
    JOIN pg_opclass o ON o.oid = i.indclass[p - 1] \
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p - 1] \
    LEFT JOIN pg_collation co ON co.oid = i.indcollation[p - 1] \
    WHERE c.relnamespace IN ({schemas}) AND NOT c.relispartition AND NOT EXISTS \
    (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) \
    ORDER BY i.indrelid, ic.relname, p";

/// Without the types that tables and their arrays are.
const TYPES: &str = "SELECT t.oid, n.nspname, t.typname, t.typtype, t.typelem, t.typbasetype, t.typtypmod, \
    CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) ELSE '' END, t.typnotnull, \
    pg_get_expr(t.typdefaultbin, 'pg_type'::regclass), \
    CASE WHEN t.typtype = 'd' AND t.typcollation <> bt.typcollation THEN co.collname END \
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type el ON el.oid = t.typelem \
    LEFT JOIN pg_type bt ON bt.oid = t.typbasetype LEFT JOIN pg_collation co ON co.oid = t.typcollation \
    WHERE t.typrelid = 0 AND coalesce(el.typrelid, 0) = 0 AND t.typtype <> 'p' ORDER BY n.nspname, t.typname";

const LABELS: &str = "SELECT enumtypid, enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder";

const DOMAIN_CHECKS: &str = "SELECT contypid, pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid <> 0 AND contype = 'c' ORDER BY contypid, conname";

/// Reads the schemas of these names; without one, those of the search path.
pub(super) fn read(snapshot: &Snapshot, wanted: &[String]) -> Result<Catalog> {
    snapshot.rows(SETTINGS, |_| Ok(()))?;
    let names: Vec<String> = wanted.iter().map(|name| quote_string(DialectName::Postgres, name)).collect();
    let which = match names.is_empty() {
        true => "n.nspname = ANY (current_schemas(false))".to_owned(),
        false => format!("n.nspname IN ({})", names.join(", ")),
    };
    let sql = format!(
        "SELECT n.oid, n.nspname, coalesce(n.nspname = current_schema(), false) FROM pg_namespace n WHERE {which} ORDER BY 2"
    );
    let schemas = snapshot.rows(&sql, |row| {
        Ok(Schema { oid: row.get::<i64>(0)?, name: row.get::<String>(1)?, current: row.get::<bool>(2)? })
    })?;
    let forbidden = match names.is_empty() {
        true => snapshot.rows(FORBIDDEN, |row| row.get::<String>(0))?,
        false => Vec::new(),
    };
    if schemas.is_empty() {
        return Ok(Catalog { forbidden, ..Catalog::default() });
    }
    let oids: Vec<String> = schemas.iter().map(|schema| schema.oid.to_string()).collect();
    let of = |sql: &str| sql.replace("{schemas}", &oids.join(", "));
    Ok(Catalog {
        schemas,
        forbidden,
        tables: snapshot.rows(&of(TABLES), table)?,
        columns: snapshot.rows(&of(COLUMNS), column)?,
        constraints: snapshot.rows(&of(CONSTRAINTS), constraint)?,
        index_parts: snapshot.rows(&of(INDEXES), index_part)?,
        types: snapshot.rows(TYPES, ty)?,
        labels: snapshot.rows(LABELS, |row| Ok(Label { ty: row.get::<i64>(0)?, label: row.get::<String>(1)? }))?,
        domain_checks: snapshot
            .rows(DOMAIN_CHECKS, |row| Ok(DomainCheck { ty: row.get::<i64>(0)?, condition: row.get::<String>(1)? }))?,
    })
}

fn table(row: &Row<'_>) -> Result<Table> {
    Ok(Table {
        oid: row.get::<i64>(0)?,
        schema: row.get::<String>(1)?,
        name: row.get::<String>(2)?,
        kind: row.get::<String>(3)?,
        comment: row.get::<Option<String>>(4)?,
        partitions: row.get::<Option<String>>(5)?,
        parents: row.get::<Option<String>>(6)?,
        unlogged: row.get::<bool>(7)?,
        triggers: row.get::<i64>(8)?,
        rules: row.get::<i64>(9)?,
        row_security: row.get::<bool>(10)?,
    })
}

fn column(row: &Row<'_>) -> Result<Column> {
    Ok(Column {
        table: row.get::<i64>(0)?,
        number: row.get::<i64>(1)?,
        name: row.get::<String>(2)?,
        ty: row.get::<i64>(3)?,
        modifier: row.get::<i64>(4)?,
        spelled: row.get::<String>(5)?,
        not_null: row.get::<bool>(6)?,
        identity: row.get::<String>(7)?,
        generated: row.get::<String>(8)?,
        default: row.get::<Option<String>>(9)?,
        collation: row.get::<Option<String>>(10)?,
        comment: row.get::<Option<String>>(11)?,
        sequence: row.get::<bool>(12)?,
        counts: row.get::<Option<String>>(13)?,
    })
}

fn constraint(row: &Row<'_>) -> Result<Constraint> {
    Ok(Constraint {
        table: row.get::<i64>(0)?,
        name: row.get::<String>(1)?,
        kind: row.get::<String>(2)?,
        deferrable: row.get::<bool>(3)?,
        deferred: row.get::<bool>(4)?,
        validated: row.get::<bool>(5)?,
        columns: numbers(row, 6)?,
        target: row.get::<i64>(7)?,
        target_name: row.get::<Option<String>>(8)?,
        target_columns: numbers(row, 9)?,
        on_update: row.get::<String>(10)?,
        on_delete: row.get::<String>(11)?,
        condition: row.get::<Option<String>>(12)?,
        definition: row.get::<String>(13)?,
        enforced: row.get::<bool>(14)?,
        period: row.get::<bool>(15)?,
        no_inherit: row.get::<bool>(16)?,
    })
}

fn index_part(row: &Row<'_>) -> Result<IndexPart> {
    Ok(IndexPart {
        table: row.get::<i64>(0)?,
        index: row.get::<String>(1)?,
        method: row.get::<String>(2)?,
        unique: row.get::<bool>(3)?,
        valid: row.get::<bool>(4)?,
        nulls_not_distinct: row.get::<bool>(5)?,
        predicate: row.get::<Option<String>>(6)?,
        includes: row.get::<bool>(7)?,
        column: row.get::<i64>(8)?,
        expression: row.get::<String>(9)?,
        desc: row.get::<bool>(10)?,
        nulls_first: row.get::<bool>(11)?,
        class: row.get::<Option<String>>(12)?,
        collation: row.get::<Option<String>>(13)?,
    })
}

fn ty(row: &Row<'_>) -> Result<Type> {
    Ok(Type {
        oid: row.get::<i64>(0)?,
        schema: row.get::<String>(1)?,
        name: row.get::<String>(2)?,
        kind: row.get::<String>(3)?,
        element: row.get::<i64>(4)?,
        base: row.get::<i64>(5)?,
        base_modifier: row.get::<i64>(6)?,
        base_spelled: row.get::<String>(7)?,
        not_null: row.get::<bool>(8)?,
        default: row.get::<Option<String>>(9)?,
        collation: row.get::<Option<String>>(10)?,
    })
}

/// Numbers between blanks; none in place of an array that is not there.
fn numbers(row: &Row<'_>, at: usize) -> Result<Vec<i64>> {
    let text = row.get::<Option<String>>(at)?.unwrap_or_default();
    Ok(text.split(' ').filter_map(|number| number.parse().ok()).collect())
}
