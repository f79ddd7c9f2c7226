//! A minimal MP4 file round Motion JPEG frames.
//!
//! Owns: the boxes, written by hand. Invariant: one track, all frames in one chunk, each a key frame.
//! May import: nothing. Tests: `media/tests.rs`.

use chrono::{DateTime, Utc};

/// Ticks in a second of the movie and of the track.
const TIMESCALE: u32 = 600;
/// Ticks that one frame lasts: six frames a second.
const FRAME_TICKS: u32 = 100;
/// Seconds from 1904-01-01 (the epoch of MP4) to 1970-01-01.
const EPOCH_1904_SECS: i64 = 2_082_844_800;
/// `objectTypeIndication` of JPEG (ISO/IEC 14496-1).
const OBJECT_TYPE_JPEG: u8 = 0x6c;
/// The unity matrix of `mvhd` and `tkhd`.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The file of `frames`, each a whole JPEG.
pub(crate) fn wrap(frames: &[Vec<u8>], width: u16, height: u16, taken: DateTime<Utc>) -> Vec<u8> {
    let ftyp = boxed(*b"ftyp", &[b"isom\0\0\x02\0isomiso2mp41"]);
    let movie = |first_frame_at| moov(frames, width, height, taken, first_frame_at);
    let data_at = len32(ftyp.len() + movie(0).len() + 8);
    let data = frames.concat();
    [ftyp, movie(data_at), boxed(*b"mdat", &[&data])].concat()
}

fn moov(frames: &[Vec<u8>], width: u16, height: u16, taken: DateTime<Utc>, data_at: u32) -> Vec<u8> {
    let created = u32::try_from(taken.timestamp() + EPOCH_1904_SECS).unwrap_or(0).to_be_bytes();
    let length = (len32(frames.len()) * FRAME_TICKS).to_be_bytes();
    let scale = TIMESCALE.to_be_bytes();
    let matrix: Vec<u8> = MATRIX.iter().flat_map(|cell| cell.to_be_bytes()).collect();
    let mvhd_rest: &[u8] = b"\0\x01\0\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    let mvhd = full(
        *b"mvhd",
        0,
        &[&created, &created, &scale, &length, mvhd_rest, &matrix, &[0; 24], &[0, 0, 0, 2]],
    );
    let size = [width.to_be_bytes(), [0, 0], height.to_be_bytes(), [0, 0]].concat();
    let tkhd =
        full(*b"tkhd", 7, &[&created, &created, &[0, 0, 0, 1], &[0; 4], &length, &[0; 16], &matrix, &size]);
    let media_head = full(*b"mdhd", 0, &[&created, &created, &scale, &length, b"\x55\xc4\0\0"]);
    let hdlr = full(*b"hdlr", 0, &[&[0; 4], b"vide", &[0; 12], b"VideoHandler\0"]);
    let vmhd = full(*b"vmhd", 1, &[&[0; 8]]);
    let dref = full(*b"dref", 0, &[&[0, 0, 0, 1], &full(*b"url ", 1, &[])]);
    let minf = boxed(*b"minf", &[&vmhd, &boxed(*b"dinf", &[&dref]), &stbl(frames, width, height, data_at)]);
    let mdia = boxed(*b"mdia", &[&media_head, &hdlr, &minf]);
    boxed(*b"moov", &[&mvhd, &boxed(*b"trak", &[&tkhd, &mdia])])
}

fn stbl(frames: &[Vec<u8>], width: u16, height: u16, data_at: u32) -> Vec<u8> {
    let count = len32(frames.len()).to_be_bytes();
    let one = 1_u32.to_be_bytes();
    let sizes: Vec<u8> = frames.iter().flat_map(|frame| len32(frame.len()).to_be_bytes()).collect();
    let entries = full(*b"stsd", 0, &[&one, &sample_entry(width, height)]);
    let times = full(*b"stts", 0, &[&one, &count, &FRAME_TICKS.to_be_bytes()]);
    let chunks = full(*b"stsc", 0, &[&one, &one, &count, &one]);
    let lengths = full(*b"stsz", 0, &[&[0; 4], &count, &sizes]);
    let places = full(*b"stco", 0, &[&one, &data_at.to_be_bytes()]);
    boxed(*b"stbl", &[&entries, &times, &chunks, &lengths, &places])
}

fn sample_entry(width: u16, height: u16) -> Vec<u8> {
    let decoder = descriptor(4, &[&[OBJECT_TYPE_JPEG, 0x11], &[0; 11]]);
    let stream = descriptor(3, &[&[0, 1, 0], &decoder, &descriptor(6, &[&[2]])]);
    let esds = full(*b"esds", 0, &[&stream]);
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let rest = b"\0\x48\0\0\0\x48\0\0\0\0\0\0\0\x01";
    boxed(*b"mp4v", &[&[0, 0, 0, 0, 0, 0, 0, 1], &[0; 16], &size, rest, &[0; 32], b"\0\x18\xff\xff", &esds])
}

fn descriptor(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [vec![tag, u8::try_from(body.len()).unwrap_or(u8::MAX)], body].concat()
}

/// A box with version 0 and `flags`.
fn full(name: [u8; 4], flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    boxed(name, &[&flags.to_be_bytes(), &parts.concat()])
}

fn boxed(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [len32(body.len() + 8).to_be_bytes().to_vec(), name.to_vec(), body].concat()
}

fn len32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
