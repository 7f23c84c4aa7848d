//! The goldens as modules, so that each is a compile check too. The test `golden` fails when one is missing here.
// Generated code is printed by prettyplease, and must stay as it is printed.
#[rustfmt::skip]
#[path = "../cases/blog/expected/mod.rs"]
pub mod blog;
#[rustfmt::skip]
#[path = "../cases/column_types/expected/mod.rs"]
pub mod column_types;
#[rustfmt::skip]
#[path = "../cases/composite_keys/expected/mod.rs"]
pub mod composite_keys;
#[rustfmt::skip]
#[path = "../cases/custom_types/expected/mod.rs"]
pub mod custom_types;
#[rustfmt::skip]
#[path = "../cases/defaults/expected/mod.rs"]
pub mod defaults;
#[rustfmt::skip]
#[path = "../cases/empty_database/expected/mod.rs"]
pub mod empty_database;
#[rustfmt::skip]
#[path = "../cases/enum_labels/expected/mod.rs"]
pub mod enum_labels;
#[rustfmt::skip]
#[path = "../cases/generated_columns/expected/mod.rs"]
pub mod generated_columns;
#[rustfmt::skip]
#[path = "../cases/hostile_names/expected/mod.rs"]
pub mod hostile_names;
#[rustfmt::skip]
#[path = "../cases/hooks_and_cascades/expected/mod.rs"]
pub mod hooks_and_cascades;
#[rustfmt::skip]
#[path = "../cases/inferred_relations/expected/mod.rs"]
pub mod inferred_relations;
#[rustfmt::skip]
#[path = "../cases/jiff_arrays/expected/mod.rs"]
pub mod jiff_arrays;
#[rustfmt::skip]
#[path = "../cases/jiff_dates/expected/mod.rs"]
pub mod jiff_dates;
#[rustfmt::skip]
#[path = "../cases/keyless/expected/mod.rs"]
pub mod keyless;
#[rustfmt::skip]
#[path = "../cases/library_mysql/expected/mod.rs"]
pub mod library_mysql;
#[rustfmt::skip]
#[path = "../cases/library_postgres/expected/mod.rs"]
pub mod library_postgres;
#[rustfmt::skip]
#[path = "../cases/library_sqlite/expected/mod.rs"]
pub mod library_sqlite;
#[rustfmt::skip]
#[path = "../cases/many_to_many/expected/mod.rs"]
pub mod many_to_many;
#[rustfmt::skip]
#[path = "../cases/many_to_many_self/expected/mod.rs"]
pub mod many_to_many_self;
#[rustfmt::skip]
#[path = "../cases/many_to_many_through/expected/mod.rs"]
pub mod many_to_many_through;
#[rustfmt::skip]
#[path = "../cases/mysql_objects/expected/mod.rs"]
pub mod mysql_objects;
#[rustfmt::skip]
#[path = "../cases/mysql_own_types/expected/mod.rs"]
pub mod mysql_own_types;
#[rustfmt::skip]
#[path = "../cases/mysql_types/expected/mod.rs"]
pub mod mysql_types;
#[rustfmt::skip]
#[path = "../cases/names_of_scripts/expected/mod.rs"]
pub mod names_of_scripts;
#[rustfmt::skip]
#[path = "../cases/names_override/expected/mod.rs"]
pub mod names_override;
#[rustfmt::skip]
#[path = "../cases/one_to_one/expected/mod.rs"]
pub mod one_to_one;
#[rustfmt::skip]
#[path = "../cases/optimistic_locking/expected/mod.rs"]
pub mod optimistic_locking;
#[rustfmt::skip]
#[path = "../cases/pascal_case/expected/mod.rs"]
pub mod pascal_case;
#[rustfmt::skip]
#[path = "../cases/postgres_names/expected/mod.rs"]
pub mod postgres_names;
#[rustfmt::skip]
#[path = "../cases/postgres_objects/expected/mod.rs"]
pub mod postgres_objects;
#[rustfmt::skip]
#[path = "../cases/postgres_schemas/expected/mod.rs"]
pub mod postgres_schemas;
#[rustfmt::skip]
#[path = "../cases/postgres_server_types/expected/mod.rs"]
pub mod postgres_server_types;
#[rustfmt::skip]
#[path = "../cases/postgres_types/expected/mod.rs"]
pub mod postgres_types;
#[rustfmt::skip]
#[path = "../cases/prelude_names/expected/mod.rs"]
pub mod prelude_names;
#[rustfmt::skip]
#[path = "../cases/raw_of_mysql/expected/mod.rs"]
pub mod raw_of_mysql;
#[rustfmt::skip]
#[path = "../cases/raw_of_postgres/expected/mod.rs"]
pub mod raw_of_postgres;
#[rustfmt::skip]
#[path = "../cases/self_reference/expected/mod.rs"]
pub mod self_reference;
#[rustfmt::skip]
#[path = "../cases/serde_derive/expected/mod.rs"]
pub mod serde_derive;
#[rustfmt::skip]
#[path = "../cases/several_relations/expected/mod.rs"]
pub mod several_relations;
#[rustfmt::skip]
#[path = "../cases/sqlite_types/expected/mod.rs"]
pub mod sqlite_types;
#[rustfmt::skip]
#[path = "../cases/symbol_names/expected/mod.rs"]
pub mod symbol_names;
#[rustfmt::skip]
#[path = "../cases/types_of_postgres/expected/mod.rs"]
pub mod types_of_postgres;
#[rustfmt::skip]
#[path = "../cases/unsigned_types/expected/mod.rs"]
pub mod unsigned_types;
#[rustfmt::skip]
#[path = "../cases/views/expected/mod.rs"]
pub mod views;
#[rustfmt::skip]
#[path = "../cases/with_migrations/expected/mod.rs"]
pub mod with_migrations;
