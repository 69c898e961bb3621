//! The operators, and which kind of field takes which (rule 35): the one table, from which everything else follows.

/// An operator of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Has this value.
    Eq,
    /// Has a value, and another one.
    Ne,
    /// Has one of these values.
    In,
    /// Has a value, and none of these.
    Nin,
    /// Has a value; of a set: is not empty.
    IsSet,
    /// Has no value; of a set: is empty.
    IsUnset,
    /// Has this text in it.
    Contains,
    /// Has a value, without this text in it.
    NotContains,
    /// Begins so.
    StartsWith,
    /// Ends so.
    EndsWith,
    /// Is less, or earlier.
    Lt,
    /// Is at most this, or within this day, or earlier.
    Le,
    /// Is more, or later.
    Gt,
    /// Is at least this, or within this day, or later.
    Ge,
    /// Lies between two, both included.
    Between,
    /// Lies within this day.
    On,
    /// Is earlier.
    Before,
    /// Is later.
    After,
    /// Lies between so long ago and now, now included.
    WithinLast,
    /// Lies so long ago, or longer.
    OlderThan,
    /// Lies between now and so long ahead, that included.
    WithinNext,
    /// Has at least one of these.
    AnyOf,
    /// Has every one of these.
    AllOf,
    /// Has not one of these.
    NoneOf,
    /// Has every one of these and nothing else.
    Exactly,
    /// Is true.
    IsTrue,
    /// Is false, and not absent.
    IsFalse,
}

/// What belongs together: a kind of field takes all of a group, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Presence,
    Equality,
    Part,
    Order,
    Calendar,
    Set,
    Truth,
}

impl Op {
    /// Every one of them.
    pub const ALL: [Op; 27] = [
        Op::Eq,
        Op::Ne,
        Op::In,
        Op::Nin,
        Op::IsSet,
        Op::IsUnset,
        Op::Contains,
        Op::NotContains,
        Op::StartsWith,
        Op::EndsWith,
        Op::Lt,
        Op::Le,
        Op::Gt,
        Op::Ge,
        Op::Between,
        Op::On,
        Op::Before,
        Op::After,
        Op::WithinLast,
        Op::OlderThan,
        Op::WithinNext,
        Op::AnyOf,
        Op::AllOf,
        Op::NoneOf,
        Op::Exactly,
        Op::IsTrue,
        Op::IsFalse,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::In => "in",
            Op::Nin => "nin",
            Op::IsSet => "is_set",
            Op::IsUnset => "is_unset",
            Op::Contains => "contains",
            Op::NotContains => "not_contains",
            Op::StartsWith => "starts_with",
            Op::EndsWith => "ends_with",
            Op::Lt => "lt",
            Op::Le => "le",
            Op::Gt => "gt",
            Op::Ge => "ge",
            Op::Between => "between",
            Op::On => "on",
            Op::Before => "before",
            Op::After => "after",
            Op::WithinLast => "within_last",
            Op::OlderThan => "older_than",
            Op::WithinNext => "within_next",
            Op::AnyOf => "any_of",
            Op::AllOf => "all_of",
            Op::NoneOf => "none_of",
            Op::Exactly => "exactly",
            Op::IsTrue => "is_true",
            Op::IsFalse => "is_false",
        }
    }

    /// The operator of a name.
    pub fn named(name: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|op| op.name() == name)
    }

    /// Whether it stands alone, without a value.
    pub fn is_bare(self) -> bool {
        matches!(self.group(), Group::Presence | Group::Truth)
    }

    fn group(self) -> Group {
        match self {
            Op::IsSet | Op::IsUnset => Group::Presence,
            Op::Eq | Op::Ne | Op::In | Op::Nin => Group::Equality,
            Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => Group::Part,
            Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Between => Group::Order,
            Op::On | Op::Before | Op::After | Op::WithinLast | Op::OlderThan | Op::WithinNext => Group::Calendar,
            Op::AnyOf | Op::AllOf | Op::NoneOf | Op::Exactly => Group::Set,
            Op::IsTrue | Op::IsFalse => Group::Truth,
        }
    }
}

/// What kind of values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text, compared folded.
    Text,
    /// A phone number; its parts are digits.
    Phone,
    /// A code or an id, compared exactly.
    Code,
    /// One of a few words, never absent.
    Word,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A time of day.
    Time,
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A set, never absent.
    Set,
}

impl Kind {
    /// Every one of them.
    pub const ALL: [Kind; 10] = [
        Kind::Text,
        Kind::Phone,
        Kind::Code,
        Kind::Word,
        Kind::Boolean,
        Kind::Number,
        Kind::Time,
        Kind::Date,
        Kind::Instant,
        Kind::Set,
    ];

    /// Whether fields of this kind take the operator.
    pub fn takes(self, op: Op) -> bool {
        match op.group() {
            Group::Presence => true,
            Group::Equality => !matches!(self, Kind::Boolean | Kind::Set),
            Group::Part => matches!(self, Kind::Text | Kind::Phone),
            Group::Order => matches!(self, Kind::Number | Kind::Time | Kind::Date | Kind::Instant),
            Group::Calendar => matches!(self, Kind::Date | Kind::Instant),
            Group::Set => self == Kind::Set,
            Group::Truth => self == Kind::Boolean,
        }
    }

    /// The operators that fields of this kind take.
    pub fn operators(self) -> impl Iterator<Item = Op> {
        Op::ALL.into_iter().filter(move |op| self.takes(*op))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_known_by_its_name_and_taken_by_some_kind() {
        for op in Op::ALL {
            assert_eq!(Op::named(op.name()), Some(op));
            assert!(Kind::ALL.into_iter().any(|kind| kind.takes(op)));
        }
        assert_eq!(Op::named("EQ"), None);
    }

    #[test]
    fn each_kind_takes_what_rule_35_says() {
        let names = |kind: Kind| kind.operators().map(Op::name).collect::<Vec<_>>().join(" ");
        assert_eq!(names(Kind::Boolean), "is_set is_unset is_true is_false");
        assert_eq!(names(Kind::Set), "is_set is_unset any_of all_of none_of exactly");
        assert_eq!(names(Kind::Code), "eq ne in nin is_set is_unset");
        assert_eq!(names(Kind::Text), "eq ne in nin is_set is_unset contains not_contains starts_with ends_with");
        assert_eq!(names(Kind::Number), "eq ne in nin is_set is_unset lt le gt ge between");
        let dates =
            "eq ne in nin is_set is_unset lt le gt ge between on before after within_last older_than within_next";
        assert_eq!(names(Kind::Date), dates);
        assert_eq!(names(Kind::Instant), dates);
    }
}
