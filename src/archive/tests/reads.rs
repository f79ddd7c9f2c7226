//! How the bytes of a part are asked for.

use std::io;
use std::sync::{Arc, Mutex};

use crate::archive::tests::read_all;
use crate::archive::tests::writer::{Item, TarWriter, ZipWriter, gzip, noise};
use crate::archive::{ArchiveError, EntryFault, Flow, Part, Source};
use std::io::Read;

const PIECE: usize = 1 << 20;

/// A source that counts what it is asked for, and fails in the middle, from a place on to where the last MiB begins.
#[derive(Clone)]
struct Counted {
    bytes: Arc<Vec<u8>>,
    reads: Arc<Mutex<Vec<(u64, usize)>>>,
    fails_at: u64,
}

impl Counted {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: Arc::new(bytes), reads: Arc::default(), fails_at: u64::MAX }
    }

    fn part(&self) -> Part {
        Part::over(Box::new(self.clone()), self.bytes.len() as u64, "counted").unwrap()
    }

    fn take_reads(&self) -> Vec<(u64, usize)> {
        std::mem::take(&mut *self.reads.lock().unwrap())
    }
}

impl Source for Counted {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        let is_end = at + buf.len() as u64 == self.bytes.len() as u64 && buf.len() <= PIECE;
        if at + buf.len() as u64 > self.fails_at && !is_end {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the network is gone"));
        }
        let count = self.bytes.as_slice().len().min(usize::try_from(at).unwrap() + buf.len())
            - usize::try_from(at).unwrap();
        let from = usize::try_from(at).unwrap();
        buf[..count].copy_from_slice(&self.bytes[from..from + count]);
        self.reads.lock().unwrap().push((at, count));
        Ok(count)
    }

    fn piece(&self) -> usize {
        PIECE
    }
}

fn zip(count: u64) -> Vec<u8> {
    let items: Vec<Item> = (0..count)
        .flat_map(|n| {
            let json = format!("{{\"title\": \"{n}.jpg\"}}");
            [
                Item::stored(&format!("{n}.jpg"), &noise(n, 90_000)),
                Item::deflated(&format!("{n}.jpg.json"), json.as_bytes()).late(),
            ]
        })
        .collect();
    ZipWriter::of(&items).finish()
}

#[test]
fn a_zip_is_fetched_once_in_large_pieces_from_front_to_back() {
    let source = Counted::new(zip(120));
    let mut part = source.part();
    part.fingerprint().unwrap();
    assert_eq!(part.entries_count().unwrap(), Some(240));
    let (got, ending) = read_all(&mut part, None);
    assert!(ending.is_whole() && got.iter().all(|one| one.content.is_ok()));
    let reads = source.take_reads();
    let total: usize = reads.iter().map(|(_, count)| count).sum();
    let whole = source.bytes.len();
    assert!(total <= whole + 100, "{total} bytes fetched of {whole}: {reads:?}");
    assert!(reads.len() <= whole / PIECE + 3, "{} reads: {reads:?}", reads.len());
    let data: Vec<_> = reads.iter().filter(|(_, count)| *count > 4).skip(1).collect();
    assert!(data.windows(2).all(|two| two[0].0 < two[1].0), "not from front to back: {reads:?}");
}

#[test]
fn bodies_that_nobody_reads_are_not_fetched() {
    let items: Vec<Item> = (0..8).map(|n| Item::stored(&format!("{n}.mp4"), &noise(n, 5 << 20))).collect();
    let source = Counted::new(ZipWriter::of(&items).finish());
    let mut part = source.part();
    source.take_reads();
    part.read_entries::<ArchiveError>(None, &mut |_, _| Ok(Flow::GoOn)).unwrap();
    assert_eq!(source.take_reads(), [], "the directory is in memory and nothing else is needed");
    let (got, _) = read_all(&mut part, Some(6));
    assert_eq!(got.len(), 1);
    let total: usize = source.take_reads().iter().map(|(_, count)| count).sum();
    assert!(total < 7 << 20, "{total} bytes for one entry of 5 MiB");
}

#[test]
fn a_tgz_is_fetched_once() {
    let mut tar = TarWriter::default();
    (0..50).for_each(|n| tar.file(&format!("{n}.jpg"), &noise(n, 90_000)));
    let source = Counted::new(gzip(&tar.finish()));
    let mut part = source.part();
    let (got, ending) = read_all(&mut part, None);
    assert_eq!((got.len(), ending.is_whole()), (50, true));
    let total: usize = source.take_reads().iter().map(|(_, count)| count).sum();
    assert!(total <= source.bytes.len() + 4, "{total}");
}

#[test]
fn entries_out_of_order_cost_little_more_than_themselves() {
    let mut zip = ZipWriter::default();
    let mut places = Vec::new();
    for n in 0..64_u64 {
        let item = Item::stored(&format!("{n}.jpg"), &noise(n, 90_000));
        places.push((item.clone(), zip.out.len() as u64));
        zip.local(&item);
    }
    places.iter().rev().for_each(|(item, at)| zip.record(item, *at));
    let source = Counted::new(zip.finish());
    let (got, ending) = read_all(&mut source.part(), None);
    assert!(ending.is_whole() && got.iter().all(|one| one.content.is_ok()), "{ending:?}");
    let total: usize = source.take_reads().iter().map(|(_, count)| count).sum();
    assert!(total < 3 * source.bytes.len(), "{total}");
}

#[test]
fn a_source_that_fails_is_no_fault_of_the_archive() {
    let mut tar = TarWriter::default();
    (0..30).for_each(|n| tar.file(&format!("{n}.jpg"), &noise(n, 90_000)));
    for bytes in [zip(30), gzip(&tar.finish())] {
        let length = bytes.len() as u64;
        let failing = Counted { fails_at: 1_200_000, ..Counted::new(bytes) };
        let mut part = Part::over(Box::new(failing), length, "counted").unwrap();
        let mut seen = 0;
        let error = part
            .read_entries::<ArchiveError>(None, &mut |_, body| {
                if let Err(error) = io::copy(body, &mut io::sink()) {
                    assert_eq!(EntryFault::of(&error), None);
                    assert!(body.read(&mut [0]).is_err(), "it stays failed");
                }
                seen += 1;
                Ok(Flow::GoOn)
            })
            .unwrap_err();
        assert!(matches!(error, ArchiveError::Read { .. }), "{error:?}");
        assert!(seen > 5, "{seen}");
    }
}
