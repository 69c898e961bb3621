//! One run: tasks as futures, polled by hand in an order that the schedule gives.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dossier::adapters::memory::MemoryEventStore;
use dossier::app::ask::Answer;
use dossier::app::{App, AppError};
use dossier::ports::{EventStore, Recorded};
use dossier_domain::ids::Stream;
use dossier_domain::state::Life;
use futures::FutureExt;

use crate::scene::{Deed, Scene, Task, events_of, reading};
use crate::stepped::{Call, Done, Floor};
use crate::support::keyring::{Keys, TestKeyring};

/// Calls that a task makes at most while nobody stands in its way.
const STEPS_MAX: usize = 2_000;

pub type Outcome = Result<Answer, AppError>;

/// Who shares what is remembered of the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// Every task has a process of its own, which remembers nothing.
    Each,
    /// All are in one process that has just begun.
    SharedAndNew,
    /// All are in one process that remembers every contact.
    SharedAndWarm,
}

/// What one poll came to.
pub struct Step {
    pub who: usize,
    /// Absent for the first poll, which only leads to the first call.
    pub done: Option<Done>,
    pub ended: bool,
}

struct Process {
    future: Option<Pin<Box<dyn Future<Output = Outcome>>>>,
    next: Option<Call>,
    answer: Option<Outcome>,
    writes: usize,
    dies_after: Option<usize>,
}

/// Tasks on their way.
pub struct Run<'a> {
    scene: &'a Scene,
    pub deeds: &'a [Deed],
    pub floor: Arc<Floor>,
    pub log: Arc<MemoryEventStore>,
    pub keyring: Arc<TestKeyring>,
    processes: Vec<Process>,
    pub steps: Vec<Step>,
}

impl<'a> Run<'a> {
    /// Every task in a process of its own.
    pub fn new(scene: &'a Scene, deeds: &'a [Deed]) -> Self {
        Self::within(scene, deeds, Processes::Each)
    }

    pub fn within(scene: &'a Scene, deeds: &'a [Deed], processes: Processes) -> Self {
        let (log, keyring) = (scene.log(), Arc::new(TestKeyring::of(scene.keys.clone())));
        let floor = Arc::new(Floor::default());
        for recorded in &scene.events {
            floor.appended(&recorded.stream, std::slice::from_ref(&recorded.event));
        }
        floor.flushed(scene.events.len() as u64);
        let mut run = Run { scene, deeds, floor, log, keyring, processes: Vec::new(), steps: Vec::new() };
        let one = run.app(1_000);
        if processes == Processes::SharedAndWarm {
            for contact in scene.contacts() {
                drive(one.engine().streams.contact(contact)).expect("it ends").expect("it is read");
            }
            run.floor.take();
        }
        for deed in deeds {
            let app = if processes == Processes::Each { run.app(0) } else { one.clone() };
            let future: Pin<Box<dyn Future<Output = Outcome>>> = match deed.task.clone() {
                Task::Command(command) => Box::pin(async move {
                    // As `App::execute` does.
                    let answer = app.submit(&command).await?;
                    app.durable(answer.position.max(answer.etag)).await?;
                    Ok(answer)
                }),
                Task::Recover => Box::pin(recover(app, run.log.clone(), run.keyring.clone(), run.floor.clone())),
            };
            let process = Process { future: Some(future), next: None, answer: None, writes: 0, dies_after: None };
            run.processes.push(process);
        }
        run
    }

    fn app(&self, capacity: usize) -> Arc<App> {
        self.scene.stepped_app(&self.log, &self.keyring, &self.floor, capacity)
    }

    /// The process of a task is gone after so many changes.
    pub fn dies_after(&mut self, who: usize, writes: usize) {
        self.processes[who].dies_after = Some(writes);
    }

    /// Whose turn it may be.
    pub fn alive(&self) -> impl Iterator<Item = usize> {
        (0..self.processes.len()).filter(|who| self.processes[*who].future.is_some())
    }

    /// What a process does next; unknown before its first poll.
    pub fn next(&self, who: usize) -> Option<&Call> {
        self.processes[who].next.as_ref()
    }

    pub fn answer(&self, who: usize) -> Option<&Outcome> {
        self.processes[who].answer.as_ref()
    }

    pub fn writes(&self, who: usize) -> usize {
        self.processes[who].writes
    }

    pub fn events(&self) -> Vec<Recorded> {
        events_of(&self.log)
    }

    /// Position of the last event.
    pub fn head(&self) -> u64 {
        self.log.head().now_or_never().expect("memory does not wait").expect("the log is read")
    }

    pub fn keys(&self) -> Keys {
        self.keyring.keys()
    }

    /// One poll: the call that waits is made, and the next one is prepared.
    pub fn step(&mut self, who: usize) -> &Step {
        let process = &mut self.processes[who];
        let future = process.future.as_mut().expect("a process that is alive");
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let (done, next) = self.floor.take();
        process.next = next;
        process.writes += usize::from(done.as_ref().is_some_and(|done| done.wrote));
        let is_dead = process.dies_after.is_some_and(|writes| process.writes >= writes);
        let mut ended = false;
        if is_dead {
            process.future = None;
        } else if let Poll::Ready(outcome) = polled {
            (process.future, process.answer, ended) = (None, Some(outcome), true);
        }
        self.steps.push(Step { who, done, ended });
        self.steps.last().expect("just pushed")
    }

    /// One after another, to their ends.
    pub fn finish(&mut self) {
        while let Some(who) = { self.alive().next() } {
            self.step(who);
        }
    }

    /// A process goes on to its end.
    pub fn end(&mut self, who: usize) {
        self.until(who, |_| false);
    }

    /// A process goes on until it is about to make a call, or is over. Answers whether it is about to.
    pub fn until(&mut self, who: usize, is_meant: impl Fn(&Call) -> bool) -> bool {
        loop {
            if self.processes[who].future.is_none() {
                return false;
            }
            if self.next(who).is_some_and(&is_meant) {
                return true;
            }
            self.step(who);
        }
    }

    /// The run in words, one line a call.
    pub fn trace(&self) -> String {
        let words = self.scene.words();
        let name = |id: &uuid::Uuid| words.get(id).cloned().unwrap_or_else(|| id.to_string()[..8].to_owned());
        let stream = |stream: &Stream| match stream {
            Stream::Contact(id) => name(&id.0),
            Stream::Identity(id) => name(&id.0),
            Stream::Workspace(_) => "workspace".to_owned(),
        };
        let mut lines = vec![format!("in \"{}\":", self.scene.name)];
        for step in &self.steps {
            let what = match &step.done {
                None => "begins".to_owned(),
                Some(Done { call, wrote, at, .. }) => match call {
                    Call::Read(of) => format!("reads {}", stream(of)),
                    Call::Append(to, types, _) if *wrote => {
                        format!("appends {types:?} to {}, position {}", stream(to), at.unwrap_or_default())
                    }
                    Call::Append(to, types, _) => format!("can't append {types:?} to {}", stream(to)),
                    Call::Find(mark) => format!("looks for mark {}", &mark.to_string()[..8]),
                    Call::Durable(position) => format!("waits until {position} is durable"),
                    Call::MakeKey(holder) if *wrote => format!("makes the key of {}", name(holder)),
                    Call::MakeKey(holder) => format!("takes the key of {}", name(holder)),
                    Call::DestroyKey(holder) => format!("destroys the key of {}", name(holder)),
                    Call::Look => "draws up the work list".to_owned(),
                },
            };
            let end = if step.ended { format!(", ends: {:?}", short(self.answer(step.who))) } else { String::new() };
            lines.push(format!("  {} {}: {what}{end}", step.who, self.deeds[step.who].name));
        }
        lines.join("\n")
    }
}

fn short(outcome: Option<&Outcome>) -> Result<(u16, u64, u64), String> {
    match outcome {
        Some(Ok(answer)) => Ok((answer.status, answer.revision, answer.position)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("nothing".to_owned()),
    }
}

/// What a process manager does at its start: erasures first, then what spans streams.
pub async fn recover(app: Arc<App>, log: Arc<MemoryEventStore>, keys: Arc<TestKeyring>, floor: Arc<Floor>) -> Outcome {
    floor.look().await;
    let reading = reading(&log, &keys);
    let gone = reading.contacts.values().filter(|contact| matches!(contact.life, Life::Erased | Life::Abandoned));
    for contact in gone.filter(|contact| !keys.keys().destroyed.contains(&contact.id.0)) {
        app.finish_erasure(contact).await?;
    }
    app.recover(&reading.unfinished).await?;
    Ok(Answer::default())
}

/// Polls what nobody else stands beside to its end; `None` if that does not come within bounds.
pub fn drive<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    (0..STEPS_MAX).find_map(|_| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    })
}
