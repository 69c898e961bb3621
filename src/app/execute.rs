//! Executing a command: its time, its key, and an answer that is given only when it would survive a crash.

use std::sync::Arc;
use std::task::Poll;

use chrono::{DateTime, Utc};
use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, Mark, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::rejection::Rejection;
use uuid::Uuid;

use super::act::{Act, KeyMarks};
use super::ask::{Answer, Ask, Clock, Command, Handle, MergeAnswer};
use super::error::{AppError, FieldError};
use super::protocol::{Ended, repeat};
use super::workspaces::{Workspace, segment_of};
use super::{App, custom};
use crate::ports::Recorded;

impl App {
    /// Executes a command and answers when its effect is durable. Goes on if the caller goes away.
    ///
    /// # Errors
    /// Why it was refused, or what failed.
    pub async fn execute(self: &Arc<Self>, command: Command) -> Result<Answer, AppError> {
        let app = self.clone();
        let mut submitting = Box::pin(async move { app.submit(&command).await });
        // Nearly every command is carried out without waiting for anything; only one that waits can be left alone.
        let answer = match futures::poll!(&mut submitting) {
            Poll::Ready(answer) => answer?,
            Poll::Pending => tokio::spawn(submitting)
                .await
                .unwrap_or_else(|error| Err(AppError::Internal(format!("a command panicked: {}", error.is_panic()))))?,
        };
        self.durable(answer.reach()).await?;
        Ok(answer)
    }

    /// Waits until everything up to a position is durable; before that, no answer that rests on it may be shown.
    ///
    /// # Errors
    /// The event store failed.
    pub async fn durable(&self, position: u64) -> Result<(), AppError> {
        Ok(self.store().durable(position).await?)
    }

    /// Executes a command; the effect of calls made one after another is in their order. The answer rests on events
    /// that may not be durable yet.
    ///
    /// # Errors
    /// Why it was refused, or what failed.
    pub async fn submit(&self, command: &Command) -> Result<Answer, AppError> {
        let envelope = &command.envelope;
        let workspace = match command.ask {
            // It may make the workspace.
            Ask::Configure(_) => Workspace::default(),
            _ => self.workspace(&envelope.workspace).await?,
        };
        let act = self.act(command)?;
        let entered = self.enter_time(&act, command).await.and_then(|()| custom::checked(&command.ask, &workspace));
        let outcome = match entered {
            Ok(ask) => self.carry_out(&act, &ask, envelope.if_match).await,
            Err(error) => Err(Ended::Error(error)),
        };
        let mut answer = self.as_before(&act, &command.ask, outcome).await?;
        answer.beyond = answer.beyond.max(act.reach());
        let reach = answer.reach();
        if reach > *self.newest.borrow() {
            self.newest.send_if_modified(|newest| {
                let risen = reach > *newest;
                *newest = reach.max(*newest);
                risen
            });
        }
        if self.moves_the_clock(command, &answer) {
            self.workspaces.executed_at(&envelope.workspace, act.now(), envelope.clock != Clock::Now);
            if answer.appended {
                self.workspaces.recorded_at(&envelope.workspace, act.now());
            }
        }
        Ok(answer)
    }

    /// Making or configuring a workspace does not start its clock (rule 32). Nor does what is done to its fields and segments: they are
    /// defined today for a history that is replayed next. Once the clock runs, that moves it as any event does (rule 27).
    fn moves_the_clock(&self, command: &Command, answer: &Answer) -> bool {
        match command.ask {
            Ask::Configure(_) => false,
            Ask::DefineField(_)
            | Ask::ChangeField(_)
            | Ask::RetireField(_)
            | Ask::DefineSegment { .. }
            | Ask::ChangeSegment(_)
            | Ask::RemoveSegment(_) => {
                answer.appended && self.workspaces.running_cycle(&command.envelope.workspace).is_some()
            }
            _ => true,
        }
    }

    fn act(&self, command: &Command) -> Result<Act, AppError> {
        let envelope = &command.envelope;
        let now = match envelope.clock {
            Clock::Now => self.wall.now(),
            Clock::Replay(at) => self.not_ahead(at)?,
        };
        let key = envelope.key.as_ref().map(|key| KeyMarks {
            mark: self.engine.marks.key(&envelope.workspace, &key.text),
            body: self.engine.marks.body(&key.body),
        });
        let id = key.map_or_else(Uuid::new_v4, |key| self.engine.marks.command_id(key.mark));
        let meta = Meta {
            workspace: envelope.workspace.clone(),
            actor: envelope.actor.clone(),
            cause: envelope.cause,
            occurred_at: now,
            recorded_at: now,
            correlation_id: envelope.correlation_id.unwrap_or(id),
            causation_id: id,
            batch_id: envelope.batch_id,
            replayed: envelope.clock != Clock::Now,
            key: None,
            marks: Vec::new(),
        };
        Ok(Act::new(meta, key))
    }

    fn not_ahead(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, AppError> {
        if at <= self.wall.now() {
            return Ok(at);
        }
        Err(AppError::Invalid(vec![FieldError {
            pointer: "/at".into(),
            code: "in_the_future",
            message: "a replayed time is never later than now".into(),
        }]))
    }

    /// On a replay clock: not behind the workspace's, and after what falls due before (rule 32).
    async fn enter_time(&self, act: &Act, command: &Command) -> Result<(), AppError> {
        let Clock::Replay(at) = command.envelope.clock else { return Ok(()) };
        if !self.lookup.projects() {
            let why = "a replay is taken by the process that projects: ask that one, or stop the others";
            return Err(AppError::OtherProcess(why.to_owned()));
        }
        let clock = self.workspaces.get(&command.envelope.workspace).and_then(|workspace| workspace.clock);
        if clock.is_some_and(|clock| at < clock) {
            return Err(Rejection::ClockBehind.into());
        }
        self.run_due(act.workspace(), at, true).await
    }

    /// A retry is answered as the first time, whatever would become of it now (decision 10).
    async fn as_before(&self, act: &Act, ask: &Ask, outcome: Result<Answer, Ended>) -> Result<Answer, AppError> {
        if let Ok(answer) = &outcome
            && answer.appended
        {
            return outcome.map_err(super::references::unmarked);
        }
        if let Some(key) = act.key()
            && let Some(recorded) = self.store().find(key.mark).await?
        {
            return self.first_answer(act, key, &recorded).await;
        }
        if let Some(mark) = self.mark_of_message(act, ask)
            && let Some(recorded) = self.store().find(mark).await?
        {
            return Ok(delivered_before(&recorded));
        }
        outcome.map_err(super::references::unmarked)
    }

    fn mark_of_message(&self, act: &Act, ask: &Ask) -> Option<Mark> {
        match ask {
            Ask::Receive(inbound) => Some(self.message_mark(act, &inbound.handle, &inbound.message_id)),
            Ask::Send(outbound) => {
                let (external_id, message_id) = (outbound.external_id.as_ref()?, outbound.message_id.as_ref()?);
                let handle = Handle { channel: outbound.channel.clone(), external_id: external_id.clone() };
                Some(self.message_mark(act, &handle, message_id))
            }
            _ => None,
        }
    }

    /// The answer that the key's command got the first time.
    async fn first_answer(&self, act: &Act, key: KeyMarks, recorded: &Recorded) -> Result<Answer, AppError> {
        let opened = self.engine.streams.codec().open(recorded).await?;
        let Some(used) = opened.meta.key.filter(|used| used.body == key.body) else {
            return Err(Rejection::KeyReused.into());
        };
        let mut answer = delivered_before(recorded);
        answer.status = used.status;
        answer.created = used.status == 201;
        answer.duplicate = false;
        answer.segment = segment_of(&opened.event);
        if let Some(contact) = answer.contact_id {
            self.tell_more(act, contact, &opened.event, &mut answer).await?;
        }
        Ok(answer)
    }

    /// What an answer tells besides of the event that bears its key, with what the command did to other contacts.
    async fn tell_more(
        &self,
        act: &Act,
        contact: ContactId,
        event: &Event,
        answer: &mut Answer,
    ) -> Result<(), AppError> {
        let (merge, secondary) = match event {
            Event::ContactMerged(merged) => (merged.merge, merged.secondary),
            Event::ContactUnmerged(undone) => (undone.merge, undone.secondary),
            Event::ContactErased(_) => {
                answer.beyond = self.engine.finish_erasure(act, contact).await?;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let mut root = contact;
        if matches!(event, Event::ContactUnmerged(_)) {
            let now = repeat(|| async { self.engine.resolve(act, contact).await?.root(contact) }).await;
            root = now.map_or(contact, |now| now.id);
        }
        answer.merge = Some(MergeAnswer { merge_id: merge, primary: contact, secondary, root });
        answer.beyond = self.engine.streams.contact(secondary).await?.position;
        Ok(())
    }
}

/// The answer to a message that was delivered before (rule 14): the contact it first landed on.
fn delivered_before(recorded: &Recorded) -> Answer {
    let contact_id = match &recorded.stream {
        Stream::Contact(contact) => Some(*contact),
        Stream::Identity(_) | Stream::Workspace(_) => None,
    };
    Answer {
        status: 200,
        contact_id,
        revision: recorded.revision,
        position: recorded.position,
        etag: recorded.position,
        duplicate: true,
        ..Answer::default()
    }
}
