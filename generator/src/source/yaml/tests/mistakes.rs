//! What users are told.

use super::*;

/// A type that is not known is told once, where it stands, and not at what depends on it.
#[test]
fn a_bad_type_on_a_key_is_one_mistake() {
    let spec = "User:\n  columns: { id: BigInt primary, version: Counter version }\n\
                Post:\n  columns: { id: bigint primary }\n  relations:\n    user: { belongs_to: User, inverse: posts }\n    \
                users: { many_to_many: User, table: likes, inverse: liked }";
    insta::assert_snapshot!(said(spec), @r"
    error[P0201]: unknown type `BigInt`
     --> models.yaml:4:20
      |
    4 |     columns: { id: BigInt primary, version: Counter version }
      |                    ^^^^^^
      = help: did you mean `bigint`?

    error[P0201]: unknown type `Counter`
     --> models.yaml:4:45
      |
    4 |     columns: { id: BigInt primary, version: Counter version }
      |                                             ^^^^^^^
      = help: declare `Counter` under `enums:` or `types:`
    ");
    insta::assert_snapshot!(said("User:\n  columns: { id: bigin primary, version: intger version }"), @r"
    error[P0201]: unknown type `bigin`
     --> models.yaml:4:20
      |
    4 |     columns: { id: bigin primary, version: intger version }
      |                    ^^^^^
      = help: did you mean `bigint`?

    error[P0201]: unknown type `intger`
     --> models.yaml:4:44
      |
    4 |     columns: { id: bigin primary, version: intger version }
      |                                            ^^^^^^
      = help: did you mean `integer`?
    ");
}

#[test]
fn a_model_without_a_key_is_warned_of() {
    assert_eq!(said("Line:\n  columns: { text: text }\n  primary_key: []"), "", "it is meant");
    insta::assert_snapshot!(said("Line:\n  columns: { text: text }"), @r"
    warning[P0221]: `Line` has no primary key: its rows can be inserted and queried, but not fetched, saved or deleted by key
     --> models.yaml:3:3
      |
    3 |   Line:
      |   ^^^^
      = help: mark the columns that tell its rows apart with `primary`, for instance `id: bigint primary`; `primary_key: []` says that none is meant
    ");
}

#[test]
fn keys() {
    insta::assert_snapshot!(said("User:\n  table: user\n  colums: { id: bigint primary }"), @r"
    error[P0102]: unknown key `colums` in the model `User`
     --> models.yaml:5:5
      |
    5 |     colums: { id: bigint primary }
      |     ^^^^^^
      = help: did you mean `columns`?
    ");
    insta::assert_snapshot!(said("User:\n  soft_delete: true\n  columns: { id: bigint primary }"), @r"
    error[P0109]: `soft_delete` is not supported yet
     --> models.yaml:4:5
      |
    4 |     soft_delete: true
      |     ^^^^^^^^^^^
      = help: remove it for now
    ");
    insta::assert_snapshot!(said("User:\n  columns: { id: { typ: bigint } }"), @r"
    error[P0102]: unknown key `typ` in the column `id`
     --> models.yaml:4:22
      |
    4 |     columns: { id: { typ: bigint } }
      |                      ^^^
      = help: did you mean `type`?

    error[P0111]: the column `id` has no type
     --> models.yaml:4:16
      |
    4 |     columns: { id: { typ: bigint } }
      |                ^^
      = help: add for instance `type: text`
    ");
    insta::assert_snapshot!(read("pilaster: 2\nmodel: {}\n").1.to_string(), @r"
    error[P0102]: unknown key `model` in a spec
     --> models.yaml:2:1
      |
    2 | model: {}
      | ^^^^^
      = help: did you mean `models`?

    error[P0110]: this generator does not know version `2` of the format
     --> models.yaml:1:11
      |
    1 | pilaster: 2
      |           ^
      = help: begin the spec with `pilaster: 1`

    error[P0111]: the spec has no models
     --> models.yaml:1:1
      |
    1 | pilaster: 2
      | ^
      = help: add a `models:` section
    ");
    insta::assert_snapshot!(said("User: [a]"), @r"
    error[P0106]: the model `User` must be a mapping, not a list
     --> models.yaml:3:9
      |
    3 |   User: [a]
      |         ^^^
      = help: write `key: value` lines below, or `{ key: value }`
    ");
}

#[test]
fn types() {
    insta::assert_snapshot!(columns("a: integr\nb: varchar(20)\nc: string\nd: Statsu\ne: decimal(2,4)\nf: string(0)"), @r"
    error[P0201]: unknown type `varchar(20)`
     --> models.yaml:7:10
      |
    7 |       b: varchar(20)
      |          ^^^^^^^^^^^
      = help: write `string(20)`

    error[P0217]: `string` needs a length
     --> models.yaml:8:10
      |
    8 |       c: string
      |          ^^^^^^
      = help: write `string(80)`, or `text` for any length

    error[P0217]: `decimal(2,4)` has more digits after the point than digits
      --> models.yaml:10:10
       |
    10 |       e: decimal(2,4)
       |          ^^^^^^^^^^^^
       = help: the first number counts all digits: write `decimal(6,4)`

    error[P0217]: a string of no characters holds nothing
      --> models.yaml:11:10
       |
    11 |       f: string(0)
       |          ^^^^^^^^^
       = help: give a length of at least 1

    error[P0201]: unknown type `integr`
     --> models.yaml:6:10
      |
    6 |       a: integr
      |          ^^^^^^
      = help: did you mean `integer`?

    error[P0201]: unknown type `Statsu`
     --> models.yaml:9:10
      |
    9 |       d: Statsu
      |          ^^^^^^
      = help: declare `Statsu` under `enums:` or `types:`
    ");
}

#[test]
fn short_form() {
    insta::assert_snapshot!(columns("a: text not null\nb: text nul\nc: integer default 3\nd: null\ne: text unique unique"), @r"
    error[P0114]: `not` is no word of a column
     --> models.yaml:6:15
      |
    6 |       a: text not null
      |               ^^^
      = help: columns are not null unless `null` says so: leave it out

    error[P0114]: `nul` is no word of a column
     --> models.yaml:7:15
      |
    7 |       b: text nul
      |               ^^^
      = help: did you mean `null`?

    error[P0114]: `default` is no word of a column
     --> models.yaml:8:18
      |
    8 |       c: integer default 3
      |                  ^^^^^^^
      = help: write `= 3` at the end

    error[P0114]: the type is missing before `null`
     --> models.yaml:9:10
      |
    9 |       d: null
      |          ^^^^
      = help: a column begins with its type, for instance `bigint primary`

    error[P0114]: `unique` stands here twice
      --> models.yaml:10:22
       |
    10 |       e: text unique unique
       |                      ^^^^^^
       = help: remove one of them
    ");
    insta::assert_snapshot!(columns("a: text =\nb: text = 'x'\nc:\nd: { type: text null }"), @r#"
    error[P0114]: nothing stands after `=`
     --> models.yaml:6:15
      |
    6 |       a: text =
      |               ^
      = help: leave the `=` out, or write the empty text in the long form: { type: text, default: "" }

    warning[P0115]: the quotes are part of the default: it is 'x' with them
     --> models.yaml:7:17
      |
    7 |       b: text = 'x'
      |                 ^^^
      = help: write `text = x` without them; if they belong to the value, use the long form: default: "'x'"

    error[P0111]: the column `c` has no type
     --> models.yaml:8:7
      |
    8 |       c:
      |       ^
      = help: write for instance `text` after the colon

    error[P0114]: `type` takes the type alone
     --> models.yaml:9:18
      |
    9 |       d: { type: text null }
      |                  ^^^^^^^^^
      = help: in the long form the rest are keys of their own, as in { type: text, null: true, default: x }
    "#);
}

#[test]
fn yaml_traps() {
    insta::assert_snapshot!(columns("a: text = #fff\nb: { type: decimal(10,2), null: true }\nc: { type: text, default: #fff\n  }"), @r##"
    error[P0107]: inside brackets the comma cuts `decimal(10,2)` in two
     --> models.yaml:7:18
      |
    7 |       b: { type: decimal(10,2), null: true }
      |                  ^^^^^^^^^^^^^
      = help: put it in quotes: "decimal(10,2)"

    error[P0108]: YAML reads `#fff` as a comment, so that nothing is left of the value
     --> models.yaml:6:17
      |
    6 |       a: text = #fff
      |                 ^^^^
      = help: put the value in quotes: "text = #fff"

    error[P0108]: YAML reads `#fff` as a comment, so that nothing is left of the value
     --> models.yaml:8:33
      |
    8 |       c: { type: text, default: #fff
      |                                 ^^^^
      = help: put the value in quotes: "#fff"
    "##);
    insta::assert_snapshot!(columns("a: { type: text[] }"), @r#"
    error[P0101]: inside brackets `text[]` must be in quotes
     --> models.yaml:6:18
      |
    6 |       a: { type: text[] }
      |                  ^^^^^^
      = help: write "text[]"
    "#);
    insta::assert_snapshot!(columns("a: boolean = no\nb: text null # fine\nc: { type: text, null: yes }"), @r"
    error[P0112]: `null` is `true` or `false`, not `yes`
     --> models.yaml:8:30
      |
    8 |       c: { type: text, null: yes }
      |                              ^^^
      = help: write `true` or `false`

    error[P0213]: `no` is no truth value here
     --> models.yaml:6:20
      |
    6 |       a: boolean = no
      |                    ^^
      = help: write `false`
    ");
}

#[test]
fn defaults() {
    insta::assert_snapshot!(columns("a: integer = now\nb: tinyint = 300\nc: text = now\nd: date = 2026-02-30\ne: { type: text, default: { sql: bio } }"), @r"
    error[P0213]: `now` is a default of date, time, datetime and timestamp columns only
     --> models.yaml:6:20
      |
    6 |       a: integer = now
      |                    ^^^
      = help: give a constant, or another expression with `default: { sql: … }`

    error[P0213]: `300` is out of range
     --> models.yaml:7:20
      |
    7 |       b: tinyint = 300
      |                    ^^^
      = help: give a number from -128 to 127

    error[P0213]: `2026-02-30` is not a date
     --> models.yaml:9:17
      |
    9 |       d: date = 2026-02-30
      |                 ^^^^^^^^^^
      = help: write for instance `2026-01-31`, or `now`

    error[P0213]: the default of `e` refers to a column: `bio`
      --> models.yaml:10:40
       |
    10 |       e: { type: text, default: { sql: bio } }
       |                                        ^^^
       = help: databases do not allow that; put a text in quotes: 'bio'
    ");
}

#[test]
fn relations() {
    insta::assert_snapshot!(said("User:\n  columns: { id: bigint primary }\nPost:\n  columns: { id: bigint primary }\n  relations:\n    user: { belongs_to: Usr, inverse: posts }\n    author: { belong_to: User }\n    x: User\n    y: { belongs_to: User, on_delete: set null, inverse: ys }\n    z: { belongs_to: User, on_delete: set_null, inverse: zs }"), @r"
    error[P0102]: unknown key `belong_to` in the relation `author`
     --> models.yaml:9:17
      |
    9 |       author: { belong_to: User }
      |                 ^^^^^^^^^
      = help: did you mean `belongs_to`?

    error[P0106]: the relation `x` must be a mapping
      --> models.yaml:10:10
       |
    10 |       x: User
       |          ^^^^
       = help: write { belongs_to: User }, or has_many, has_one, many_to_many

    error[P0112]: `set null` is no action
      --> models.yaml:11:41
       |
    11 |       y: { belongs_to: User, on_delete: set null, inverse: ys }
       |                                         ^^^^^^^^
       = help: write `set_null`

    error[P0202]: there is no model `Usr`
     --> models.yaml:8:27
      |
    8 |       user: { belongs_to: Usr, inverse: posts }
      |                           ^^^
      = help: did you mean `User`?

    warning[P0211]: `on_delete: set_null` on the column `y_id`, which may not be null
      --> models.yaml:11:7
       |
    11 |       y: { belongs_to: User, on_delete: set null, inverse: ys }
       |       ^
       = help: add `null: true`, or use another `on_delete`

    warning[P0211]: `on_delete: set_null` on the column `z_id`, which may not be null
      --> models.yaml:12:7
       |
    12 |       z: { belongs_to: User, on_delete: set_null, inverse: zs }
       |       ^
       = help: add `null: true`, or use another `on_delete`
    ");
    insta::assert_snapshot!(said("User:\n  columns: { id: bigint primary }\n  relations:\n    posts: { has_many: Post, inverse: user }\nPost:\n  columns: { id: bigint primary }\n  relations:\n    user: { belongs_to: User, inverse: posts }"), @r"
    error[P0219]: this relation is declared on both sides: `Post` has it as `user`
     --> models.yaml:6:7
      |
    6 |       posts: { has_many: Post, inverse: user }
      |       ^^^^^
      = help: keep one of them, with `inverse: posts` for the other side's name
    ");
    insta::assert_snapshot!(said("User:\n  columns: { name: text }\n  relations:\n    boss: { belongs_to: User, inverse: none }\n    friends: { many_to_many: User, inverse: none }"), @r"
    error[P0220]: `User` has no primary key to point to
     --> models.yaml:6:27
      |
    6 |       boss: { belongs_to: User, inverse: none }
      |                           ^^^^
      = help: mark a column of it with `primary`, or name unique ones with `references:`

    error[P0220]: `User` has no primary key to point to
     --> models.yaml:7:7
      |
    7 |       friends: { many_to_many: User, inverse: none }
      |       ^^^^^^^
      = help: mark a column of it with `primary`
    ");
}

#[test]
fn names() {
    insta::assert_snapshot!(said("User:\n  table: t\n  columns: { id: bigint primary }\nPost:\n  table: t\n  columns: { id: bigint primary }"), @r"
    error[P0206]: `User` and `Post` are both on the table `t`
     --> models.yaml:7:12
      |
    7 |     table: t
      |            ^
      = help: two models cannot share a table: give one of them another with `table:`
    ");
    insta::assert_snapshot!(columns("self: text\nuserName: text\ntype: text\n\"2fa\": text"), @r#"
    error[P0209]: `self` cannot be a name in Rust
     --> models.yaml:6:7
      |
    6 |       self: text
      |       ^^^^
      = help: write `self_` with `column: self` to keep the column's name

    error[P0209]: `userName` is no name for a field: these are snake_case
     --> models.yaml:7:7
      |
    7 |       userName: text
      |       ^^^^^^^^
      = help: write `user_name` with `column: userName` to keep the column's name

    error[P0209]: `2fa` is no name for a field: these are snake_case
     --> models.yaml:9:7
      |
    9 |       "2fa": text
      |       ^^^^^
      = help: write `_2fa` with `column: 2fa` to keep the column's name
    "#);
    insta::assert_snapshot!(said("user_group:\n  columns: { id: bigint primary }"), @r"
    error[P0209]: `user_group` is no name for a model: these are UpperCamelCase
     --> models.yaml:3:3
      |
    3 |   user_group:
      |   ^^^^^^^^^^
      = help: write `UserGroup`
    ");
    insta::assert_snapshot!(said("User:\n  columns: { id: bigint primary, posts: text }\nPost:\n  table: post\n  columns: { id: bigint primary }\n  relations:\n    user: { belongs_to: User, inverse: posts }\n    query: { belongs_to: User, inverse: none }"), @r"
    error[P0207]: `User` has a field and a relation `posts`
     --> models.yaml:9:42
      |
    9 |       user: { belongs_to: User, inverse: posts }
      |                                          ^^^^^
      = help: rename one of them; the other side of a relation is named with `inverse:`

    error[P0208]: generated code has a method `query`, so no relation can have that name
      --> models.yaml:10:7
       |
    10 |       query: { belongs_to: User, inverse: none }
       |       ^^^^^
       = help: name it for instance `query_rows`
    ");
    insta::assert_snapshot!(said("User:\n  table: a\n  columns: { id: bigint primary }\nNewUser:\n  table: b\n  columns: { id: bigint primary }"), @r"
    error[P0208]: `NewUser` is made for the model `User`, so nothing else can have that name
     --> models.yaml:6:3
      |
    6 |   NewUser:
      |   ^^^^^^^
      = help: give one of them another name
    ");
}

#[test]
fn keys_and_expressions() {
    insta::assert_snapshot!(said("User:\n  table: user\n  columns: { id: bigint primary null, title: text }\n  indexes: [{ columns: [titel] }]\n  uniques: [[id, id]]\n  checks:\n    a: length(titel) > 0\n    b: \"title >\"\n    c: title ~ 'x'"), @r#"
    error[P0203]: `User` has no field `titel`
     --> models.yaml:6:27
      |
    6 |     indexes: [{ columns: [titel] }]
      |                           ^^^^^
      = help: did you mean `title`?

    error[P0210]: the primary key column `id` may be null
     --> models.yaml:5:16
      |
    5 |     columns: { id: bigint primary null, title: text }
      |                ^^
      = help: remove `null` or `primary`

    error[P0205]: the column `id` is there twice
     --> models.yaml:7:20
      |
    7 |     uniques: [[id, id]]
      |                    ^^
      = help: rename or remove one of them

    error[P0203]: the check `a` names `titel`, which is no column of `user`
     --> models.yaml:9:17
      |
    9 |       a: length(titel) > 0
      |                 ^^^^^
      = help: did you mean `title`?

    error[P0216]: the check `b` cannot be read: expected an expression, found the end
      --> models.yaml:10:18
       |
    10 |       b: "title >"
       |                  ^
       = help: correct it, or write it per database: { sqlite: …, postgres: …, mysql: … }

    error[P0216]: the check `c` cannot be read: the operator `~` is not the same on all databases
      --> models.yaml:11:10
       |
    11 |       c: title ~ 'x'
       |          ^
       = help: correct it, or write it per database: { sqlite: …, postgres: …, mysql: … }
    "#);
    insta::assert_snapshot!(columns("v: text version\nw: integer version\nx: integer version"), @r"
    error[P0214]: `v` cannot be a version counter
     --> models.yaml:6:7
      |
    6 |       v: text version
      |       ^
      = help: a version counter is `integer version` or `bigint version`, without `null`

    error[P0214]: `x` is a second version counter beside `w`
     --> models.yaml:8:7
      |
    8 |       x: integer version
      |       ^
      = help: keep one `version`
    ");
}

#[test]
fn enums_and_types() {
    insta::assert_snapshot!(
        read("pilaster: 1\nenums:\n  A: []\n  B: [x, x]\n  c: [x]\n  D: [{ label: a, name: X }, { label: b, name: X }]\ntypes:\n  E: { sql: text }\n  F: { sql: text, rust: \"a b\" }\nmodels: {}\n").1.to_string(), @r#"
    error[P0111]: the type `E` has no Rust type
     --> models.yaml:8:3
      |
    8 |   E: { sql: text }
      |   ^
      = help: add for instance `rust: crate::types::Email`

    error[P0112]: `a b` is no path of a Rust type
     --> models.yaml:9:25
      |
    9 |   F: { sql: text, rust: "a b" }
      |                         ^^^^^^
      = help: write for instance `crate::types::Email` or `url::Url`

    error[P0218]: the enum `A` has no labels
     --> models.yaml:3:3
      |
    3 |   A: []
      |   ^
      = help: give it at least one label

    error[P0205]: the label `x` is there twice
     --> models.yaml:4:10
      |
    4 |   B: [x, x]
      |          ^
      = help: rename or remove one of them

    error[P0209]: `c` is no name for an enum: these are UpperCamelCase
     --> models.yaml:5:3
      |
    5 |   c: [x]
      |   ^
      = help: write `C`

    error[P0207]: the labels `a` and `b` would both be `X`
     --> models.yaml:6:39
      |
    6 |   D: [{ label: a, name: X }, { label: b, name: X }]
      |                                       ^
      = help: name one of them: { label: "b", name: X2 }
    "#);
}

/// One mistake is told once, and not what follows from it.
#[test]
fn what_follows_from_a_mistake_is_not_told() {
    let two = said(
        "A:\n  columns: { id: bigint primary }\nB:\n  table: a\n  columns: { id: bigint primary }\nC:\n  columns: \
         { id: bigint primary }\n  relations: { b: { belongs_to: B, inverse: false } }",
    );
    assert_eq!(two.matches("error[").count(), 1, "{two}");
    assert!(two.contains("`A` and `B` are both on the table `a`"), "{two}");
    let between = said(
        "Post:\n  columns: { id: bigint primary }\n  relations: { tags: { many_to_many: Tag, table: tag } }\nTag:\n  \
         columns: { id: bigint primary }",
    );
    assert_eq!(between.matches("error[").count(), 1, "{between}");
    assert!(between.contains("`tag` cannot be the table between of `tags`: it is that of `Tag`"), "{between}");
    let label = read(
        "pilaster: 1\nenums:\n  E: [a, b]\nmodels:\n  A:\n    columns: { id: bigint primary, e: { type: E, default: x } }\n",
    );
    let label = label.1.to_string();
    assert!(label.contains("`x`") || label.contains("\"x\""), "{label}");
    assert!(!label.contains("did you mean `a`"), "{label}");
}
