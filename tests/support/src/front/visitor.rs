//! Who asks, and for what.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::endpoint::Endpoint;
use crate::library::{MediaUrl, read_query};
use crate::media_host::split_path;
use crate::oauth::{Access, TokenForm};
use crate::settings::Class;
use crate::world::{State, World};

/// One request with what can be known of it before it is answered.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    headers: HeaderMap,
    /// The access token, if any was sent.
    pub(crate) bearer: Option<String>,
    /// What the token stands for, though it may have expired.
    pub(crate) access: Option<Access>,
    pub(crate) account: Option<String>,
    /// For each item that the request names: its id, then its filename.
    pub(crate) items: Vec<String>,
    pub(crate) has_page_token: bool,
    pub(crate) media: Option<MediaUrl>,
}

impl Visitor {
    pub(crate) fn read(world: &World, endpoint: Endpoint, parts: Parts, body: Bytes) -> Self {
        let raw_query = parts.uri.query().unwrap_or("").to_owned();
        let query = read_query(&raw_query);
        let path = parts.uri.path().to_owned();
        let token = query.iter().find(|(key, _)| key == "access_token").map(|(_, value)| value.clone());
        let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
        let bearer = header
            .and_then(|value| value.split_once(' '))
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned())
            .or(token);
        let mut visitor = Self {
            endpoint,
            method: parts.method,
            path,
            raw_query,
            query,
            body,
            headers: parts.headers,
            bearer,
            access: None,
            account: None,
            items: Vec::new(),
            has_page_token: false,
            media: None,
        };
        visitor.recognise(world);
        visitor
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last part of the path, decoded.
    pub(crate) fn last_segment(&self) -> String {
        let last = self.path.rsplit('/').next().unwrap_or("");
        let pair = format!("x={}", last.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
    }

    fn recognise(&mut self, world: &World) {
        let state = world.state();
        self.access = self.bearer.as_deref().and_then(|token| state.oauth.access(token)).cloned();
        self.account = self.access.as_ref().map(|access| access.account.clone());
        self.has_page_token = self.body_has_page_token()
            || self.query.iter().any(|(key, value)| key == "pageToken" && !value.is_empty());
        if self.endpoint == Endpoint::Media {
            self.media = split_path(&self.path).and_then(|(text, _)| MediaUrl::read(text, world.seed));
            self.recognise_media(&state);
        } else if self.endpoint.is_oauth() {
            let form = TokenForm::read(&self.body, None);
            self.account = state.oauth.account_of(&form).or(self.account.take());
        } else if self.endpoint.class() == Class::Drive {
            self.recognise_file(&state);
        } else {
            self.recognise_items(&state);
        }
    }

    fn recognise_file(&mut self, state: &State) {
        let drive = self.account.as_ref().and_then(|name| state.drives.get(name));
        if let Some(file) = drive.and_then(|drive| drive.file(&self.last_segment())) {
            self.items = vec![file.id.clone(), file.name.clone()];
        }
    }

    fn recognise_media(&mut self, state: &State) {
        let Some((account, number)) =
            self.media.and_then(|url| Some((state.account_of_seed(url.account)?, url.number)))
        else {
            return;
        };
        self.account = Some(account.name.clone());
        if let Some(item) = account.item_by_number(number) {
            self.items = vec![item.id.clone(), item.filename.clone()];
        }
    }

    fn recognise_items(&mut self, state: &State) {
        let ids: Vec<String> = if self.endpoint == Endpoint::MediaItemsGet {
            vec![self.last_segment()]
        } else {
            self.query.iter().filter(|(key, _)| key == "mediaItemIds").map(|(_, id)| id.clone()).collect()
        };
        let account = self.account.as_ref().and_then(|name| state.accounts.get(name));
        for id in ids {
            let item = account.and_then(|account| account.item_by_id(&id));
            self.items.push(id);
            self.items.extend(item.map(|item| item.filename.clone()));
        }
    }

    fn body_has_page_token(&self) -> bool {
        if self.endpoint != Endpoint::MediaItemsSearch {
            return false;
        }
        let body: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        body.is_some_and(|body| body["pageToken"].as_str().is_some_and(|token| !token.is_empty()))
    }
}
