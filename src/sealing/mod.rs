//! Between events as the domain knows them and events as they are stored: encoded, and sealed where they are personal
//! (decision 9).

pub(crate) mod cipher;
mod codec;
mod marks;
mod meta;
pub mod schemas;
#[cfg(test)]
mod tests;
mod text;
mod time;
pub mod upcast;

pub use codec::{Codec, Opened, SealError};
pub use marks::{HASHING_KEY, Marks};
