//! The `dossier` command.

use std::process::ExitCode;

/// Every command makes and drops a few hundred small things, often in another thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dossier::cli::main()
}
