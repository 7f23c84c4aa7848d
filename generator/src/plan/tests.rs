//! Tests of the plan on small specs.

use std::sync::Arc;

use super::*;
use crate::diag::SourceText;
use crate::ir::build;
use crate::source::yaml;

fn plan_of(models: &str, options: &Options) -> Result<CodePlan, String> {
    let text = format!("pilaster: 1\nmodels:\n{models}");
    let mut diagnostics = Diagnostics::default();
    let draft = yaml::load(&Arc::new(SourceText { name: "models.yaml".into(), text }), &mut diagnostics);
    let schema = build::build(draft, &mut diagnostics);
    let planned = schema.and_then(|schema| plan(&schema, None, options, &mut diagnostics));
    planned.ok_or_else(|| diagnostics.to_string())
}

fn types(dates: Dates) -> String {
    let spec =
        "  A:\n    columns: { id: bigint primary, a: date, b: time, c: datetime, d: timestamp = now, e: date null }\n";
    let plan = plan_of(spec, &Options { dates, ..Options::default() }).unwrap();
    let all: Vec<String> = plan.models[0].fields.iter().skip(1).map(|field| field.ty.replace(' ', "")).collect();
    all.join("\n")
}

#[test]
fn dates_are_those_of_the_chosen_crate() {
    insta::assert_snapshot!(types(Dates::Chrono), @r"
    ::pilaster::chrono::NaiveDate
    ::pilaster::chrono::NaiveTime
    ::pilaster::chrono::NaiveDateTime
    ::pilaster::chrono::DateTime<::pilaster::chrono::Utc>
    Option<::pilaster::chrono::NaiveDate>
    ");
    insta::assert_snapshot!(types(Dates::Jiff), @r"
    ::pilaster::jiff::civil::Date
    ::pilaster::jiff::civil::Time
    ::pilaster::jiff::civil::DateTime
    ::pilaster::jiff::Timestamp
    Option<::pilaster::jiff::civil::Date>
    ");
}

#[test]
fn models_do_not_share_a_module() {
    let columns = "    columns: { id: bigint primary }\n";
    let spec = format!("  HTTPLog:\n    table: a\n{columns}  HttpLog:\n    table: b\n{columns}");
    let said = plan_of(&spec, &Options::default()).unwrap_err();
    assert!(said.contains("would both be in the module `http_log`"), "{said}");
}

#[test]
fn databases_that_nobody_asked_for_cost_one_finding_each() {
    let spec = "  A:\n    columns: { id: bigint primary, a: text unique, b: text unique, c: bigint unsigned }\n";
    let text = format!("pilaster: 1\nmodels:\n{spec}");
    let said = |asked| {
        let mut diagnostics = Diagnostics::default();
        let source = Arc::new(SourceText { name: "models.yaml".into(), text: text.clone() });
        let draft = yaml::load(&source, &mut diagnostics);
        let schema = build::build(draft, &mut diagnostics).unwrap();
        plan(&schema, None, &Options { asked, ..Options::default() }, &mut diagnostics).unwrap();
        diagnostics
    };
    assert_eq!(said(true).len(), 4);
    insta::assert_snapshot!(said(false).to_string(), @r#"
    warning[P0501]: the tables cannot be created on SQLite: the type of the column is not possible: it has no unsigned 64-bit integers
     --> table "a", column "c"
     = help: use `bigint`, or `decimal(20,0)`; or list the databases you need, as `dialects: [sqlite]` at the top of the spec

    warning[P0501]: the tables cannot be created on PostgreSQL: the type of the column is not possible: it has no unsigned 64-bit integers
     --> table "a", column "c"
     = help: use `bigint`, or `decimal(20,0)`; or list the databases you need, as `dialects: [sqlite]` at the top of the spec

    warning[P0501]: the tables cannot be created on MySQL: a unique constraint cannot hold a column without a length; and 1 more problem
     --> table "a", column "a"
     = help: use `string(n)`, or leave this database out; or list the databases you need, as `dialects: [sqlite]` at the top of the spec
    "#);
}

#[test]
fn nothing_is_derived_twice() {
    let schema = Schema::default();
    let options = Options { derives: vec!["Hash".into(), "x::Display".into()], ..Options::default() };
    let context = Context::new(&schema, &options, &mut Diagnostics::default()).unwrap();
    assert_eq!(context.derive(&["Clone", "Hash"]), "# [derive (Clone , Hash , x :: Display)]");
    assert_eq!(context.derive(&["Clone"]), "# [derive (Clone , Hash , x :: Display)]");
}
