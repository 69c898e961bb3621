//! The page: its blocks of commands, each with what it shows of their output.

/// Commands, and the output that the page shows for them.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The line of the page on which it begins.
    pub(crate) line: usize,
    pub(crate) commands: String,
    pub(crate) shown: Option<String>,
}

/// How a block is run.
pub(crate) enum Kind {
    /// Loads the example history and serves it.
    LoadAndServe,
    /// Asks the server.
    Asks,
    /// Runs the program, while no server holds the data.
    Works,
    /// A script or a measurement of the checkout: it takes long, and is only looked for.
    OfTheCheckout,
}

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All blocks of commands, in order. A block of text belongs to the commands before it.
pub(crate) fn blocks() -> Vec<Block> {
    let page = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let (mut blocks, mut open) = (Vec::<Block>::new(), None::<(String, Block)>);
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, None) => {}
            (None, Some(language)) => {
                open = Some((language.to_owned(), Block { line: number + 1, ..Block::default() }));
            }
            (Some((_, block)), None) => {
                block.commands.push_str(line);
                block.commands.push('\n');
            }
            (Some(_), Some(_)) => {
                let Some((language, block)) = open.take() else { continue };
                match language.as_str() {
                    "sh" => blocks.push(block),
                    "text" => blocks.last_mut().unwrap().shown = Some(block.commands),
                    other => panic!("line {}: a block is sh or text, not {other:?}", block.line),
                }
            }
        }
    }
    assert!(open.is_none() && blocks.len() > 5);
    blocks
}

impl Block {
    pub(crate) fn kind(&self) -> Kind {
        let first = self.commands.lines().next().unwrap();
        match () {
            () if self.commands.contains("-- serve") => Kind::LoadAndServe,
            () if self.commands.contains("curl ") => Kind::Asks,
            () if self.commands.contains("dossier ") => Kind::Works,
            () if first.starts_with("./") || first.starts_with("cargo ") => Kind::OfTheCheckout,
            () => panic!("line {}: nobody knows how to run this", self.line),
        }
    }
}

/// Each line names a script, or a measurement or test that Cargo knows.
pub(crate) fn is_in_the_checkout(block: &Block) {
    let manifest = std::fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    for line in block.commands.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let there = match words[..] {
            [script, ..] if script.starts_with("./") => std::path::Path::new(ROOT).join(script).is_file(),
            ["cargo", "bench", "--bench", name, ..] => manifest.contains(&format!("name = \"{name}\"")),
            ["cargo", "run" | "test" | "nextest", ..] => true,
            _ => false,
        };
        assert!(there, "line {}: {line} is not in the checkout", block.line);
    }
}
