//! README.md is true: its commands are run in their order, as a reader would run them, and print what it shows.
//!
//! What differs on a reader's machine is replaced: the program is the one under test, and the server takes a free port.
//! The server runs while commands ask it, and is stopped for those that work on the data folder, as the page says.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod page;
mod session;
mod shown;

use page::{Block, Kind};
use session::Session;

#[test]
fn every_command_does_what_the_page_shows() {
    let mut session = Session::new();
    let (blocks, mut differences) = (page::blocks(), Vec::new());
    for block in &blocks {
        let printed = match block.kind() {
            Kind::LoadAndServe => session.load_and_serve(&block.commands),
            Kind::Asks => session.ask(&block.commands),
            Kind::Works => session.work(&block.commands),
            Kind::OfTheCheckout => {
                page::is_in_the_checkout(block);
                continue;
            }
        };
        match &block.shown {
            Some(shown) => differences.extend(shown::difference(block, shown, &printed)),
            None => assert!(!printed.contains("/problems/"), "{}\n{printed}", block.commands),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for word in ["Idempotency-Key", "/merges/preview", "/unmerge", "/timeline", "/history", "as_of=", "/billing/cycles"]
    {
        assert!(blocks.iter().any(|block: &Block| block.commands.contains(word)), "{word} has no example");
    }
}
