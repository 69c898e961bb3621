//! The list of routes. Each handler bears its method and path, so that the contract is made of the same words.

use std::any::Any;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    Door, billing, channels, commands, contacts, conversation, docs, events, fields, logs, merges, messages, metrics,
    projections, role, search, segments, state, tags, timeline, workspace,
};
use crate::api::problem::{Problem, ProblemKind};

/// Everything that is answered.
pub fn router(door: Door) -> Router {
    let (router, _) = listed().split_for_parts();
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(door.clone(), role::check))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(door.clone(), logs::log))
        .with_state(door)
}

/// The contract, made of the handlers.
pub fn contract() -> OpenApi {
    static CONTRACT: OnceLock<OpenApi> = OnceLock::new();
    CONTRACT.get_or_init(|| docs::finished(listed().split_for_parts().1)).clone()
}

fn listed() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(docs::document())
        .routes(routes!(workspace::show, workspace::configure))
        .routes(routes!(contacts::create))
        .routes(routes!(contacts::show, contacts::update, contacts::delete))
        .routes(routes!(search::search))
        .routes(routes!(tags::add, tags::remove))
        .routes(routes!(tags::suggest))
        .routes(routes!(channels::claim, channels::release))
        .routes(routes!(conversation::open))
        .routes(routes!(conversation::close))
        .routes(routes!(conversation::snooze))
        .routes(routes!(conversation::assign))
        .routes(routes!(conversation::comment))
        .routes(routes!(conversation::block))
        .routes(routes!(conversation::unblock))
        .routes(routes!(messages::receive))
        .routes(routes!(messages::send))
        .routes(routes!(messages::report))
        .routes(routes!(merges::merge))
        .routes(routes!(merges::preview))
        .routes(routes!(merges::show))
        .routes(routes!(merges::of_contact))
        .routes(routes!(merges::unmerge))
        .routes(routes!(merges::unmerge_from))
        .routes(routes!(merges::preview_unmerge))
        .routes(routes!(merges::preview_unmerge_from))
        .routes(routes!(fields::list, fields::define))
        .routes(routes!(fields::show, fields::change, fields::retire))
        .routes(routes!(segments::list, segments::define))
        .routes(routes!(segments::show, segments::change, segments::remove))
        .routes(routes!(segments::contacts))
        .routes(routes!(segments::changes))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::history))
        .routes(routes!(billing::cycles))
        .routes(routes!(billing::cycle))
        .routes(routes!(billing::members))
        .routes(routes!(events::follow))
        .routes(routes!(commands::run))
        .routes(routes!(projections::list))
        .routes(routes!(projections::rebuild))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(state::health))
        .routes(routes!(state::readiness))
        .routes(routes!(metrics::show))
}

async fn nothing_here(_: Request) -> Problem {
    Problem::new(ProblemKind::RouteNotFound, "there is nothing at this path")
}

async fn no_such_method(_: Request) -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, "this path does not take this method")
}

/// What a panic says may hold anything, so it is not repeated; the panic hook has told where it was.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal("a handler panicked").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_the_one_we_promise() {
        crate::api::promised("openapi.json", &serde_json::to_string_pretty(&contract()).unwrap());
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let contract = serde_json::to_value(contract()).unwrap();
        let methods =
            contract["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let names: Vec<&str> = methods.filter_map(|one| one["operationId"].as_str()).collect();
        let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), distinct.len());
    }

    #[test]
    fn every_shape_that_is_referred_to_is_there() {
        let text = serde_json::to_string(&contract()).unwrap();
        let contract = serde_json::to_value(contract()).unwrap();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(contract["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
