//! Filters and sorts on Postgres, held against the reference evaluator: on the corpus, and on generated contacts that
//! come, change and go between questions.

mod agreement;
mod corpus;
mod stage;
mod view;
