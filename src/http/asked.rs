//! A command as it comes in over HTTP, and its way to an answer.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::Response;

use super::headers::CommandHeaders;
use super::reading::path_of;
use super::{Door, body, reply};
use crate::api::bodies::AnswerShape;
use crate::api::problem::Problem;
use crate::api::read::{self, CommandName, PathParts, Setting};
use crate::app::ask::{Answer, Ask, Command};

/// A request that asks for a command: everything of it that matters, not yet read.
#[derive(Debug)]
pub(super) struct Asked {
    /// As in the path; whether it exists is the application's to say.
    pub(super) workspace: Arc<str>,
    path: Box<PathParts>,
    headers: CommandHeaders,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let params = RawPathParams::from_request_parts(&mut parts, state).await;
        // Before anything is refused: a connection with half a body in it is closed, and the next request on it is lost.
        let body = body::read(&parts.headers, body).await;
        let (workspace, path) = path_of(&params)?;
        let body = body?;
        Ok(Asked { workspace, path: path.into(), headers: CommandHeaders::of(&parts.headers)?, body })
    }
}

impl Asked {
    /// Reads what is asked, for a preview: nothing around it matters.
    pub(super) async fn ask(&self, door: &Door, name: CommandName) -> Result<Ask, Problem> {
        let setting = setting(door, name, &self.workspace, &self.headers).await?;
        Ok(read::ask(name, &self.path, &self.body, &setting)?)
    }

    async fn command(self, door: &Door, name: CommandName) -> Result<Command, Problem> {
        let setting = setting(door, name, &self.workspace, &self.headers).await?;
        let CommandHeaders { key, if_match, .. } = self.headers;
        Ok(read::command(name, &self.path, &self.body, &setting, key, if_match)?)
    }
}

/// What reading needs to know.
async fn setting(
    door: &Door,
    name: CommandName,
    workspace: &Arc<str>,
    headers: &CommandHeaders,
) -> Result<Setting, Problem> {
    let region = match name {
        // It may make the workspace.
        CommandName::ConfigureWorkspace => None,
        _ => door.house.settings(workspace).await?.default_region.clone(),
    };
    Ok(headers.setting(workspace.clone(), region))
}

impl Door {
    /// Runs a command and answers it, counting it whatever comes of it.
    pub(super) async fn run(&self, name: CommandName, asked: Asked) -> Result<Response, Problem> {
        let workspace = asked.workspace.clone();
        let (answer, shape) = self.execute(name, asked).await?;
        Ok(reply::answered(&workspace, &answer, shape))
    }

    /// Runs a command, counting it whatever comes of it.
    pub(super) async fn execute(&self, name: CommandName, asked: Asked) -> Result<(Answer, AnswerShape), Problem> {
        self.execute_keeping(name, asked, AnswerShape::of).await
    }

    /// The same, with what the answer needs of what was asked.
    pub(super) async fn execute_keeping<T>(
        &self,
        name: CommandName,
        asked: Asked,
        keep: impl FnOnce(&Ask) -> T,
    ) -> Result<(Answer, T), Problem> {
        let begun = Instant::now();
        let executed = async {
            let command = asked.command(self, name).await?;
            let kept = keep(&command.ask);
            Ok((self.house.execute(command).await?, kept))
        };
        let executed: Result<_, Problem> = executed.await;
        self.meters.command(Some(name), executed.as_ref().err(), begun.elapsed());
        executed
    }
}
