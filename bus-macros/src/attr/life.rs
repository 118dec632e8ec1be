//! `execution(..)`: the step in the life of its execution that an event reports.

use proc_macro2::Span;

use syn::Lit;

use super::keyword::tolerant;
use super::{Keyword, Value, nearest};
use crate::ctxt::Ctxt;

/// The steps that are written as they are.
const BEGINS: &str = "begins";
const PAUSES: &str = "pauses";
const RESUMES: &str = "resumes";

/// `ends = ".."`, and how an execution can end.
const ENDS: &str = "ends";
const COMPLETED: &str = "completed";
const FAILED: &str = "failed";
const CANCELLED: &str = "cancelled";

const END_EXAMPLE: &str = "`ends = \"completed\"`, `ends = \"failed\"` or `ends = \"cancelled\"`";

const EXAMPLE: &str = "`execution(begins)`, `execution(ends = \"completed\")`, `execution(pauses)` or `execution(resumes)`; \
                       a scope that an emit needs is `requires(execution)`";

/// The step, and where it is written.
pub(crate) struct Life {
    pub(crate) step: Step,
    pub(crate) span: Span,
}

/// One step, by its name in `bus_core::catalogue::Life`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Begins,
    Pauses,
    Resumes,
    Completes,
    Fails,
    Cancels,
}

impl Step {
    /// Whether the execution begins or ends with it.
    pub(crate) fn is_begin_or_end(self) -> bool {
        !matches!(self, Self::Pauses | Self::Resumes)
    }

    /// The name of the variant.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Begins => "Begins",
            Self::Pauses => "Pauses",
            Self::Resumes => "Resumes",
            Self::Completes => "Completes",
            Self::Fails => "Fails",
            Self::Cancels => "Cancels",
        }
    }
}

/// Reads the one step in the brackets.
pub(super) fn life(ctxt: &Ctxt, keyword: &Keyword) -> Option<Life> {
    let Value::List(_, tokens) = &keyword.value else { return keyword.wrong(ctxt, EXAMPLE) };
    let parts = tolerant(ctxt, tokens.clone());
    let (first, rest) = parts.split_first().or_else(|| keyword.wrong(ctxt, EXAMPLE))?;
    for other in rest {
        let message = "an event is one step in the life of its execution: leave this out";
        ctxt.error(other.span, message);
    }
    step(ctxt, first).map(|step| Life { step, span: first.span })
}

fn step(ctxt: &Ctxt, part: &Keyword) -> Option<Step> {
    let step = match part.name.as_str() {
        BEGINS => Step::Begins,
        PAUSES => Step::Pauses,
        RESUMES => Step::Resumes,
        ENDS => return end(ctxt, part),
        name => {
            let fix = match nearest(name, &[BEGINS, ENDS, PAUSES, RESUMES]) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("expected {EXAMPLE}"),
            };
            ctxt.error(part.span, format!("unknown step `{name}` of an execution: {fix}"));
            return None;
        }
    };
    part.flag(ctxt).then_some(step)
}

fn end(ctxt: &Ctxt, part: &Keyword) -> Option<Step> {
    let Some(Lit::Str(text)) = part.literal() else { return part.wrong(ctxt, END_EXAMPLE) };
    match text.value().as_str() {
        COMPLETED => Some(Step::Completes),
        FAILED => Some(Step::Fails),
        CANCELLED => Some(Step::Cancels),
        other => {
            let fix = match nearest(other, &[COMPLETED, FAILED, CANCELLED]) {
                Some(known) => format!("did you mean `\"{known}\"`?"),
                None => format!("write {END_EXAMPLE}"),
            };
            ctxt.error(text.span(), format!("an execution does not end as `{other}`: {fix}"));
            None
        }
    }
}
