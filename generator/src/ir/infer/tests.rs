//! Tests of inference, on drafts made by hand.

use super::*;
use crate::ir::draft::{Column, Enum, ForeignKey, RawDefault, RawExpr, RelationKind, Type};
use crate::ir::{Action, Default, RawType, SqlType, SqliteOptions, TableKind, TableName};

/// A table of integer columns: `*` marks those of the key, and ` -> table` a foreign key to its `id`.
pub(super) fn table(name: &str, columns: &[&str]) -> Table {
    let at = |text: &str| At::new(text.to_owned(), Place::None);
    let named = |name: &str| TableName { schema: None, name: name.to_owned() };
    let mut table = Table {
        name: At::new(named(name), Place::None),
        kind: TableKind::Table,
        columns: Vec::new(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        renamed_from: None,
        sqlite: SqliteOptions::default(),
    };
    for text in columns {
        let (column, target) = text.split_once(" -> ").unwrap_or((text, ""));
        let column = match column.strip_prefix('*') {
            Some(column) => {
                table.primary_key.push(at(column));
                column
            }
            None => column,
        };
        table.columns.push(Column {
            name: at(column),
            ty: At::new(Type::Plain(SqlType::BigInt { unsigned: false }), Place::None),
            nullable: false,
            default: None,
            generated: None,
            collation: None,
            comment: None,
            renamed_from: None,
            declared: None,
            spelled: None,
        });
        if !target.is_empty() {
            table.foreign_keys.push(key(&[column], target, &["id"]));
        }
    }
    table
}

fn key(columns: &[&str], target: &str, references: &[&str]) -> ForeignKey {
    let at = |names: &[&str]| names.iter().map(|name| At::new((*name).to_owned(), Place::None)).collect();
    ForeignKey {
        name: None,
        columns: at(columns),
        table: At::new(TableName { schema: None, name: target.to_owned() }, Place::None),
        references: at(references),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        deferred: false,
        place: Place::None,
    }
}

/// Models with fields and relations, and the diagnostics with their help.
fn run(tables: Vec<Table>, overrides: &Overrides) -> (Vec<String>, Vec<String>) {
    let mut draft = Draft { tables, ..Draft::default() };
    let mut diagnostics = Diagnostics::default();
    infer(&mut draft, overrides, &mut diagnostics);
    (draft.models.iter().map(shown).collect(), told(&diagnostics))
}

fn told(diagnostics: &Diagnostics) -> Vec<String> {
    let text = |d: &Diagnostic| format!("{} {} | {}", d.code.id, d.message, d.help.as_deref().unwrap_or(""));
    diagnostics.into_iter().map(text).collect()
}

fn shown(model: &Model) -> String {
    let fields: Vec<&str> = model.fields.iter().map(|field| field.name.value.as_str()).collect();
    let relations: Vec<String> = model.relations.iter().map(relation).collect();
    format!("{}({}): {}", model.name.value, fields.join(" "), relations.join(", "))
}

fn relation(relation: &super::super::draft::Relation) -> String {
    let sign = match relation.kind {
        RelationKind::BelongsTo(_) => "^",
        RelationKind::HasOne(_) => "1",
        RelationKind::HasMany(_) => "*",
        RelationKind::ManyToMany { .. } => "**",
    };
    let inverse = relation.inverse.as_deref().unwrap_or("-");
    format!("{}{sign}{}/{inverse}", relation.name.value, relation.target.value)
}

fn names(pairs: &[(&str, &str)]) -> Overrides {
    let names = pairs.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect();
    Overrides { names, ..Overrides::default() }
}

#[test]
fn both_sides_of_a_key() {
    let mut profiles = table("profiles", &["*id", "user_id -> users"]);
    profiles.uniques.push((None, vec![At::new("user_id".to_owned(), Place::None)]));
    let (models, found) = run(
        vec![
            table("posts", &["*id", "author_id -> users", "user_id -> users"]),
            profiles,
            table("users", &["*id", "ReportsTo -> users"]),
        ],
        &Overrides::default(),
    );
    assert_eq!(
        models,
        [
            "Post(id author_id user_id): author^User/author_posts, user^User/posts",
            "Profile(id user_id): user^User/profile",
            "User(id reports_to): reports_to_user^User/reports_to_user_users, author_posts*Post/author, posts*Post/user, \
             profile1Profile/user, reports_to_user_users*User/reports_to_user",
        ]
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn many_to_many_beside_the_plain_relations() {
    let (models, found) = run(
        vec![
            table("actors", &["*id"]),
            table("film_actors", &["*actor_id -> actors", "*film_id -> films", "pay"]),
            table("films", &["*id"]),
            table("loose", &["*id", "actor_id -> actors", "film_id -> films"]),
        ],
        &Overrides::default(),
    );
    assert_eq!(
        models,
        [
            "Actor(id): films**Film/actors, film_actors*FilmActor/actor, looses*Loose/actor",
            "FilmActor(actor_id film_id pay): actor^Actor/film_actors, film^Film/film_actors",
            "Film(id): actors**Actor/films, film_actors*FilmActor/film, looses*Loose/film",
            "Loose(id actor_id film_id): actor^Actor/looses, film^Film/looses",
        ]
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn several_tables_between_one_pair_and_one_to_itself() {
    let (models, found) = run(
        vec![
            table("cast", &["*actor_id -> actors", "*film_id -> films"]),
            table("crew", &["*actor_id -> actors", "*film_id -> films"]),
            table("follow", &["*follower_id -> actors", "*followee_id -> actors"]),
            table("actors", &["*id"]),
            table("films", &["*id"]),
        ],
        &Overrides::default(),
    );
    assert_eq!(
        models[3],
        "Actor(id): cast_films**Film/cast_actors, crew_films**Film/crew_actors, followees**Actor/followers, \
         casts*Cast/actor, crews*Crew/actor, follower_follows*Follow/follower, followee_follows*Follow/followee, \
         followers**Actor/followees"
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn columns_win_over_relations_and_an_override_settles_it() {
    let tables =
        || vec![table("posts", &["*id", "author", "author_id -> users"]), table("users", &["*id", "author_posts"])];
    let (models, found) = run(tables(), &Overrides::default());
    assert_eq!(models, ["Post(id author author_id): ", "User(id author_posts): "]);
    assert_eq!(
        found,
        [
            "P0401 the relation `author` of `Post` is left out: the column \"author\" has that name | name it in \
             pilaster.toml: [names] \"posts.author()\" = \"author_user\"",
            "P0401 the relation `author_posts` of `User` is left out: the column \"author_posts\" has that name | name it \
             in pilaster.toml: [names] \"users.author_posts()\" = \"related_author_posts\"",
        ]
    );
    let settled = names(&[("posts.author()", "writer"), ("users.author_posts()", "written")]);
    let (models, found) = run(tables(), &settled);
    assert_eq!(
        models,
        ["Post(id author author_id): writer^User/written", "User(id author_posts): written*Post/writer"]
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn exact_names_win_over_converted_ones() {
    let (models, found) = run(
        vec![table("queues", &["*id"]), table("queue", &["*id", "fooBar", "foo_bar", "FooBar"])],
        &Overrides::default(),
    );
    assert_eq!(models, ["Queue(id foo_bar): "]);
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[0],
        "P0401 the table is left out: its model `Queue` would clash with that of the table \"queue\" | name it in \
         pilaster.toml: [names] \"queues\" = \"QueueRecord\""
    );
    assert!(found[1].contains("[names] \"queue.fooBar\" = \"foo_bar_2\""), "{found:?}");
    let (_, found) = run(vec![table("t", &["*id", "self", "Self"])], &Overrides::default());
    assert!(found[0].contains("[names] \"t.Self\" = \"self_2\""), "a name that may be given: {found:?}");
    let (_, found) = run(vec![table("t", &["*id", "self", "Self"])], &names(&[("t.Self", "self_2")]));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn types_beside_a_model_are_taken_as_well() {
    let (models, found) = run(vec![table("users", &["*id"]), table("new_users", &["*id"])], &Overrides::default());
    assert_eq!(models, ["User(id): "]);
    assert_eq!(found.len(), 1, "generated code has a `NewUser` beside `User`");
}

#[test]
fn methods_of_models_are_reserved() {
    let (models, found) = run(vec![table("t", &["*id", "query_id -> t"])], &Overrides::default());
    assert_eq!(models, ["T(id query_id): query_ts*T/-"]);
    assert!(found[0].contains("every model has a method of that name"), "{found:?}");
}

#[test]
fn a_new_table_renames_nothing() {
    let base = || vec![table("users", &["*id"]), table("posts", &["*id", "user_id -> users", "editor_id -> users"])];
    let (before, _) = run(base(), &Overrides::default());
    let mut more = base();
    more.push(table("comments", &["*id", "user_id -> users", "post_id -> posts"]));
    more.push(table("likes", &["*user_id -> users", "*post_id -> posts"]));
    let (after, found) = run(more, &Overrides::default());
    // the posts that a user likes must not take the name of those that the user wrote
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0],
        "P0401 the relation `posts` of `User` is left out: another relation has that name | name it in pilaster.toml: \
         [names] \"users.posts(user_id, post_id)\" = \"related_posts\""
    );
    for (old, new) in before.iter().zip(&after) {
        for part in old.split(": ").nth(1).unwrap().split(", ") {
            assert!(new.contains(part), "{part} of {old} is not in {new}");
        }
    }
}

#[test]
fn one_of_two_relations_with_a_name_gets_another() {
    let with = |keys: [ForeignKey; 2]| {
        let mut tables = vec![table("b", &["*k", "*n"]), table("a", &["*id", "x_k", "x_n", "y_k", "y_n"])];
        tables[1].foreign_keys = keys.to_vec();
        tables
    };
    let keys = || [["x_k", "x_n"], ["y_k", "y_n"]].map(|columns| key(&columns, "b", &["k", "n"]));
    let (_, found) = run(with(keys()), &Overrides::default());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("[names] \"a.b(y_k, y_n)\" = \"b_b\""), "{found:?}");
    assert!(found[1].ends_with("[names] \"b.as(y_k, y_n)\" = \"related_as\""), "{found:?}");
    let given = [("a.b(y_k, y_n)", "second"), ("b.as(y_k, y_n)", "seconds")];
    let (models, found) = run(with(keys()), &names(&given));
    assert_eq!(found, Vec::<String>::new());
    let expected = ["B(k n): as*A/b, seconds*A/second", "A(id x_k x_n y_k y_n): b^B/as, second^B/seconds"];
    assert_eq!(models, expected);
}

#[test]
fn keys_that_give_no_relation_are_named() {
    let mut tables = vec![table("a", &["*id", "b_id -> b", "again"]), table("b", &["*id"])];
    tables[0].columns[1].ty.value = Type::Plain(SqlType::Text);
    tables[0].foreign_keys.push(key(&["again"], "missing", &["id"]));
    let (models, found) = run(tables, &Overrides::default());
    assert_eq!(models, ["A(id b_id again): ", "B(id): "]);
    assert!(
        found[0].contains("\"b_id\" and \"id\" have different types | give the columns the same type"),
        "{found:?}"
    );
    assert!(found[1].contains("there is no table \"missing\""), "{found:?}");
}

#[test]
fn a_second_key_over_the_same_columns_is_no_second_relation() {
    let mut tables = vec![table("a", &["*id", "b_id -> b"]), table("b", &["*id"])];
    tables[0].foreign_keys.push(key(&["b_id"], "b", &["id"]));
    let (models, found) = run(tables, &Overrides::default());
    assert_eq!((models, found.len()), (vec!["A(id b_id): b^B/as".to_owned(), "B(id): as*A/b".to_owned()], 0));
}

#[test]
fn composite_keys_take_the_targets_name() {
    let mut lines = table("lines", &["*id", "tenant", "number"]);
    lines.foreign_keys.push(key(&["tenant", "number"], "orders", &["tenant", "number"]));
    let (models, _) = run(vec![lines, table("orders", &["*tenant", "*number"])], &Overrides::default());
    assert_eq!(models, ["Line(id tenant number): order^Order/lines", "Order(tenant number): lines*Line/order"]);
}

#[test]
fn tables_are_filtered_and_their_keys_named() {
    let tables = vec![
        table("_log", &["*id", "post_id -> posts"]),
        table("posts", &["*id", "user_id -> users"]),
        table("users", &["*id"]),
    ];
    let overrides = Overrides {
        include: vec!["*s".to_owned(), "none".to_owned()],
        exclude: vec!["users".to_owned()],
        ..Overrides::default()
    };
    let (models, found) = run(tables, &overrides);
    assert_eq!(models, ["Post(id user_id): "]);
    let codes: Vec<&str> = found.iter().map(|text| &text[..5]).collect();
    assert_eq!(codes, ["P0403", "P0406"], "{found:?}");
}

#[test]
fn overrides_are_checked() {
    let overrides = Overrides {
        types: vec![
            ("t.id".to_owned(), "string(5)".to_owned()),
            ("t.x".to_owned(), "varchar".to_owned()),
            ("t.nope".to_owned(), "text".to_owned()),
        ],
        ..names(&[("t", "self"), ("t.x", "Bad Name"), ("t.y", "z"), ("nothing", "Some")])
    };
    let (models, found) = run(vec![table("t", &["*id", "x", "y"])], &overrides);
    assert_eq!(models, ["T(id x z): "]);
    let codes: Vec<&str> = found.iter().map(|text| &text[..5]).collect();
    assert_eq!(codes, ["P0404", "P0403", "P0404", "P0404", "P0403"], "{found:#?}");
}

/// A column keeps the server's type as text where Rust may have no room for a value, and its default with it.
#[test]
fn types_of_a_server_are_kept_as_they_are() {
    let mysql = |text: &str| RawType { mysql: Some(text.to_owned()), ..RawType::default() };
    let column = |ty: SqlType, spelled: Option<&str>, default: Option<RawDefault>| {
        let mut tables = vec![table("t", &["*id", "x"])];
        let column = &mut tables[0].columns[1];
        column.ty.value = Type::Plain(ty);
        column.spelled = spelled.map(mysql);
        column.default = default.map(|default| At::new(default, Place::None));
        let mut draft = Draft { tables, ..Draft::default() };
        let types = vec![("t.x".to_owned(), "Raw".to_owned())];
        let mut diagnostics = Diagnostics::default();
        infer(&mut draft, &Overrides { types, ..Overrides::default() }, &mut diagnostics);
        let column = draft.tables.remove(0).columns.remove(1);
        (column.ty.value, column.default.map(|default| default.value), told(&diagnostics).concat())
    };
    let expr = |text: &str| Some(RawDefault::Expr(RawExpr::PerDialect(mysql(text))));
    let raw = |text: &str| Type::Plain(SqlType::Raw(mysql(text)));
    let zero = || expr("'2024-02-00'");
    assert_eq!(column(SqlType::Date, Some("date"), zero()), (raw("date"), zero(), String::new()));
    let now = column(SqlType::DateTime, Some("datetime(3)"), Some(RawDefault::Typed(Default::Now)));
    assert_eq!(now, (raw("datetime(3)"), expr("CURRENT_TIMESTAMP(3)"), String::new()));
    let (ty, _, said) = column(SqlType::Date, None, zero());
    assert!(ty == Type::Plain(SqlType::Date) && said.contains("no types of its own"), "{said}");
    assert!(said.contains("P0312") && said.contains("\"x\""), "{said}");
    let (_, _, said) = column(SqlType::BigInt { unsigned: true }, Some("bigint unsigned"), None);
    assert!(said.starts_with("P0404") && said.contains("holds all"), "{said}");
    for (text, warned) in
        [("'0000-00-00'", true), ("'2024-00-01 00:00:00'", true), ("'2024-10-01'", false), ("f()", false)]
    {
        let mut tables = vec![table("t", &["*id", "x"])];
        tables[0].columns[1].ty.value = Type::Plain(SqlType::DateTime);
        tables[0].columns[1].default = expr(text).map(|default| At::new(default, Place::None));
        let (_, found) = run(tables, &Overrides::default());
        assert_eq!(found.iter().any(|said| said.starts_with("P0312")), warned, "{text}");
    }
}

/// An enum goes with its last column, unless another type that is given names it.
#[test]
fn enums_that_given_types_name_stay() {
    let ty = |name: &str| Enum {
        name: At::new(name.to_owned(), Place::None),
        sql_name: TableName::plain(rust::table(name)),
        variants: vec![(At::new("a".to_owned(), Place::None), None)],
    };
    let types_of = |given: &[(&str, &str)]| {
        let mut posts = table("posts", &["*id", "mood", "kind"]);
        posts.columns[1].ty.value = Type::Named("Mood".to_owned());
        posts.columns[2].ty.value = Type::Named("Kind".to_owned());
        let mut draft = Draft { tables: vec![posts], enums: vec![ty("Mood"), ty("Kind")], ..Draft::default() };
        let types = given.iter().map(|(key, ty)| ((*key).to_owned(), (*ty).to_owned())).collect();
        let mut diagnostics = Diagnostics::default();
        infer(&mut draft, &Overrides { types, ..Overrides::default() }, &mut diagnostics);
        let types: Vec<String> =
            draft.tables[0].columns[1..].iter().map(|column| format!("{:?}", column.ty.value)).collect();
        let enums: Vec<String> = draft.enums.iter().map(|ty| ty.name.value.clone()).collect();
        (enums, types, draft.tables[0].checks.len(), told(&diagnostics).len())
    };
    let named = |name: &str| format!("{:?}", Type::Named(name.to_owned()));
    let both = || vec!["Mood".to_owned(), "Kind".to_owned()];
    assert_eq!(types_of(&[("posts.mood", "Mood")]), (both(), vec![named("Mood"), named("Kind")], 0, 0));
    let swapped = types_of(&[("posts.mood", "Kind"), ("posts.kind", "Mood")]);
    // What the database says of their labels is no part of their other types.
    assert_eq!(swapped, (both(), vec![named("Kind"), named("Mood")], 2, 0));
    let one = || vec!["Kind".to_owned()];
    assert_eq!(types_of(&[("posts.mood", "Kind")]), (one(), vec![named("Kind"), named("Kind")], 1, 0));
    let text = format!("{:?}", Type::<String>::Plain(SqlType::Text));
    let of_no_use = types_of(&[("posts.mood", "text"), ("posts.no", "Mood")]);
    assert_eq!(of_no_use, (one(), vec![text.clone(), named("Kind")], 1, 1));
    let moved = types_of(&[("posts.mood", "text"), ("posts.kind", "Mood")]);
    assert_eq!(moved, (vec!["Mood".to_owned()], vec![text, named("Mood")], 2, 0));
    assert_eq!(types_of(&[("posts.kind", "Mood"), ("posts.mood", "text")]), moved);
}

#[test]
fn enums_and_labels_that_clash() {
    let labels = |labels: &[&str]| labels.iter().map(|l| (At::new((*l).to_owned(), Place::None), None)).collect();
    let ty = |name: &str, list: &[&str]| Enum {
        name: At::new(name.to_owned(), Place::None),
        sql_name: TableName::plain(rust::table(name)),
        variants: labels(list),
    };
    let mut posts = table("posts", &["*id", "status", "kind", "past", "sort"]);
    posts.columns[1].ty.value = Type::Named("PostStatus".to_owned());
    posts.columns[2].ty.value = Type::Named("PostKind".to_owned());
    posts.columns[3].ty.value = Type::Array(Box::new(Type::Named("PostStatus".to_owned())));
    posts.columns[4].ty.value = Type::Named("PostStatusKind".to_owned());
    let mut draft = Draft {
        tables: vec![posts, table("post_statuses", &["*id"])],
        enums: vec![
            ty("PostStatus", &["it's", "b"]),
            ty("PostKind", &["a", "A", "a+", "1", "1 "]),
            ty("PostStatusKind", &["c"]),
        ],
        ..Draft::default()
    };
    let mut diagnostics = Diagnostics::default();
    infer(&mut draft, &names(&[("PostKind", "Kind"), ("PostKind.1", "First")]), &mut diagnostics);
    let found = told(&diagnostics);
    let variants: Vec<&str> =
        draft.enums[1].variants.iter().map(|(_, name)| name.as_ref().unwrap().value.as_str()).collect();
    assert_eq!(variants, ["A", "A2", "APlus", "First", "_1"]);
    // What steps aside stays an enum, and takes no name that another one has.
    let names: Vec<&str> = draft.enums.iter().map(|ty| ty.name.value.as_str()).collect();
    assert_eq!(names, ["PostStatusKind2", "Kind", "PostStatusKind"]);
    assert_eq!(draft.enums[0].sql_name.name, "post_status");
    let named = |name: &str| Type::Named(name.to_owned());
    let types: Vec<&Type> = draft.tables[0].columns.iter().map(|column| &column.ty.value).skip(1).collect();
    let list = Type::Array(Box::new(named("PostStatusKind2")));
    assert_eq!(types, [&named("PostStatusKind2"), &named("Kind"), &list, &named("PostStatusKind")]);
    assert!(draft.tables[0].checks.is_empty(), "{:?}", draft.tables[0].checks);
    assert!(
        found[0].ends_with("| name it in pilaster.toml: [names] \"PostStatus\" = \"PostStatusKind2\""),
        "{found:?}"
    );
    let codes: Vec<&str> = found.iter().map(|text| &text[..5]).collect();
    assert_eq!(codes, ["P0410", "P0402"], "{found:#?}");
}
