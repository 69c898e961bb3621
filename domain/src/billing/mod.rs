//! What billing rests on: the calendar of its cycles. Counting is a projection's.

pub mod calendar;
