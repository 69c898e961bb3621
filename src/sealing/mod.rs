//! Between events as the domain knows them and events as they are stored: encoded, and sealed where they are personal
//! (decision 9).

mod binding;
pub mod chunks;
pub(crate) mod cipher;
mod codec;
mod marks;
mod meta;
mod opening;
pub mod schemas;
mod stored;
#[cfg(test)]
mod tests;
mod text;
mod time;
pub mod upcast;

pub use codec::{Codec, SealError};
pub use marks::{HASHING_KEY, Marks};
pub use opening::{Opened, Opener};
