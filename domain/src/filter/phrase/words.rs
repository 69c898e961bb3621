//! The words in which operators and units are typed.

use super::super::op::Op;

/// How an operator is typed, word by word; the longer of two that begin alike stands first. Besides, every operator is
/// understood by its own name.
const SPOKEN: &[(&[&str], Op)] = &[
    (&["is", "not", "set"], Op::IsUnset),
    (&["is", "set"], Op::IsSet),
    (&["is", "unset"], Op::IsUnset),
    (&["is", "true"], Op::IsTrue),
    (&["is", "false"], Op::IsFalse),
    (&["is", "not"], Op::Ne),
    (&["is"], Op::Eq),
    (&["does", "not", "contain"], Op::NotContains),
    (&["not", "contains"], Op::NotContains),
    (&["not", "in"], Op::Nin),
    (&["starts", "with"], Op::StartsWith),
    (&["ends", "with"], Op::EndsWith),
    (&["within", "last"], Op::WithinLast),
    (&["within", "next"], Op::WithinNext),
    (&["older", "than"], Op::OlderThan),
    (&["any", "of"], Op::AnyOf),
    (&["any"], Op::AnyOf),
    (&["all", "of"], Op::AllOf),
    (&["all"], Op::AllOf),
    (&["none", "of"], Op::NoneOf),
    (&["none"], Op::NoneOf),
];

/// The operators that are typed as a sign.
const SIGNS: [(&str, Op); 6] =
    [("=", Op::Eq), ("!=", Op::Ne), ("<", Op::Lt), ("<=", Op::Le), (">", Op::Gt), (">=", Op::Ge)];

/// Units of time as they may be typed, and their names.
const UNITS: [(&[&str], &str); 6] = [
    (&["minute", "minutes", "min"], "minute"),
    (&["hour", "hours", "h"], "hour"),
    (&["day", "days", "d"], "day"),
    (&["week", "weeks", "w"], "week"),
    (&["month", "months"], "month"),
    (&["year", "years", "y"], "year"),
];

/// The operator that words begin with, and how many of them it takes.
pub(super) fn operator(words: &[&str]) -> Option<(Op, usize)> {
    let begins = |(spoken, _): &&(&[&str], Op)| {
        words.len() >= spoken.len() && spoken.iter().zip(words).all(|(one, word)| word.eq_ignore_ascii_case(one))
    };
    let named = || Op::named(&words.first()?.to_ascii_lowercase()).map(|op| (op, 1));
    SPOKEN.iter().find(begins).map(|(spoken, op)| (*op, spoken.len())).or_else(named)
}

/// The operator of a sign.
pub(super) fn sign(typed: &str) -> Option<Op> {
    SIGNS.into_iter().find(|(sign, _)| *sign == typed).map(|(_, op)| op)
}

/// The name of a unit.
pub(super) fn unit(typed: &str) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    UNITS.iter().find(|(spoken, _)| spoken.contains(&typed.as_str())).map(|(_, name)| *name)
}
