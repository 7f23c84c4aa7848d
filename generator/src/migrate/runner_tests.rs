//! A runner for tests: does on SQLite what the description of a script says.

use rusqlite::{Connection, OptionalExtension};

use super::script::{Action, Script, SqliteRebuild};

/// Why a script did not run.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Rows stand in the way.
    Precheck(String),
    /// SQLite refused something.
    Error(String),
}

fn failed(sql: &str) -> impl Fn(rusqlite::Error) -> Stop + '_ {
    move |error| Stop::Error(format!("{error}\n  in {sql}"))
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), Stop> {
    connection.execute_batch(sql).map_err(failed(sql))
}

/// Runs a script; leaves everything as it was when it stops.
pub(crate) fn run(connection: &Connection, script: &Script) -> Result<(), Stop> {
    let keys = |on: bool| connection.pragma_update(None, "foreign_keys", on).unwrap();
    if script.foreign_keys_off {
        keys(false);
    }
    let mut open = false;
    let result = script.steps.iter().try_for_each(|step| {
        if step.transactional && !open {
            run_sql(connection, "BEGIN IMMEDIATE")?;
        } else if !step.transactional && open {
            commit(connection, script.foreign_keys_off)?;
        }
        open = step.transactional;
        action(connection, &step.action)
    });
    let result = result.and_then(|()| if open { commit(connection, script.foreign_keys_off) } else { Ok(()) });
    if result.is_err() && !connection.is_autocommit() {
        run_sql(connection, "ROLLBACK")?;
    }
    keys(true);
    result
}

fn commit(connection: &Connection, check: bool) -> Result<(), Stop> {
    if check {
        let broken: Option<String> =
            connection.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional().unwrap();
        if let Some(table) = broken {
            return Err(Stop::Error(format!("a foreign key of {table} is broken")));
        }
    }
    run_sql(connection, "COMMIT")
}

fn count(connection: &Connection, sql: &str) -> Result<i64, Stop> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed(sql))
}

fn action(connection: &Connection, action: &Action) -> Result<(), Stop> {
    match action {
        Action::Sql(sql) => run_sql(connection, sql),
        Action::Precheck(check) => match count(connection, &check.sql)? {
            0 => Ok(()),
            rows => Err(Stop::Precheck(check.message.replace("{count}", &rows.to_string()))),
        },
        Action::Backfill(fill) => {
            let mut left = count(connection, &fill.left)?;
            while left > 0 {
                run_sql(connection, &fill.sql)?;
                let now = count(connection, &fill.left)?;
                assert!(now < left, "the fill does not get on");
                left = now;
            }
            Ok(())
        }
        Action::ConcurrentIndex(_) => Err(Stop::Error("not on SQLite".to_owned())),
        Action::SqliteRebuild(it) => rebuild(connection, it),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn rebuild(connection: &Connection, it: &SqliteRebuild) -> Result<(), Stop> {
    let mut kept = connection
        .prepare(
            "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
             AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type",
        )
        .unwrap();
    let kept: Vec<(String, String, String)> = kept
        .query_map([&it.table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let kept: Vec<String> = kept
        .into_iter()
        .filter(|(kind, name, _)| kind == "trigger" || !it.known_indexes.contains(name))
        .map(|(_, _, sql)| sql)
        .collect();
    let sequence = |name: &str| -> Option<i64> {
        let exists = count(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'").ok()? > 0;
        if !exists {
            return None;
        }
        connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .ok()?
    };
    let highest = sequence(&it.table);
    let rows = count(connection, &format!("SELECT count(*) FROM {}", quoted(&it.table)))?;
    run_sql(connection, &format!("DROP TABLE IF EXISTS {}", quoted(&it.temporary)))?;
    run_sql(connection, &it.create)?;
    let copied = connection.execute(&it.copy, []).map_err(failed(&it.copy))?;
    assert_eq!(i64::try_from(copied).unwrap(), rows);
    run_sql(connection, &format!("DROP TABLE {}", quoted(&it.table)))?;
    run_sql(connection, "PRAGMA legacy_alter_table = ON")?;
    run_sql(connection, &it.rename)?;
    run_sql(connection, "PRAGMA legacy_alter_table = OFF")?;
    if let Some(highest) = highest.filter(|_| it.sequence) {
        let now = sequence(&it.table);
        match now {
            Some(now) => connection
                .execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = ?2", (highest.max(now), &it.table))
                .unwrap(),
            None => connection.execute("INSERT INTO sqlite_sequence VALUES (?1, ?2)", (&it.table, highest)).unwrap(),
        };
    }
    it.indexes.iter().chain(&kept).try_for_each(|sql| run_sql(connection, sql))
}
