//! Filters of contacts (rules 33-37), and with them sorting (rule 38) and search (rule 39): what they mean.
//!
//! [`read`] makes a [`Filter`] of JSON or tells all that is wrong with it; [`matches()`] is the reference evaluator, with
//! which every engine must agree. A filter is evaluated on a [`Subject`], which is all that it sees of a contact. A
//! [`Phrase`] is a filter as people type it.

mod evaluate;
mod field;
mod op;
mod order;
mod phrase;
mod read;
mod search;
mod subject;
mod time;
mod tree;
mod word;
mod write;

pub use evaluate::{Membership, matches};
pub use field::{
    BooleanField, CodeField, FilterField, InstantField, NoField, PhoneField, SetField, TextField, TextForm,
};
pub use op::{Kind, Op};
pub use order::{Direction, Sort, SortKey, SortValue};
pub use phrase::{Phrase, Slip};
pub use read::{Source, Vocabulary, read};
pub use search::{Search, phone_digits};
pub use subject::{Setting, Subject};
pub use time::{Day, Moment, Span, SpanUnit};
pub use tree::{
    Choice, Condition, Filter, Folded, Node, Ordered, Part, Relation, SegmentsNamed, SetTest, Textual, Timed, Truth,
};
pub use word::Word;
