//! The front end: every request passes here.
//!
//! Owns: the order of things: who asks, statistics, latency, quota, faults, the answer, the wire.
//! Invariant: an answer is complete JSON or media before faults touch it. May import: all but
//! `server`. Tests: `tests/faults.rs`.

mod answer;
mod finish;
mod sabotage;
mod visitor;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use std::io;
use std::sync::Arc;

use crate::body::{FakeBody, STALL_MAX, Wire};
use crate::control;
use crate::drive;
use crate::endpoint::Endpoint;
use crate::faults::{Drawn, Effect, Subject};
use crate::front::finish::Finish;
use crate::front::visitor::Visitor;
use crate::quota;
use crate::reply::{Payload, Reply};
use crate::stats::Logged;
use crate::world::World;

/// Longest request body that is read.
const REQUEST_BYTES_MAX: usize = 64 << 20;

/// Answers one request; an error resets the connection.
pub(crate) async fn answer(
    world: Arc<World>,
    wire: Arc<Wire>,
    request: Request<Incoming>,
) -> Result<Response<FakeBody>, io::Error> {
    let (parts, body) = request.into_parts();
    let endpoint = Endpoint::of(&parts.method, parts.uri.path(), parts.uri.query().unwrap_or(""));
    let body = if parts.method == http::Method::GET || parts.method == http::Method::HEAD {
        bytes::Bytes::new()
    } else {
        let read = Limited::new(body, REQUEST_BYTES_MAX).collect().await;
        read.map_err(|e| io::Error::other(e.to_string()))?.to_bytes()
    };
    if endpoint == Endpoint::Control {
        let reply = control::answer(&world, &parts.method, &parts.uri, &body);
        return Ok(Finish::control(&parts, reply, &wire));
    }
    let visitor = Visitor::read(&world, endpoint, parts, body);
    world.stats().began(endpoint, visitor.account.as_deref(), world.now());
    let finish = Finish::begin(&world, &visitor, &wire);
    rest(world.settings().latency).await;
    let (reply, drawn) = decide(&world, &visitor).await;
    log(&world, &visitor, reply.as_ref());
    let Some(reply) = reply else {
        wire.reset();
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    Ok(finish.respond(&visitor, reply, drawn.as_ref()))
}

/// The answer, or none for a reset; and the fault that it met. A request that a quota refuses meets none.
async fn decide(world: &World, visitor: &Visitor) -> (Option<Reply>, Option<Drawn>) {
    let settings = world.settings();
    let (class, account) = (visitor.endpoint.class(), visitor.account.as_deref());
    let admitted =
        world.quotas().admit(&settings.quotas, class, account, visitor.endpoint.units(), world.now());
    if let Err(exhausted) = admitted {
        return (Some(quota::refuse(&exhausted, visitor.endpoint)), None);
    }
    let subject = Subject {
        endpoint: visitor.endpoint,
        account,
        items: &visitor.items,
        has_page_token: visitor.has_page_token,
    };
    let drawn = world.faults().draw(&subject);
    let Some(drawn) = drawn else {
        return (Some(answer::route(world, visitor, None)), None);
    };
    (answer_badly(world, visitor, &drawn).await, Some(drawn))
}

async fn answer_badly(world: &World, visitor: &Visitor, drawn: &Drawn) -> Option<Reply> {
    if drawn.effect == Effect::Reset {
        return None;
    }
    if drawn.effect == Effect::Hang {
        rest(STALL_MAX).await;
        return None;
    }
    if let Effect::Delay { ms } = drawn.effect {
        rest(std::time::Duration::from_millis(ms)).await;
    }
    if let Some(reply) = sabotage::instead(&drawn.effect, visitor) {
        return Some(reply);
    }
    let reply = answer::route(world, visitor, Some(drawn));
    Some(if reply.status.is_success() { sabotage::spoil(reply, drawn) } else { reply })
}

fn log(world: &World, visitor: &Visitor, reply: Option<&Reply>) {
    let now = world.now();
    let entry = Logged {
        at_ms: now,
        endpoint: visitor.endpoint,
        account: visitor.account.clone(),
        item: visitor.items.first().filter(|_| visitor.items.len() == 2).cloned(),
        status: reply.map_or(0, |reply| reply.status.as_u16()),
        bearer: visitor.bearer.is_some(),
        range: visitor.header("range").map(str::to_owned),
    };
    let throttled = entry.status == 429 || reply.is_some_and(is_throttle);
    world.stats().answered(entry, throttled, now);
}

/// Whether Drive says that too much was asked in a time, which it does with a 403.
fn is_throttle(reply: &Reply) -> bool {
    matches!(&reply.payload, Payload::Json(body) if reply.status.as_u16() == 403 && drive::is_throttle(body))
}

async fn rest(length: std::time::Duration) {
    if !length.is_zero() {
        tokio::time::sleep(length).await;
    }
}
