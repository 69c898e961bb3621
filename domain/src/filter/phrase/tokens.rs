//! A phrase in pieces.

use super::Slip;

/// A piece, and the column at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) column: usize,
    pub(super) piece: Piece,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// A word: a name, an operator, a value.
    Word(String),
    /// Text between quotes: a value, whatever it looks like.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`
    Sign(&'static str),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// The longest first.
const SIGNS: [(&str, &str); 7] =
    [("!=", "!="), ("<>", "!="), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">"), ("=", "=")];

/// Splits a phrase.
pub(super) fn split(text: &str) -> Result<Vec<Token>, Slip> {
    let mut splitter = Splitter { rest: text, column: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = splitter.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Splitter<'t> {
    rest: &'t str,
    column: usize,
}

impl<'t> Splitter<'t> {
    fn next(&mut self) -> Result<Option<Token>, Slip> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        self.take(blank);
        let column = self.column;
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let piece = match first {
            '(' => self.single(Piece::Open),
            ')' => self.single(Piece::Close),
            ',' => self.single(Piece::Comma),
            '"' | '\'' => self.quoted(first)?,
            _ => match self.sign() {
                Some((typed, sign)) => {
                    self.take(typed.len());
                    Piece::Sign(sign)
                }
                None => self.word(),
            },
        };
        Ok(Some(Token { column, piece }))
    }

    /// Goes on behind so many bytes, and answers them.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    fn single(&mut self, piece: Piece) -> Piece {
        self.take(1);
        piece
    }

    fn sign(&self) -> Option<(&'static str, &'static str)> {
        SIGNS.into_iter().find(|(typed, _)| self.rest.starts_with(typed))
    }

    /// A word ends at white space, a bracket or a comma. A name ends at a sign too; an address of the web may hold one.
    fn word(&mut self) -> Piece {
        let mut is_name = true;
        let end = self.rest.char_indices().find(|(at, c)| {
            let ends = c.is_whitespace() || "(),".contains(*c) || (is_name && *at > 0 && "=<>!".contains(*c));
            is_name &= c.is_alphanumeric() || "_.".contains(*c);
            ends
        });
        // A lone `!` is a word of its own, which nothing understands.
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        Piece::Word(self.take(end).to_owned())
    }

    /// Text up to the same quote; a backslash takes the next character as it is.
    fn quoted(&mut self, quote: char) -> Result<Piece, Slip> {
        let began = self.column;
        self.take(quote.len_utf8());
        let mut text = String::new();
        while let Some(c) = self.rest.chars().next() {
            self.take(c.len_utf8());
            match c {
                c if c == quote => return Ok(Piece::Quoted(text)),
                '\\' => match self.rest.chars().next() {
                    Some(next) => {
                        self.take(next.len_utf8());
                        text.push(next);
                    }
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(Slip::at(began, format!("close the quote {quote}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        split(text).unwrap().into_iter().map(|token| token.piece).collect()
    }

    fn word(text: &str) -> Piece {
        Piece::Word(text.into())
    }

    #[test]
    fn names_end_at_signs_and_values_do_not() {
        assert_eq!(pieces("country=MY"), [word("country"), Piece::Sign("="), word("MY")]);
        assert_eq!(pieces("n<=-1.5"), [word("n"), Piece::Sign("<="), word("-1.5")]);
        assert_eq!(
            pieces("site = https://a.example/?q=1"),
            [word("site"), Piece::Sign("="), word("https://a.example/?q=1")]
        );
        assert_eq!(pieces("in (a,b)"), [word("in"), Piece::Open, word("a"), Piece::Comma, word("b"), Piece::Close]);
    }

    #[test]
    fn quotes_hold_anything() {
        assert_eq!(pieces(r#""a \"b\", (c)""#), [Piece::Quoted("a \"b\", (c)".into())]);
        assert_eq!(pieces("'it\\'s'"), [Piece::Quoted("it's".into())]);
        assert_eq!(split("é = \"x").unwrap_err(), Slip::at(5, "close the quote \""));
    }

    #[test]
    fn columns_count_characters() {
        let columns: Vec<usize> = split("é  = 'ü' x").unwrap().iter().map(|token| token.column).collect();
        assert_eq!(columns, [1, 4, 6, 10]);
    }
}
