//! Queries of the kinds that applications are made of.

use std::fmt::Write;

use crate::spec::{left, name};

/// So many functions with a query each, of eight kinds by turns, and one that makes the compiler build them all.
pub fn queries(tables: usize, number: usize) -> String {
    let mut out = String::from("//! Queries.\n\nuse pilaster::{Db, Result};\n\nuse crate::models::*;\n");
    for at in 0..number {
        // Spread over the schema; 7 is prime to the sizes in use.
        let _ = write!(
            out,
            "\npub async fn use{at}(db: &Db) -> Result<()> {{\n{}\n    Ok(())\n}}\n",
            query(at, at * 7 % tables)
        );
    }
    out.push_str("\npub type Uses<'a> = Vec<std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>>;\n");
    out.push_str("\npub fn all(db: &Db) -> Uses<'_> {\n    vec![\n");
    for at in 0..number {
        let _ = writeln!(out, "        Box::pin(use{at}(db)),");
    }
    out.push_str("    ]\n}\n");
    out
}

fn query(kind: usize, table: usize) -> String {
    let (item, parent) = (name(table), name(left(table)));
    match kind % 8 {
        0 => format!("    println!(\"{{:?}}\", {item}::get(db, {kind}).await?);"),
        1 => format!(
            "    let rows = {item}::query()
        .filter(|i| i.name.starts_with(\"a\").and(i.quantity.gt({kind})))
        .order_by(|i| i.created_at.desc())
        .limit(20)
        .all(db)
        .await?;
    println!(\"{{}}\", rows.len());"
        ),
        2 => format!(
            "    let rows: Vec<({item}, {parent})> =
        {item}::query().join(|i| i.left).filter(|(_, p)| p.active.eq(true)).all(db).await?;
    println!(\"{{}}\", rows.len());"
        ),
        3 => format!(
            "    let rows: Vec<({item}, Option<{parent}>)> =
        {item}::query().left_join(|i| i.left).order_by(|(i, _)| i.id.asc()).all(db).await?;
    println!(\"{{}}\", rows.len());"
        ),
        4 => format!(
            "    let rows: Vec<(String, i64)> = {item}::query()
        .left_join(|i| i.left)
        .group_by(|(i, _)| i.name)
        .having(|(_, p)| p.id.count().gt(1))
        .select(|(i, p)| (i.name, p.id.count()))
        .all(db)
        .await?;
    println!(\"{{}}\", rows.len());"
        ),
        5 => format!(
            "    let rows = {parent}::query().include(|p| p.lefts{table}.include(|i| i.right)).all(db).await?;
    println!(\"{{}}\", rows.len());"
        ),
        6 => format!(
            "    let changed = {item}::update()
        .filter(|i| i.id.eq({kind}))
        .set(|i| i.name, \"changed\")
        .set_to(|i| (i.quantity, i.quantity + 1))
        .run(db)
        .await?;
    println!(\"{{changed}}\");"
        ),
        _ => format!(
            "    let row = New{item}::new(\"name\", \"code{kind}\", 1, 1.5, 1).note(\"a note\").insert(db).await?;
    println!(\"{{row:?}}\");"
        ),
    }
}
