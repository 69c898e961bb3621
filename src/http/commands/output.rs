//! Answers out, in order, each when its effect is durable.

use std::io;

use axum::body::Bytes;
use tokio::sync::mpsc;

use super::intake::Taken;
use super::spool::Spool;
use crate::api::bodies::{AnswerBody, LineBody};
use crate::api::problem::Problem;
use crate::http::Door;

/// How large a piece of answers grows while more are ready.
const PIECE: usize = 32 * 1024;

/// Sends the answers of one stream.
pub(super) struct Output {
    door: Door,
    waiting: mpsc::Receiver<Taken>,
    out: mpsc::Sender<io::Result<Bytes>>,
    spool: Spool,
    /// Everything up to here is durable.
    durable: u64,
}

impl Output {
    pub(super) fn new(door: Door, waiting: mpsc::Receiver<Taken>, out: mpsc::Sender<io::Result<Bytes>>) -> Self {
        Output { door, waiting, out, spool: Spool::default(), durable: 0 }
    }

    /// Goes on until all is answered, or nobody listens.
    pub(super) async fn run(mut self) {
        let out = self.out.clone();
        let mut more = true;
        while more || !self.spool.is_empty() {
            tokio::select! {
                permit = out.reserve(), if !self.spool.is_empty() => match permit {
                    Ok(permit) => permit.send(self.spool.pop().map(Option::unwrap_or_default)),
                    Err(_) => return,
                },
                taken = self.waiting.recv(), if more => match taken {
                    Some(taken) => {
                        let piece = self.written(taken).await;
                        if let Err(error) = self.spool.push(piece) {
                            tracing::error!(%error, "answers can't wait for their reader");
                            let _ = out.send(Err(error)).await;
                            return;
                        }
                    }
                    None => more = false,
                },
                () = out.closed() => return,
            }
        }
    }

    /// The answer, and those that are ready with it.
    async fn written(&mut self, first: Taken) -> Bytes {
        let mut piece = Vec::with_capacity(1024);
        let mut next = Some(first);
        while let Some(taken) = next {
            self.write(taken, &mut piece).await;
            next = if piece.len() < PIECE { self.waiting.try_recv().ok() } else { None };
        }
        piece.into()
    }

    async fn write(&mut self, taken: Taken, piece: &mut Vec<u8>) {
        let Taken { number, name, outcome, begun } = taken;
        let outcome = match outcome {
            Ok((answer, shape)) => {
                let durable = self.wait_for(answer.reach()).await;
                durable.map(|()| (answer.status, AnswerBody::new(&answer, shape)))
            }
            Err(problem) => Err(problem),
        };
        self.door.meters.command(name, outcome.as_ref().err(), begun.elapsed());
        let body = match outcome {
            Ok((status, answer)) => LineBody { line: number, status, answer: Some(answer), problem: None },
            Err(problem) => {
                LineBody { line: number, status: problem.kind().status(), answer: None, problem: Some(problem) }
            }
        };
        if serde_json::to_writer(&mut *piece, &body).is_ok() {
            piece.push(b'\n');
        }
    }

    async fn wait_for(&mut self, position: u64) -> Result<(), Problem> {
        if position > self.durable {
            self.door.house.durable(position).await?;
            self.durable = position;
        }
        Ok(())
    }
}
