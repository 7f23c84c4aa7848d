//! What a command says at its end.

use std::io::Write;

use super::json::Json;
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place, Severity};

/// The result of a command that got to its end.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Text for people, or a document that was asked for. Ends with a line break unless it is empty.
    pub text: String,
    /// The same for programs.
    pub facts: Vec<(&'static str, Json)>,
}

/// Errors of these codes mean that the command was called wrongly.
const MISUSE: &[Code] = &[
    codes::SETTINGS_SYNTAX,
    codes::SETTINGS_KEY,
    codes::SETTINGS_VALUE,
    codes::NO_INPUT,
    codes::DATABASE_URL,
    codes::INPUT_READ,
    codes::REFUSED,
    codes::EXISTS,
];

fn exit_code(diagnostics: &Diagnostics) -> i32 {
    let misuse = |item: &Diagnostic| item.severity == Severity::Error && MISUSE.contains(&item.code);
    match diagnostics.iter().any(misuse) {
        true => 2,
        false => i32::from(diagnostics.has_errors()),
    }
}

/// Writes the result to `out` and the findings to `err`, or both as one line of JSON to `out`. A writer that is gone
/// cannot be told anything.
pub(super) fn write(
    report: Option<Report>,
    diagnostics: &Diagnostics,
    json: bool,
    colour: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    // A command that did not get to its end has said why; should it not have, that is no success either.
    let code = exit_code(diagnostics).max(i32::from(report.is_none()));
    let report = report.unwrap_or_default();
    if json {
        let mut fields = vec![("ok", Json::Bool(code == 0))];
        fields.extend(report.facts);
        fields.push(("diagnostics", Json::List(diagnostics.iter().map(finding).collect())));
        let _ = writeln!(out, "{}", Json::Object(fields));
    } else {
        let _ = write!(out, "{}", report.text);
        let _ = write!(err, "{}", diagnostics.render(colour));
    }
    let _ = out.flush();
    code
}

fn finding(item: &Diagnostic) -> Json {
    let severity = match item.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Json::Object(vec![
        ("code", Json::Text(item.code.id.to_owned())),
        ("severity", Json::Text(severity.to_owned())),
        ("message", Json::Text(item.message.clone())),
        ("help", item.help.clone().map_or(Json::Null, Json::Text)),
        ("place", place(&item.place)),
    ])
}

fn place(place: &Place) -> Json {
    match place {
        Place::None => Json::Null,
        Place::Object(object) => Json::Object(vec![("object", Json::Text(object.clone()))]),
        Place::Text { source, span } => {
            let (line, column) = position(&source.text, span.start);
            let (end_line, end_column) = position(&source.text, span.end);
            Json::Object(vec![
                ("file", Json::Text(source.name.clone())),
                ("line", Json::Number(line)),
                ("column", Json::Number(column)),
                ("end_line", Json::Number(end_line)),
                ("end_column", Json::Number(end_column)),
            ])
        }
    }
}

/// Line and column of a byte offset, from 1, columns in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(position("é\nxé!", 0), (1, 1));
        assert_eq!(position("é\nxé!", 6), (2, 3));
        assert_eq!(position("é\nxé!", 5), (2, 2));
        assert_eq!(position("é", 99), (1, 2));
    }

    #[test]
    fn misuse_outweighs_findings() {
        let with = |codes: &[Code]| {
            let mut all = Diagnostics::default();
            codes.iter().for_each(|code| all.push(Diagnostic::error(*code, Place::None, "x")));
            exit_code(&all)
        };
        assert_eq!(with(&[]), 0);
        assert_eq!(with(&[codes::UNSUPPORTED]), 1);
        assert_eq!(with(&[codes::UNSUPPORTED, codes::NO_INPUT]), 2);
        let mut warning = Diagnostics::default();
        warning.push(Diagnostic::warning(codes::NO_INPUT, Place::None, "x"));
        assert_eq!(exit_code(&warning), 0);
    }
}
