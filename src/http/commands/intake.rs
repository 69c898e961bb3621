//! Lines in: read, and carried out one after another.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::lines::{Lines, Piece};
use crate::api::bodies::AnswerShape;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::read::line::{self, Line};
use crate::api::read::{CommandName, Setting};
use crate::app::ask::{Answer, Command};
use crate::http::{Door, body};

/// A line that was carried out or refused; its effect may not be durable yet.
pub(super) struct Taken {
    /// Which line, from 1.
    pub(super) number: u64,
    /// What it called itself, if that could be read.
    pub(super) name: Option<CommandName>,
    /// What came of it.
    pub(super) outcome: Result<(Answer, AnswerShape), Problem>,
    /// When it was read.
    pub(super) begun: Instant,
}

/// Reads the lines of one body.
pub(super) struct Intake {
    door: Door,
    setting: Setting,
    replay: bool,
    lines: Lines,
    taken: mpsc::Sender<Taken>,
}

/// Nobody waits for answers any more.
struct Unheard;

impl Intake {
    pub(super) fn new(door: Door, setting: Setting, replay: bool, taken: mpsc::Sender<Taken>) -> Self {
        Intake { door, setting, replay, lines: Lines::default(), taken }
    }

    /// Goes on until the body ends or breaks off, the store stops, or nobody listens.
    pub(super) async fn run(mut self, body: Body) {
        let mut pieces = body.into_data_stream();
        let door = self.door.clone();
        let mut closed = std::pin::pin!(door.closed());
        loop {
            let piece = tokio::select! {
                biased;
                () = &mut closed => {
                    let _ = self.refuse_the_rest().await;
                    return;
                }
                piece = pieces.next() => piece,
            };
            let heard = match piece {
                Some(Ok(bytes)) => {
                    self.lines.push(&bytes);
                    self.take_lines().await
                }
                // What broke off may end in half a line, which must not be taken for a whole one.
                Some(Err(_)) => return,
                None => {
                    let _ = self.take_last().await;
                    return;
                }
            };
            if heard.is_err() {
                return;
            }
        }
    }

    async fn take_lines(&mut self) -> Result<(), Unheard> {
        if let Ok(settings) = self.door.house.settings(&self.setting.workspace).await {
            // They may have changed since the stream began.
            self.setting.region.clone_from(&settings.default_region);
        }
        while let Some(piece) = self.lines.next() {
            self.take(piece).await?;
        }
        Ok(())
    }

    async fn take_last(&mut self) -> Result<(), Unheard> {
        match self.lines.last() {
            Some(piece) => self.take(piece).await,
            None => Ok(()),
        }
    }

    async fn take(&mut self, piece: Piece) -> Result<(), Unheard> {
        let begun = Instant::now();
        let (name, outcome) = match piece {
            Piece::Blank => return Ok(()),
            Piece::TooLong => (None, Err(body::too_large())),
            Piece::Line(range) => {
                match line::read(self.lines.bytes(range), &self.setting, &self.lines.input, self.replay) {
                    Ok(Line { name, command }) => (Some(name), self.carry_out(&command).await),
                    Err(error) => (None, Err(error.into())),
                }
            }
        };
        self.tell(Taken { number: self.lines.number(), name, outcome, begun }).await
    }

    /// A panic is the misfortune of one line.
    async fn carry_out(&self, command: &Command) -> Result<(Answer, AnswerShape), Problem> {
        let shape = AnswerShape::of(&command.ask);
        match AssertUnwindSafe(self.door.house.submit(command)).catch_unwind().await {
            Ok(answer) => Ok((answer?, shape)),
            Err(_) => Err(Problem::internal("a command panicked")),
        }
    }

    async fn refuse_the_rest(&self) -> Result<(), Unheard> {
        let problem = Problem::new(ProblemKind::StoreUnavailable, "it is stopping; send again from this line on");
        let number = self.lines.number() + 1;
        self.tell(Taken { number, name: None, outcome: Err(problem), begun: Instant::now() }).await
    }

    async fn tell(&self, taken: Taken) -> Result<(), Unheard> {
        self.taken.send(taken).await.map_err(|_| Unheard)
    }
}
