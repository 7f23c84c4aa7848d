//! `pilaster db check`: whether the spec and the migrations say the same.

use super::super::args::CheckArgs;
use super::super::json::Json;
use super::super::{Context, Report};
use super::{folder, migrate};
use crate::codes;
use crate::diag::{Diagnostic, Place};
use crate::ir::Schema;
use crate::migrate::history::History;
use crate::migrate::lint::lint;

pub(super) fn check(context: &mut Context, args: &CheckArgs) -> Option<Report> {
    let schema = migrate::spec(context, args.spec.as_ref())?;
    let history = folder::history(context, &args.folder)?;
    let changes = differences(context, &schema, &history)?;
    let text = match (changes.is_empty(), context.diagnostics.has_errors()) {
        (true, false) => "the migrations lead to the spec\n".to_owned(),
        _ => String::new(),
    };
    Some(Report { text, facts: vec![("changes", Json::texts(changes))] })
}

/// The changes of the spec that no revision makes, each told, as is all that is wrong with the revisions. `None` when
/// these lead nowhere.
pub(in crate::cli) fn differences(context: &mut Context, schema: &Schema, history: &History) -> Option<Vec<String>> {
    folder::parents(context, history)?;
    let state = history.state(&mut context.diagnostics)?;
    ways_back(context, history);
    let changes = migrate::changes(context, schema, &state);
    for change in &changes {
        let place = Place::Object(change.describe());
        let message = "the spec has a change that no revision makes";
        let help = "write one with `pilaster db migrate -m MESSAGE`";
        context.diagnostics.push(Diagnostic::error(codes::OUT_OF_STEP, place, message).help(help));
    }
    Some(changes.iter().map(|change| change.describe()).collect())
}

/// Tells which ways back do not fit, and which risks are accepted in vain.
fn ways_back(context: &mut Context, history: &History) {
    for file in history.files() {
        let id = file.revision.id.as_str();
        let mut before = history.ancestors(&[id]);
        let Some(after) = history.state_of(&before, &mut context.diagnostics) else { continue };
        before.remove(id);
        if let Some(state) = history.state_of(&before, &mut context.diagnostics) {
            context.diagnostics.extend(lint(&state, &file.revision.up).1);
        }
        context.diagnostics.extend(History::way_back(after, file).err());
    }
}
