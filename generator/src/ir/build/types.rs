//! Enums, custom types, and types by name.

use super::Builder;
use crate::codes;
use crate::diag::{Place, suggest};
use crate::ir::check::{names as rules, types as known};
use crate::ir::draft::{At, Custom, Enum, Type};
use crate::ir::{CustomId, CustomType, EnumId, EnumType, SqlType, Variant};
use crate::names;

/// Nesting of custom types in arrays and so on; drafts of our sources have two levels.
const MAX_DEPTH: usize = 8;

impl Builder<'_> {
    pub(super) fn enums(&mut self, enums: &[Enum]) {
        for draft in enums {
            let name = &draft.name;
            if let Some((message, help)) = rules::camel("enum", &name.value) {
                self.broken(codes::INVALID_NAME, &name.place, message, help);
                continue;
            }
            if self.enum_ids.contains_key(&name.value) {
                self.duplicate("the enum", name);
                continue;
            }
            let variants = self.variants(draft);
            if variants.is_empty() {
                let message = format!("the enum `{}` has no labels", name.value);
                self.broken(codes::EMPTY, &name.place, message, "give it at least one label");
                // stays known, so that its columns are not reported as well
            }
            self.enum_ids.insert(name.value.clone(), EnumId::from(self.enums.len()));
            self.enums.push(EnumType { name: name.value.clone(), sql_name: draft.sql_name.clone(), variants });
        }
    }

    fn variants(&mut self, draft: &Enum) -> Vec<Variant> {
        let mut variants: Vec<Variant> = Vec::with_capacity(draft.variants.len());
        for (label, given) in &draft.variants {
            if variants.iter().any(|v| v.label == label.value) {
                self.duplicate("the label", label);
                continue;
            }
            let name = given.clone().unwrap_or_else(|| At::new(names::variant(&label.value), label.place.clone()));
            if given.is_some()
                && let Some((message, help)) = rules::camel("variant", &name.value)
            {
                self.broken(codes::INVALID_NAME, &name.place, message, help);
                continue;
            }
            if let Some(first) = variants.iter().find(|v| v.name == name.value) {
                let message =
                    format!("the labels `{}` and `{}` would both be `{}`", first.label, label.value, name.value);
                let help = format!("name one of them: {{ label: {:?}, name: {}2 }}", label.value, name.value);
                self.broken(codes::NAME_CLASH, &label.place, message, help);
                continue;
            }
            variants.push(Variant { label: label.value.clone(), name: name.value });
        }
        variants
    }

    pub(super) fn customs(&mut self, customs: &[Custom]) {
        // all names are known before the types beneath are resolved, so that one made of another is seen as such
        for draft in customs {
            let name = &draft.name;
            if let Some((message, help)) = rules::camel("type", &name.value) {
                self.broken(codes::INVALID_NAME, &name.place, message, help);
                continue;
            }
            if self.custom_ids.contains_key(&name.value) {
                self.duplicate("the type", name);
                continue;
            }
            if self.enum_ids.contains_key(&name.value) {
                let message = format!("`{}` is an enum and a type", name.value);
                self.broken(codes::NAME_CLASH, &name.place, message, "rename one of them");
                continue;
            }
            self.custom_ids.insert(name.value.clone(), CustomId::from(self.customs.len()));
            self.customs.push(CustomType {
                name: name.value.clone(),
                sql: SqlType::Text,
                rust: draft.rust.value.clone(),
                with: draft.with.as_ref().map(|w| w.value.clone()),
            });
        }
        for draft in customs {
            let Some(ty) = self.resolve(&draft.sql) else { continue };
            if matches!(ty, SqlType::Custom(_)) {
                let message = format!("the type `{}` is made of another custom type", draft.name.value);
                self.broken(codes::UNKNOWN_TYPE, &draft.sql.place, message, "name the column type itself");
                continue;
            }
            let id = self.custom_ids.get(&draft.name.value).copied();
            if let Some(custom) = id.and_then(|id| self.customs.get_mut(id.index())) {
                custom.sql = ty;
            }
        }
    }

    /// A type by id; `None` when it is not known, which is reported.
    pub(super) fn resolve(&mut self, ty: &At<Type>) -> Option<SqlType> {
        let resolved = self.resolve_at(&ty.value, &ty.place, 0)?;
        if let Some((message, help)) = known::arguments(&resolved)
            && !self.lenient
        {
            self.broken(codes::TYPE_ARGUMENT, &ty.place, message, help);
            return None;
        }
        Some(resolved)
    }

    fn resolve_at(&mut self, ty: &Type, place: &Place, depth: usize) -> Option<SqlType> {
        match ty {
            Type::Plain(plain) => Some(plain.clone()),
            Type::Array(inner) if depth < MAX_DEPTH => {
                let inner = self.resolve_at(inner, place, depth + 1)?;
                Some(SqlType::Array(Box::new(inner)))
            }
            Type::Array(_) => {
                self.broken(codes::UNKNOWN_TYPE, place, "arrays of arrays are not supported", "use `json`");
                None
            }
            Type::Named(name) => {
                if let Some(id) = self.enum_ids.get(name) {
                    return Some(SqlType::Enum(*id));
                }
                if let Some(id) = self.custom_ids.get(name) {
                    return Some(SqlType::Custom(*id));
                }
                let help = self.type_help(name);
                self.broken(codes::UNKNOWN_TYPE, place, format!("unknown type `{name}`"), help);
                None
            }
        }
    }

    fn type_help(&self, name: &str) -> String {
        if let Some(ours) = known::foreign(name) {
            return format!("write `{ours}`");
        }
        let ours = known::NAMES.iter().copied();
        let candidates =
            ours.chain(self.enum_ids.keys().map(String::as_str)).chain(self.custom_ids.keys().map(String::as_str));
        match suggest(name, candidates) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if name.starts_with(char::is_uppercase) => format!("declare `{name}` under `enums:` or `types:`"),
            None => format!("the types are {}, and the names under `enums:` and `types:`", known::NAMES.join(", ")),
        }
    }

    /// The type beneath a custom type.
    pub(super) fn beneath<'t>(&'t self, ty: &'t SqlType) -> &'t SqlType {
        match ty {
            SqlType::Custom(id) => self.customs.get(id.index()).map_or(ty, |c| &c.sql),
            _ => ty,
        }
    }
}
