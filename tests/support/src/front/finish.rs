//! From an answer to what goes on the wire.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use std::sync::Arc;
use std::time::Duration;

use crate::body::{Ending, FakeBody, OnEnd, Script, Wire};
use crate::content::Source;
use crate::faults::{Drawn, Effect};
use crate::front::sabotage::gzip;
use crate::front::visitor::Visitor;
use crate::reply::{Payload, Reply};
use crate::world::World;

/// Where an endless body ends after all.
const ENDLESS_BYTES: u64 = 1 << 30;
/// JSON shorter than this is not worth gzipping.
const GZIP_BYTES_MIN: usize = 256;

/// Turns answers into responses, and counts their end even if none is made.
pub(crate) struct Finish {
    wire: Arc<Wire>,
    on_end: Option<OnEnd>,
}

impl Finish {
    /// Takes over the count of a request that has begun.
    pub(crate) fn begin(world: &Arc<World>, visitor: &Visitor, wire: &Arc<Wire>) -> Self {
        let (world, account, endpoint) = (Arc::clone(world), visitor.account.clone(), visitor.endpoint);
        let on_end: OnEnd = Box::new(move |bytes| world.stats().ended(endpoint, account.as_deref(), bytes));
        Self { wire: Arc::clone(wire), on_end: Some(on_end) }
    }

    /// The response to a request of the simulator's own interface, which is not counted.
    pub(crate) fn control(parts: &Parts, reply: Reply, wire: &Arc<Wire>) -> Response<FakeBody> {
        let finish = Self { wire: Arc::clone(wire), on_end: Some(Box::new(|_| ())) };
        finish.write(parts.method == Method::HEAD, false, true, reply, None)
    }

    /// The response, with the faults that are only seen on the wire.
    pub(crate) fn respond(
        self,
        visitor: &Visitor,
        reply: Reply,
        drawn: Option<&Drawn>,
    ) -> Response<FakeBody> {
        let gzips = visitor.header("accept-encoding").is_some_and(|value| value.contains("gzip"));
        let pretty = !visitor.query.iter().any(|(key, value)| key == "prettyPrint" && value == "false");
        let effect = drawn.filter(|_| reply.status.is_success()).map(|drawn| &drawn.effect);
        self.write(visitor.method == Method::HEAD, gzips, pretty, reply, effect)
    }

    fn write(
        mut self,
        head: bool,
        gzips: bool,
        pretty: bool,
        mut reply: Reply,
        effect: Option<&Effect>,
    ) -> Response<FakeBody> {
        let (source, from, to) = match reply.payload {
            Payload::Media { source, from, to } => (source, from, to),
            Payload::Bytes(bytes) => whole(bytes),
            Payload::Json(body) => {
                let text = if pretty { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) };
                whole(zipped(text.unwrap_or_default().into(), gzips, &mut reply.headers))
            }
        };
        let mut script = Script::plain(source, from, to);
        let announced = script_for(&mut script, effect);
        if let Some(length) = announced {
            reply.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if head {
            script.to = script.from;
            script.ending = Ending::Close;
        }
        let on_end = self.on_end.take().unwrap_or_else(|| Box::new(|_| ()));
        let mut response = Response::new(FakeBody::new(script, Arc::clone(&self.wire), on_end));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end(0);
        }
    }
}

fn whole(bytes: Bytes) -> (Source, u64, u64) {
    let len = u64::try_from(bytes.len()).unwrap_or(0);
    (Source::Whole(bytes), 0, len)
}

fn zipped(text: Bytes, gzips: bool, headers: &mut HeaderMap) -> Bytes {
    if !gzips || text.len() < GZIP_BYTES_MIN {
        return text;
    }
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    gzip(&text)
}

/// Changes the script as a fault says; gives the length to announce.
fn script_for(script: &mut Script, effect: Option<&Effect>) -> Option<u64> {
    let length = script.to - script.from;
    let mut cut = |bytes: u64, ending: Ending| {
        script.to = script.from + length.min(bytes);
        script.ending = ending;
    };
    match effect {
        Some(Effect::ResetAfter { bytes }) => cut(*bytes, Ending::Reset),
        Some(Effect::Truncate { bytes }) => cut(*bytes, Ending::Close),
        Some(Effect::Surplus { bytes }) => script.ending = Ending::Surplus(*bytes),
        Some(Effect::Stall { bytes }) => cut(*bytes, Ending::Stall),
        Some(Effect::Drip { bytes, every_ms }) => {
            script.drip = Some((*bytes, Duration::from_millis(*every_ms)));
        }
        Some(Effect::Endless) => {
            *script = Script::plain(Source::filler(ENDLESS_BYTES), 0, ENDLESS_BYTES);
            return None;
        }
        Some(_) | None => {}
    }
    Some(length)
}
