//! SQL that holds no text from outside: it is put together from words of the program and numbers of parameters.

use tokio_postgres::types::{ToSql, Type};

/// A piece of SQL. It is made of literals and parameters alone, so nothing that anybody typed can be in it.
#[derive(Clone, Debug)]
pub(super) struct Sql(String);

impl From<&'static str> for Sql {
    fn from(words: &'static str) -> Self {
        Sql(words.to_owned())
    }
}

impl From<&Sql> for Sql {
    fn from(piece: &Sql) -> Self {
        piece.clone()
    }
}

impl Sql {
    /// The pieces, one behind the other.
    pub(super) fn of(pieces: impl IntoIterator<Item = Sql>) -> Self {
        Sql(pieces.into_iter().map(|piece| piece.0).collect())
    }

    /// The pieces with words between them.
    pub(super) fn joined(pieces: impl IntoIterator<Item = Sql>, by: &'static str) -> Self {
        Sql(pieces.into_iter().map(|piece| piece.0).collect::<Vec<_>>().join(by))
    }

    /// The text that is sent.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A piece of SQL from literals and other pieces.
macro_rules! sql {
    ($($piece:expr),+ $(,)?) => { $crate::adapters::postgres::filters::sql::Sql::of([$($piece.into()),+]) };
}
pub(super) use sql;

/// The values of a statement, in the order of their numbers.
#[derive(Default)]
pub(in crate::adapters::postgres) struct Values(Vec<(Box<dyn ToSql + Sync + Send>, Type)>);

impl Values {
    /// Takes a value; answers the parameter that stands for it.
    pub(super) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, of: Type) -> Sql {
        self.0.push((Box::new(value), of));
        Sql(format!("${}", self.0.len()))
    }

    /// As the client takes them.
    pub(in crate::adapters::postgres) fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.0.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
    }
}
