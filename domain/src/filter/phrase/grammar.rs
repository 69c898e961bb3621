//! From pieces to a tree. `not` binds closest, then `and`, then `or`.

use serde_json::Value as Json;

use super::super::field::FilterField;
use super::super::op::{Kind, Op};
use super::tokens::{Piece, Token};
use super::{Slip, words};
use crate::fields::Definitions;

/// How deep brackets and `not` may go before it is certain that no filter is that deep.
const DEPTH_MAX: usize = 32;

/// What was typed, as a tree; everything with the column at which it stands.
pub(super) enum Tree {
    All(Vec<Tree>, usize),
    Any(Vec<Tree>, usize),
    Not(Box<Tree>, usize),
    Condition { field: At<String>, op: At<Op>, value: Value, zone: Option<At<Json>> },
}

/// Something, and where it stands.
pub(super) struct At<T> {
    pub(super) what: T,
    pub(super) column: usize,
}

/// What stands behind an operator.
pub(super) enum Value {
    None,
    One(At<Json>),
    Many(Vec<At<Json>>, usize),
    Span { amount: At<Json>, unit: At<Json> },
}

/// Parses all of the pieces; of none, every live contact.
pub(super) fn parse(tokens: &[Token], fields: &Definitions) -> Result<Tree, Slip> {
    if tokens.is_empty() {
        return Ok(Tree::All(Vec::new(), 1));
    }
    let mut parser = Parser { tokens, next: 0, fields };
    let tree = parser.any(1)?;
    match parser.peek() {
        None => Ok(tree),
        Some(Token { column, piece: Piece::Close }) => Err(Slip::at(*column, "no bracket is open here")),
        Some(token) => Err(Slip::at(token.column, "join conditions by and, or")),
    }
}

struct Parser<'p> {
    tokens: &'p [Token],
    next: usize,
    fields: &'p Definitions,
}

impl<'p> Parser<'p> {
    fn peek(&self) -> Option<&'p Token> {
        self.tokens.get(self.next)
    }

    /// The column of what comes next, or that behind the end.
    fn column(&self) -> usize {
        self.peek().map_or_else(|| self.tokens.last().map_or(1, |last| last.column + 1), |token| token.column)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token { piece: Piece::Word(typed), .. }) if typed.eq_ignore_ascii_case(word))
    }

    fn is(&self, piece: &Piece) -> bool {
        self.peek().is_some_and(|token| token.piece == *piece)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = self.is_word(word);
        self.next += usize::from(taken);
        taken
    }

    fn take(&mut self, piece: &Piece) -> bool {
        let taken = self.is(piece);
        self.next += usize::from(taken);
        taken
    }

    fn any(&mut self, depth: usize) -> Result<Tree, Slip> {
        let column = self.column();
        let mut nodes = vec![self.all(depth)?];
        while self.take_word("or") {
            nodes.push(self.all(depth)?);
        }
        Ok(lone(nodes).unwrap_or_else(|nodes| Tree::Any(nodes, column)))
    }

    fn all(&mut self, depth: usize) -> Result<Tree, Slip> {
        let column = self.column();
        let mut nodes = vec![self.one(depth)?];
        while self.take_word("and") {
            nodes.push(self.one(depth)?);
        }
        Ok(lone(nodes).unwrap_or_else(|nodes| Tree::All(nodes, column)))
    }

    fn one(&mut self, depth: usize) -> Result<Tree, Slip> {
        let column = self.column();
        if depth > DEPTH_MAX {
            return Err(Slip::at(column, "nest less deep"));
        }
        if self.take_word("not") {
            return Ok(Tree::Not(Box::new(self.one(depth + 1)?), column));
        }
        if !self.take(&Piece::Open) {
            return self.condition();
        }
        let tree = self.any(depth + 1)?;
        match self.take(&Piece::Close) {
            true => Ok(tree),
            false => Err(Slip::at(column, "close this bracket")),
        }
    }

    fn condition(&mut self) -> Result<Tree, Slip> {
        let column = self.column();
        let field = match self.peek().map(|token| &token.piece) {
            Some(Piece::Word(name)) if !is_joint(name) => self.field_named(name),
            _ => return Err(Slip::at(column, "name a field here")),
        };
        self.next += 1;
        let op = self.operator()?;
        let kind = FilterField::in_use(&field, self.fields).ok().map(|field| field.kind());
        let value = self.value(op.what, kind)?;
        let zone = if self.take_word("zone") { Some(self.single(None)?) } else { None };
        Ok(Tree::Condition { field: At { what: field, column }, op, value, zone })
    }

    /// A custom field may be named by its key alone, where no other field has that name.
    fn field_named(&self, name: &str) -> String {
        let is_known = FilterField::in_use(name, self.fields).is_ok();
        if !is_known && self.fields.get(name).is_some() { format!("custom.{name}") } else { name.to_owned() }
    }

    fn operator(&mut self) -> Result<At<Op>, Slip> {
        let column = self.column();
        if let Some(Piece::Sign(typed)) = self.peek().map(|token| &token.piece) {
            self.next += 1;
            let op = words::sign(typed).ok_or_else(|| Slip::at(column, "write an operator here"))?;
            return Ok(At { what: op, column });
        }
        let words = self.tokens[self.next..].iter().map_while(|token| match &token.piece {
            Piece::Word(word) => Some(word.as_str()),
            _ => None,
        });
        let words: Vec<&str> = words.take(3).collect();
        let found = words::operator(&words);
        let (op, taken) =
            found.ok_or_else(|| Slip::at(column, "write an operator here: =, is set, contains, any, ..."))?;
        self.next += taken;
        Ok(At { what: op, column })
    }

    fn value(&mut self, op: Op, kind: Option<Kind>) -> Result<Value, Slip> {
        Ok(match op {
            op if op.is_bare() => Value::None,
            Op::WithinLast | Op::OlderThan | Op::WithinNext => {
                let amount = self.single(Some(Kind::Number))?;
                Value::Span { amount, unit: self.unit()? }
            }
            Op::Between => {
                let column = self.column();
                let from = self.single(kind)?;
                if !self.take_word("and") {
                    return Err(Slip::at(self.column(), "write and, and the other end"));
                }
                Value::Many(vec![from, self.single(kind)?], column)
            }
            Op::In | Op::Nin | Op::AnyOf | Op::AllOf | Op::NoneOf | Op::Exactly => self.list(kind)?,
            _ => Value::One(self.single(kind)?),
        })
    }

    /// `(a, b)` or `a, b`.
    fn list(&mut self, kind: Option<Kind>) -> Result<Value, Slip> {
        let column = self.column();
        let bracket = self.take(&Piece::Open);
        let mut values = Vec::new();
        if bracket && self.take(&Piece::Close) {
            return Ok(Value::Many(values, column));
        }
        loop {
            values.push(self.single(kind)?);
            if !self.take(&Piece::Comma) {
                break;
            }
        }
        if bracket && !self.take(&Piece::Close) {
            return Err(Slip::at(column, "close this bracket"));
        }
        Ok(Value::Many(values, column))
    }

    fn single(&mut self, kind: Option<Kind>) -> Result<At<Json>, Slip> {
        let column = self.column();
        let what = match self.peek().map(|token| &token.piece) {
            Some(Piece::Quoted(text)) => Json::from(text.as_str()),
            Some(Piece::Word(word)) if is_joint(word) => return Err(Slip::at(column, "put this word in quotes")),
            Some(Piece::Word(word)) => match kind {
                Some(Kind::Number) => serde_json::from_str::<serde_json::Number>(word)
                    .map_or_else(|_| Json::from(word.as_str()), Json::Number),
                _ => Json::from(word.as_str()),
            },
            _ => return Err(Slip::at(column, "write a value here")),
        };
        self.next += 1;
        Ok(At { what, column })
    }

    fn unit(&mut self) -> Result<At<Json>, Slip> {
        let column = self.column();
        let typed = match self.peek().map(|token| &token.piece) {
            Some(Piece::Word(typed)) => words::unit(typed),
            _ => None,
        };
        let name =
            typed.ok_or_else(|| Slip::at(column, "write a unit here: minutes, hours, days, weeks, months, years"))?;
        self.next += 1;
        Ok(At { what: Json::from(name), column })
    }
}

/// The one node of a list that has no more.
fn lone(mut nodes: Vec<Tree>) -> Result<Tree, Vec<Tree>> {
    match nodes.len() {
        1 => nodes.pop().ok_or(nodes),
        _ => Err(nodes),
    }
}

fn is_joint(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|joint| word.eq_ignore_ascii_case(joint))
}
