//! The true answer to each endpoint.

use serde_json::Value;

use crate::drive::{self, DriveError};
use crate::endpoint::Endpoint;
use crate::faults::{Drawn, Effect};
use crate::front::visitor::Visitor;
use crate::library::{self, Call, PageFault, Sight};
use crate::media_host;
use crate::oauth::{self, AuthRequest, TokenForm};
use crate::reply::{ApiError, Reply};
use crate::world::World;

/// Answers `visitor` as Google would.
pub(crate) fn route(world: &World, visitor: &Visitor, drawn: Option<&Drawn>) -> Reply {
    let library = |answer: &dyn Fn(&Call<'_>) -> Result<Value, ApiError>| {
        json_or_error(library_call(world, visitor, drawn, answer))
    };
    match visitor.endpoint {
        Endpoint::Auth => consent_page(world, visitor),
        Endpoint::ConsentForm => consent_form(world, visitor),
        Endpoint::Token => {
            let form = TokenForm::read(&visitor.body, visitor.header("authorization"));
            world.state().oauth.token(&form, world.now(), &world.settings().oauth)
        }
        Endpoint::Revoke => {
            let form = TokenForm::read(&visitor.body, None);
            let in_query =
                visitor.query.iter().find(|(key, _)| key == "token").map(|(_, token)| token.as_str());
            world.state().oauth.revoke(form.get("token").or(in_query))
        }
        Endpoint::UserInfo => json_or_error(user_info(world, visitor)),
        Endpoint::TokenInfo => token_info(world, visitor),
        Endpoint::OpenId => Reply::json(oauth::openid_configuration(&world.origins.api)),
        Endpoint::Discovery => Reply::json(library::discovery(&world.origins.api, &world.origins.api)),
        Endpoint::MediaItemsList => library(&library::list_items),
        Endpoint::MediaItemsSearch => library(&|call| library::search_items(call, &visitor.body)),
        Endpoint::MediaItemsGet => library(&|call| library::get_item(call, &visitor.last_segment())),
        Endpoint::MediaItemsBatchGet => library(&library::batch_get),
        Endpoint::AlbumsList => library(&library::list_albums),
        Endpoint::AlbumsGet => library(&|call| library::get_album(call, &visitor.last_segment())),
        Endpoint::SharedAlbums => json_or_error(access(world, visitor).and_then(|_| Err(ApiError::scope()))),
        Endpoint::Media => media(world, visitor),
        Endpoint::DriveAbout
        | Endpoint::DriveFilesList
        | Endpoint::DriveFilesGet
        | Endpoint::DriveDownload
        | Endpoint::DriveStartPageToken
        | Endpoint::DriveChanges
        | Endpoint::DriveWrite => drive_call(world, visitor),
        Endpoint::Control => ApiError::not_found().into(),
        Endpoint::Unknown => Reply::html_error(404, "The requested URL was not found on this server."),
    }
}

fn json_or_error(answer: Result<Value, ApiError>) -> Reply {
    answer.map_or_else(Reply::from, Reply::json)
}

fn consent_page(world: &World, visitor: &Visitor) -> Reply {
    match AuthRequest::read(&visitor.raw_query, &world.settings().oauth) {
        Err(page) => page.into(),
        Ok(request) => {
            let accounts: Vec<String> = world.state().accounts.keys().cloned().collect();
            oauth::page(&visitor.raw_query, &request, &accounts)
        }
    }
}

fn consent_form(world: &World, visitor: &Visitor) -> Reply {
    let (query, consent) = oauth::read_form(&visitor.body);
    let settings = world.settings();
    match AuthRequest::read(&query, &settings.oauth) {
        Err(page) => page.into(),
        Ok(request) => {
            let mut state = world.state();
            if !consent.deny && !state.accounts.contains_key(&consent.account) {
                return Reply::html_error(400, "Couldn’t find your Google Account.");
            }
            let location = state.oauth.decide(&request, &consent, world.now(), &settings.oauth);
            Reply::redirect(&location)
        }
    }
}

/// The live token of the request.
fn access<'a>(world: &World, visitor: &'a Visitor) -> Result<&'a oauth::Access, ApiError> {
    if visitor.bearer.is_none() {
        return Err(ApiError::no_credentials());
    }
    let access = visitor.access.as_ref().filter(|access| access.expires_ms > world.now());
    access.ok_or_else(ApiError::bad_credentials)
}

fn user_info(world: &World, visitor: &Visitor) -> Result<Value, ApiError> {
    access(world, visitor).map(oauth::user_info)
}

fn token_info(world: &World, visitor: &Visitor) -> Reply {
    match access(world, visitor) {
        Ok(access) => Reply::json(oauth::token_info(access, &world.settings().oauth.client_id, world.now())),
        Err(_) => Reply::oauth_error(400, "invalid_token", "Invalid Value"),
    }
}

/// Checks the token, then lets `answer` read the account.
fn library_call(
    world: &World,
    visitor: &Visitor,
    drawn: Option<&Drawn>,
    answer: impl FnOnce(&Call<'_>) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let access = access(world, visitor)?;
    let settings = world.settings();
    let sight = Sight::of(access, &settings)?;
    let state = world.state();
    let account = state.accounts.get(&access.account).ok_or_else(ApiError::denied)?;
    let call = Call {
        account,
        sight,
        now: world.now(),
        seed: world.seed,
        media_origin: &world.origins.media,
        page_token_life: settings.page_token_life,
        query: &visitor.query,
        page: drawn.map_or(PageFault::None, |drawn| page_fault(&drawn.effect)),
    };
    answer(&call)
}

fn page_fault(effect: &Effect) -> PageFault {
    if *effect == Effect::EmptyPage {
        PageFault::Empty
    } else if *effect == Effect::RepeatPage {
        PageFault::Repeated
    } else if let Effect::MoveUp { entries } = effect {
        PageFault::MovedUp(usize::try_from(*entries).unwrap_or(usize::MAX))
    } else {
        PageFault::None
    }
}

fn drive_call(world: &World, visitor: &Visitor) -> Reply {
    if visitor.bearer.is_none() {
        return DriveError::of("required").into();
    }
    let now = world.now();
    let Some(access) = visitor.access.as_ref().filter(|access| access.expires_ms > now) else {
        return DriveError::of("authError").into();
    };
    let call = drive::Call {
        endpoint: visitor.endpoint,
        access,
        query: &visitor.query,
        id: visitor.last_segment(),
        range: visitor.header("range"),
        if_range: visitor.header("if-range"),
        is_blind: false,
    };
    let settings = world.settings();
    let mut state = world.state();
    let files = state.drive(&access.account, world.seed);
    files.settle(now);
    drive::answer(call, files, &settings)
}

fn media(world: &World, visitor: &Visitor) -> Reply {
    let get = visitor.method == http::Method::GET || visitor.method == http::Method::HEAD;
    let Some(url) = visitor.media.filter(|_| get) else {
        return Reply::html_error(
            if get { 400 } else { 405 },
            "Your client has issued a malformed or illegal request.",
        );
    };
    let settings = world.settings();
    if settings.media_needs_bearer {
        let live =
            access(world, visitor).is_ok_and(|access| Some(&access.account) == visitor.account.as_ref());
        if !live {
            return Reply::html_error(
                403,
                "Your client does not have permission to get URL from this server.",
            );
        }
    }
    let item = {
        let state = world.state();
        state.account_of_seed(url.account).and_then(|account| account.item_by_number(url.number))
    };
    let suffix = media_host::split_path(&visitor.path).map_or("", |(_, suffix)| suffix);
    media_host::serve(url, item.as_deref(), suffix, visitor.header("range"), world.now(), &settings)
}
