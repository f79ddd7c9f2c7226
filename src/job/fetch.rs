//! One try at one file: from its address to a whole file in `partial/`.
//!
//! Owns: the checks that make an answer a file (type, first bytes, announced length, not empty) and what each fault means for the
//! file. Invariant: never sleeps and never tries again by itself: that is the pump's; holds one download's leave while bytes
//! come; at most two pieces of [`PIECE_BYTES`] are in memory. A small file under way when a stop begins is finished, a large
//! one is left resumable. May import: `source`, `store`, `fs`, `clock`. Tests: `tests/it`.

use std::pin::pin;
use std::time::Duration;

use crate::clock::{mono_now, wall_now};
use crate::google::{ApiError, MediaStream, Part};
use crate::job::Outcome;
use crate::job::body::{Family, type_fits};
use crate::job::faults::{end_of_api, end_of_fs, end_of_store, text_of};
use crate::job::motion::clip_name;
use crate::job::partial::{PIECE_BYTES, Partial, WriteError, key_for};
use crate::job::ticket::{Clip, End, Fetched, Ticket, Whole};
use crate::job::tools::{Tools, blocking, lock};
use crate::media::MediaKind;
use crate::store::FilePart;

/// An address older than this is not used any more: Google's live 60 minutes.
const ADDRESS_AGE_MAX: Duration = Duration::from_secs(50 * 60);

/// Bytes that have come: in the file, and not yet in it.
#[derive(Debug)]
struct Body {
    partial: Box<Partial>,
    piece: Vec<u8>,
}

/// What is done with the piece at hand besides writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Continue,
    Keep,
}

/// One try at one file.
pub(crate) async fn fetch(tools: &Tools, mut ticket: Ticket) -> Fetched {
    let end = match try_once(tools, &mut ticket).await {
        Ok(whole) => End::Whole(Box::new(whole)),
        Err(end) => end,
    };
    if matches!(end, End::NoClip)
        && let Err(error) = tools.store.unwant(ticket.wanted.id.clone(), ticket.wanted.part).await
    {
        return Fetched { ticket, end: End::Halt(end_of_store(&error)) };
    }
    Fetched { ticket, end }
}

async fn try_once(tools: &Tools, ticket: &mut Ticket) -> Result<Whole, End> {
    if ticket.wanted.part == FilePart::Main {
        match ticket.wanted.kind {
            MediaKind::Photo | MediaKind::Video => {}
            MediaKind::VideoProcessing => return Err(End::Processing),
            MediaKind::VideoFailed => {
                return Err(End::Refused("Google could not process the video".to_owned()));
            }
        }
    }
    let leave = tokio::select! {
        biased;
        () = tools.stop.begun() => return Err(End::Stopped),
        leave = tools.downloads.acquire() => leave.map_err(|_| End::Stopped)?,
    };
    let mut partial = partial_for(tools, ticket).await?;
    let opened = open(tools, ticket, partial.resume_at()).await;
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(end) => {
            ticket.partial = Some(partial);
            return Err(end);
        }
    };
    if let Err(end) = check_announcement(ticket, &stream) {
        ticket.partial = Some(partial);
        return Err(end);
    }
    if stream.offset() == 0 {
        partial = restart(partial, stream.total()).await?;
    } else if !partial.continues(stream.offset(), stream.total()) {
        ticket.partial = Some(restart(partial, None).await?);
        return Err(End::Broken("the file changed at Google while it was fetched".to_owned()));
    }
    let partial = receive(tools, ticket, partial, &mut stream).await?;
    drop(leave);
    finish(tools, ticket, partial).await
}

/// What an earlier try of this run left, else what an earlier run left, else a new one.
async fn partial_for(tools: &Tools, ticket: &mut Ticket) -> Result<Box<Partial>, End> {
    if let Some(partial) = ticket.partial.take() {
        return Ok(partial);
    }
    let key = key_for(&ticket.wanted.id, ticket.wanted.part);
    let leftover = lock(&tools.leftovers).remove(&key);
    let new = Partial::new(tools.root.clone(), tools.room.clone(), key, tools.library.file_mode);
    let Some(leftover) = leftover else { return Ok(Box::new(new)) };
    let revived = blocking(move || new.revive(leftover)).await.map_err(End::Halt)?;
    revived.map(Box::new).map_err(|error| End::Halt(end_of_fs(&error)))
}

async fn open(tools: &Tools, ticket: &mut Ticket, from: u64) -> Result<MediaStream, End> {
    let address = ticket.address.as_ref().filter(|it| mono_now().duration_since(it.told) < ADDRESS_AGE_MAX);
    let Some(address) = address else { return Err(End::Stale) };
    let part = match (ticket.wanted.part, ticket.wanted.kind) {
        (FilePart::Main, MediaKind::Photo) => Part::Still,
        (FilePart::Main, MediaKind::Video | MediaKind::VideoProcessing | MediaKind::VideoFailed)
        | (FilePart::Motion, _) => Part::Video,
    };
    let opened = tokio::select! {
        biased;
        () = tools.stop.begun() => return Err(End::Stopped),
        opened = tools.source.open(&address.url, part, from) => opened,
    };
    opened.map_err(|error| end_of_try(&error, ticket))
}

/// What a refused or broken request means for the file. An address is renewed once before it is believed that the bytes are gone; a clip
/// that was only guessed is not worth even that.
fn end_of_try(error: &ApiError, ticket: &mut Ticket) -> End {
    let is_clip = ticket.wanted.part == FilePart::Motion;
    let is_guess = is_clip && !ticket.certain_clip;
    match error {
        ApiError::Throttled { rest } | ApiError::FileRests { rest, .. } => End::Throttled(*rest),
        ApiError::Transient { .. } | ApiError::Changed { .. } => End::Broken(text_of(error)),
        ApiError::Parked(_) | ApiError::Auth(_) | ApiError::ScopeMissing { .. } => {
            End::Halt(end_of_api(error, wall_now()))
        }
        ApiError::Expired | ApiError::NotFound { .. } | ApiError::Fatal { .. } if is_guess => End::NoClip,
        ApiError::Expired | ApiError::NotFound { .. } if !ticket.refused_once => {
            ticket.refused_once = true;
            End::Stale
        }
        ApiError::Expired | ApiError::NotFound { .. } if is_clip => End::NoClip,
        ApiError::Expired | ApiError::NotFound { .. } => {
            End::Refused(format!("{}, though it is new", text_of(error)))
        }
        ApiError::BadPageToken { .. } | ApiError::FileRefused { .. } | ApiError::Fatal { .. } => {
            End::Refused(text_of(error))
        }
    }
}

/// What the bytes must be.
fn family_of(ticket: &Ticket) -> Family {
    let is_still = ticket.wanted.part == FilePart::Main && ticket.wanted.kind == MediaKind::Photo;
    if is_still { Family::Image } else { Family::Video }
}

/// Type and length as announced, before a byte is read.
fn check_announcement(ticket: &Ticket, stream: &MediaStream) -> Result<(), End> {
    let is_clip = ticket.wanted.part == FilePart::Motion;
    let family = family_of(ticket);
    if !type_fits(family, stream.content_type()) {
        let found = stream.content_type().unwrap_or_default();
        let reason = format!("Google answered with the type `{found}`");
        // A picture in place of a clip says that there is none; a page may say anything.
        let is_picture = type_fits(Family::Image, stream.content_type());
        return Err(if is_clip && is_picture { End::NoClip } else { End::Broken(reason) });
    }
    if stream.total().is_some_and(|total| total > family.bytes_max()) {
        return Err(End::Refused(
            "the announced length is more than any file of Google Photos has".to_owned(),
        ));
    }
    Ok(())
}

async fn restart(mut partial: Box<Partial>, total: Option<u64>) -> Result<Box<Partial>, End> {
    if partial.written() == 0 {
        // No file, nothing to wait for.
        partial.begin(total).map_err(|error| End::Halt(end_of_fs(&error)))?;
        return Ok(partial);
    }
    let begun = blocking(move || partial.begin(total).map(|()| partial)).await.map_err(End::Halt)?;
    begun.map_err(|error| End::Halt(end_of_fs(&error)))
}

/// Reads the stream to its end; the last piece of a file is written by [`finish`] except where pieces came before.
async fn receive(
    tools: &Tools,
    ticket: &mut Ticket,
    partial: Box<Partial>,
    stream: &mut MediaStream,
) -> Result<Body, End> {
    let total = partial.total();
    let mut is_large = partial.written() > 0 || total.is_some_and(|total| total > PIECE_BYTES as u64);
    let capacity = usize::try_from(total.unwrap_or(0)).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
    let mut body = Body { partial, piece: Vec::with_capacity(capacity) };
    let mut stopped = pin!(tools.stop.begun());
    loop {
        let came = tokio::select! {
            biased;
            () = &mut stopped, if is_large => return Err(keep(ticket, body, End::Stopped).await),
            came = stream.chunk() => came,
        };
        match came {
            Ok(Some(bytes)) => body.piece.extend_from_slice(&bytes),
            Ok(None) => break,
            Err(error) => {
                let end = end_of_try(&error, ticket);
                return Err(keep(ticket, body, end).await);
            }
        }
        let so_far = body.partial.written() + body.piece.len() as u64;
        if total.is_some_and(|total| so_far > total) {
            body.partial.discard();
            return Err(End::Broken("more bytes came than were announced".to_owned()));
        }
        if so_far > family_of(ticket).bytes_max() {
            body.partial.discard();
            return Err(End::Refused(WriteError::Endless.to_string()));
        }
        if body.piece.len() >= PIECE_BYTES && Some(so_far) != total {
            is_large = true;
            body = write(body, Then::Continue).await?;
        }
    }
    let length = body.partial.written() + body.piece.len() as u64;
    if length == 0 || total.is_some_and(|total| length != total) {
        let reason = format!("{length} bytes came where {} were announced", total.unwrap_or(1));
        return Err(keep(ticket, body, End::Broken(reason)).await);
    }
    Ok(body)
}

/// Leaves a broken file so that it can be gone on from, and says `end`; a fault in doing so comes first.
async fn keep(ticket: &mut Ticket, body: Body, end: End) -> End {
    let so_far = body.partial.written() + body.piece.len() as u64;
    let is_worth_it =
        so_far >= PIECE_BYTES as u64 && body.partial.total().is_some_and(|total| so_far < total);
    if !is_worth_it {
        let mut partial = body.partial;
        if partial.written() > 0 {
            partial.discard();
        }
        return end;
    }
    match write(body, Then::Keep).await {
        Ok(body) => {
            ticket.partial = Some(body.partial);
            end
        }
        Err(fault) => fault,
    }
}

/// Writes the piece at hand; after a fault nothing is left of the file.
async fn write(mut body: Body, then: Then) -> Result<Body, End> {
    let is_announced = body.partial.total().is_some();
    let wrote = blocking(move || {
        let result = body.partial.write(&body.piece).and_then(|()| match then {
            Then::Continue => Ok(()),
            Then::Keep => body.partial.keep().map_err(WriteError::from),
        });
        body.piece.clear();
        if result.is_err() {
            body.partial.discard();
        }
        result.map(|()| body)
    });
    wrote.await.map_err(End::Halt)?.map_err(|error| {
        // Without a length nobody knows whether it would have had an end, so it is one file's fault and not the disk's.
        if error.is_full() && !is_announced {
            let reason = first_line(&error);
            return End::Refused(format!("the answer announced no length, and no end came: {reason}"));
        }
        end_of_write(&error)
    })
}

/// An error without its hint, for the reason of one file.
fn first_line(error: &dyn std::error::Error) -> String {
    text_of(error).lines().next().unwrap_or_default().to_owned()
}

fn end_of_write(error: &WriteError) -> End {
    match error {
        // A bad place on the disk: another try may write to another, and so may the other files.
        WriteError::Fs(error) if error.is_of_the_device() => End::Broken(text_of(error)),
        WriteError::Fs(error) => End::Halt(end_of_fs(error)),
        WriteError::Room(error) => End::Halt(Outcome::DiskFull(text_of(error))),
        WriteError::Text => End::Broken(text_of(error)),
        WriteError::Endless => End::Refused(text_of(error)),
    }
}

/// Writes the rest, ends the file, and asks for its clip if it has one.
async fn finish(tools: &Tools, ticket: &Ticket, mut body: Body) -> Result<Whole, End> {
    let wanted = &ticket.wanted;
    let created = wanted.created;
    let finished = blocking(move || {
        let partial = &mut body.partial;
        let ended = partial.write(&body.piece).map(|()| partial.finish(created));
        if ended.is_err() {
            partial.discard();
        }
        ended.map(|ended| (ended, partial.has_motion_mark()))
    });
    let ((partial, bytes, sha256), has_mark) =
        finished.await.map_err(End::Halt)?.map_err(|error| end_of_write(&error))?;
    let clip = clip_of(tools, ticket, has_mark).await?;
    Ok(Whole {
        id: wanted.id.clone(),
        part: wanted.part,
        path: wanted.path.clone(),
        created,
        tries: wanted.tries,
        is_replacement: wanted.is_replacement,
        partial,
        bytes,
        sha256,
        clip,
    })
}

/// Asks the index for a still's clip before the still is placed, so that a crash in between forgets neither.
async fn clip_of(tools: &Tools, ticket: &Ticket, has_mark: bool) -> Result<Option<Clip>, End> {
    let wanted = &ticket.wanted;
    let is_still = wanted.part == FilePart::Main && wanted.kind == MediaKind::Photo;
    if !is_still || !(has_mark || ticket.likely_motion) {
        return Ok(None);
    }
    let (dir, name) = clip_name(&wanted.path);
    let asked = tools.store.want_motion(wanted.id.clone(), name, dir, tools.library.portable_names).await;
    let clip = asked.map_err(|error| End::Halt(end_of_store(&error)))?;
    Ok(clip.map(|wanted| Clip { wanted, certain: has_mark }))
}
