//! The templates of Pilaster's generator, embedded. What each gets is described by the plan structs of the generator:
//! `CodePlan` for `single` and `folder`, one item of it as `item` or `model` for the others, always with `krate` (the
//! path of the runtime crate) and `up` (where one item stands from another).

/// A template by name.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("custom", include_str!("files/custom.jinja")),
    ("enum", include_str!("files/enum.jinja")),
    ("enums", include_str!("files/enums.jinja")),
    ("folder", include_str!("files/folder.jinja")),
    ("folder_migrations", include_str!("files/folder_migrations.jinja")),
    ("folder_model", include_str!("files/folder_model.jinja")),
    ("folder_model_mod", include_str!("files/folder_model_mod.jinja")),
    ("folder_query", include_str!("files/folder_query.jinja")),
    ("folder_relations", include_str!("files/folder_relations.jinja")),
    ("folder_schema", include_str!("files/folder_schema.jinja")),
    ("migrations", include_str!("files/migrations.jinja")),
    ("model", include_str!("files/model.jinja")),
    ("query", include_str!("files/query.jinja")),
    ("relations", include_str!("files/relations.jinja")),
    ("schema", include_str!("files/schema.jinja")),
    ("single", include_str!("files/single.jinja")),
    ("single_model", include_str!("files/single_model.jinja")),
];
