//! JSON documents.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{column_type, operand};
use crate::error::Error;
use crate::value::{Kind, Value};

column_type!(
    Json,
    Json,
    Kind::Json,
    |row, at| match row.with_json(at, |text| serde_json::from_str(text))? {
        Some(Ok(json)) => Ok(Some(json)),
        Some(Err(error)) => Err(Error::decode("JSON", "text that is not").with_source(error)),
        None => Ok(None),
    },
    |value| Value::Json(Cow::Owned(value.to_string()))
);
operand!(Json: Json);
