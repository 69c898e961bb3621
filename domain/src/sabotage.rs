//! Deliberate breaks. Each makes the product disobey one law or one protocol, so that a test can show that it notices.
//!
//! Only tests build the feature `sabotage`; without it [`armed`] is always false and every break compiles to nothing.

/// One deliberate break, named after what then goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Personal parts of events and of documents are stored in the clear (decision 9).
    NothingIsSealed,
}

impl Break {
    /// Every one of them.
    pub const ALL: &[Break] = &[Break::NothingIsSealed];
}

/// Whether a break is to be made, in this thread or in this whole process.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn armed(_: Break) -> bool {
    false
}

#[cfg(feature = "sabotage")]
pub use switch::{Armed, arm, armed};

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;
    use std::sync::OnceLock;

    use super::Break;

    /// Names the break that a whole process makes.
    const VARIABLE: &str = "DOSSIER_SABOTAGE";

    thread_local! {
        static ARMED: Cell<Option<Break>> = const { Cell::new(None) };
    }

    /// Whether a break is to be made, in this thread or in this whole process.
    pub fn armed(one: Break) -> bool {
        static PROCESS: OnceLock<Option<String>> = OnceLock::new();
        ARMED.get() == Some(one)
            || PROCESS
                .get_or_init(|| std::env::var(VARIABLE).ok())
                .as_ref()
                .is_some_and(|name| *name == format!("{one:?}"))
    }

    /// A break that this thread makes until this is dropped.
    #[must_use]
    pub struct Armed(Option<Break>);

    /// Makes a break in this thread.
    pub fn arm(one: Break) -> Armed {
        Armed(ARMED.replace(Some(one)))
    }

    impl Drop for Armed {
        fn drop(&mut self) {
            ARMED.set(self.0);
        }
    }
}
