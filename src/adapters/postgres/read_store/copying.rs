//! Rows as binary COPY takes them: what is written to a table, much or little, is written in this form.

use std::fmt::Debug;

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::types::{IsNull, Json, ToSql, Type};
use uuid::Uuid;

use super::Trouble;

/// A row of a table: the one place that knows its columns.
pub(super) trait Row {
    /// The table.
    const TABLE: &'static str;
    /// Its primary key.
    const KEY: &'static [&'static str];
    /// Its columns in the order of the cells, those of the key among them.
    const COLUMNS: &'static [&'static str];

    /// Writes the cells.
    fn write(&self, cells: &mut Cells) -> Result<(), Trouble>;
}

/// Makes a struct a row of a table: its members are the columns.
macro_rules! row {
    (
        $(#[$about:meta])*
        $seen:vis struct $name:ident $(<$of:lifetime>)? of $table:ident by [$($key:ident),+] {
            $($column:ident: $kind:ty,)+
        }
    ) => {
        $(#[$about])*
        $seen struct $name $(<$of>)? { $($seen $column: $kind,)+ }

        impl $(<$of>)? $crate::adapters::postgres::read_store::copying::Row for $name $(<$of>)? {
            const TABLE: &'static str = stringify!($table);
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            fn write(
                &self,
                cells: &mut $crate::adapters::postgres::read_store::copying::Cells,
            ) -> Result<(), $crate::adapters::postgres::connect::Trouble> {
                $(cells.put(&self.$column)?;)+
                Ok(())
            }
        }
    };
}
pub(super) use row;

/// What may stand in a cell, and what it is to the server.
pub(super) trait Cell: ToSql {
    /// Its type there.
    const OF: Type;
}

macro_rules! cells {
    ($($cell:ty: $of:ident,)+) => { $(
        impl Cell for $cell {
            const OF: Type = Type::$of;
        }
    )+ };
}

cells! {
    Uuid: UUID,
    &str: TEXT,
    String: TEXT,
    Vec<&str>: TEXT_ARRAY,
    Vec<u8>: BYTEA,
    &[u8]: BYTEA,
    i64: INT8,
    DateTime<Utc>: TIMESTAMPTZ,
}

impl<T: Serialize + Debug> Cell for Json<T> {
    const OF: Type = Type::JSONB;
}

impl<T: Cell> Cell for Option<T> {
    const OF: Type = T::OF;
}

/// Begins every COPY: its name, and no flags and no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends it, in the place of the number of a row's cells.
const END: i16 = -1;

/// Bytes of COPY in the making.
#[derive(Default)]
pub(super) struct Cells(BytesMut);

impl Cells {
    /// Appends a row.
    pub(super) fn row<R: Row>(&mut self, row: &R) -> Result<(), Trouble> {
        self.0.put_i16(i16::try_from(R::COLUMNS.len()).unwrap_or(END));
        row.write(self)
    }

    /// What is sent for the rows.
    pub(super) fn into_bytes(self) -> Bytes {
        self.0.freeze()
    }

    /// Appends a cell: its length, -1 where there is none, and its value.
    pub(super) fn put<C: Cell>(&mut self, cell: &C) -> Result<(), Trouble> {
        let unfit = |reason: String| Trouble::Setup(format!("a value can't be stored: {reason}"));
        let place = self.0.len();
        self.0.put_i32(-1);
        if let IsNull::No = cell.to_sql(&C::OF, &mut self.0).map_err(|error| unfit(error.to_string()))? {
            let length = self.0.len() - place - size_of::<i32>();
            let length = i32::try_from(length).map_err(|error| unfit(error.to_string()))?;
            self.0[place..place + size_of::<i32>()].copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }
}

/// What is sent before the first row.
pub(super) fn header() -> Bytes {
    Bytes::from_static(HEADER)
}

/// What is sent for some rows.
pub(super) fn encoded<R: Row>(rows: impl IntoIterator<Item = R>) -> Result<Bytes, Trouble> {
    let mut cells = Cells::default();
    rows.into_iter().try_for_each(|row| cells.row(&row))?;
    Ok(cells.into_bytes())
}

/// What is sent after the last.
pub(super) fn end() -> Bytes {
    Bytes::copy_from_slice(&END.to_be_bytes())
}

/// Has the server take rows for a table of the same columns; `how` are more options of COPY.
pub(super) fn statement<R: Row>(into: &str, how: &str) -> String {
    format!("copy {into} ({}) from stdin (format binary{how})", R::COLUMNS.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    row! {
        struct Told<'a> of told by [id] {
            id: i64,
            text: Option<&'a str>,
        }
    }

    #[test]
    fn a_row_is_its_cells_each_behind_its_length() {
        let rows = [Told { id: 7, text: Some("ä") }, Told { id: -1, text: None }];
        let bytes = encoded(rows).unwrap();
        let first = [&[0, 2, 0, 0, 0, 8][..], &7_i64.to_be_bytes(), &[0, 0, 0, 2, 0xc3, 0xa4]].concat();
        let second = [&[0, 2, 0, 0, 0, 8][..], &(-1_i64).to_be_bytes(), &[0xff; 4]].concat();
        assert_eq!(bytes, [first, second].concat());
        assert_eq!((Told::TABLE, Told::KEY, Told::COLUMNS), ("told", &["id"][..], &["id", "text"][..]));
        assert_eq!((header().len(), &end()[..]), (19, &[0xff; 2][..]));
    }
}
