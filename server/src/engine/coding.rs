//! gzip: content negotiation, and bodies that are compressed once and sent to many clients
//!
//! A body consists of *pieces*: deflate blocks that begin with an empty window and end on a byte. Pieces that were compressed separately
//! can therefore follow one another in one gzip stream. A stream of events needs no encoder of its own, only a running checksum, and
//! nothing waits in a buffer (`docs/adr/0014-compressed-answers.md`).

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// Shorter bodies are not compressed: they fit into one packet anyway
const SMALL: usize = 1_024;
/// The gzip header without name and time and with an unknown system, so that every node produces the same bytes
const HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty stored block with the "last block" bit
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0xff, 0xff];

/// Compression level of bytes that are sent to many clients: the last tenth is worth its time because it is paid once
const SHARED: Compression = Compression::new(6);
/// Compression level of a response to one request, where CPU time matters more than the last tenth
const SINGLE: Compression = Compression::new(2);

/// The content coding of a body
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCoding {
    /// Not compressed
    Identity,
    /// gzip
    Gzip,
}

impl ContentCoding {
    /// gzip if the client accepts it, whatever else it accepts: for these bodies gzip is never worse
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        let codings = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut any_other = false;
        for coding in codings {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let is_taken = !is_refused(parameters);
            match name.trim() {
                "*" => any_other = is_taken,
                // A coding that is named overrides `*`.
                name if name.eq_ignore_ascii_case("gzip") => {
                    return if is_taken { Self::Gzip } else { Self::Identity };
                }
                _ => {}
            }
        }
        if any_other {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// The coding for a body of this length
    pub(crate) fn for_length(self, length: usize) -> Self {
        if length < SMALL { Self::Identity } else { self }
    }

    /// The `Content-Encoding` header, unless the body is not compressed
    pub(crate) fn header(self) -> Option<[(HeaderName, HeaderValue); 1]> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]),
        }
    }
}

fn is_refused(parameters: &str) -> bool {
    let weight = parameters.trim().strip_prefix("q=");
    weight.is_some_and(|weight| {
        weight
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight <= 0.0)
    })
}

/// The body of one response and its headers
pub(crate) fn encode(body: Vec<u8>, accepted: ContentCoding) -> (ContentCoding, Bytes) {
    let coding = accepted.for_length(body.len());
    match coding {
        ContentCoding::Identity => (coding, body.into()),
        ContentCoding::Gzip => (coding, whole(&body, SINGLE).into()),
    }
}

/// A whole body in gzip, at the level for many clients
pub(crate) fn gzip(body: &[u8]) -> Bytes {
    let mut whole = whole(body, SHARED);
    whole.shrink_to_fit();
    whole.into()
}

fn whole(body: &[u8], level: Compression) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(body);
    let piece = piece(body, level);
    [HEAD, &piece, &end(&crc)].concat()
}

/// Bytes that are sent to many connections, with their gzip piece, which is made on first use
#[derive(Debug, Clone)]
pub struct SharedBytes(Arc<Forms>);

#[derive(Debug)]
struct Forms {
    plain: Bytes,
    piece: OnceLock<Piece>,
}

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    crc: Crc,
}

impl SharedBytes {
    /// From bytes that are not compressed
    pub fn new(plain: impl Into<Bytes>) -> Self {
        Self(Arc::new(Forms {
            plain: plain.into(),
            piece: OnceLock::new(),
        }))
    }

    /// The bytes without compression
    pub fn plain(&self) -> &Bytes {
        &self.0.plain
    }

    /// Makes the piece for this coding, unless it exists
    pub(crate) fn prepare(&self, coding: ContentCoding) {
        if coding == ContentCoding::Gzip {
            self.piece();
        }
    }

    /// Whether the piece for this coding exists or is not needed
    pub(crate) fn is_ready(&self, coding: ContentCoding) -> bool {
        coding == ContentCoding::Identity || self.0.piece.get().is_some()
    }

    fn piece(&self) -> &Piece {
        self.0.piece.get_or_init(|| {
            let mut bytes = piece(&self.0.plain, SHARED);
            bytes.shrink_to_fit();
            let mut crc = Crc::new();
            crc.update(&self.0.plain);
            Piece {
                bytes: bytes.into(),
                crc,
            }
        })
    }
}

/// Encodes the response of one connection, part by part; no part is empty
#[derive(Debug)]
pub(crate) enum Encoder {
    /// Without compression
    Identity,
    /// gzip, with the checksum of all parts so far
    Gzip(Crc),
}

impl Encoder {
    pub(crate) fn new(coding: ContentCoding) -> Self {
        match coding {
            ContentCoding::Identity => Self::Identity,
            ContentCoding::Gzip => Self::Gzip(Crc::new()),
        }
    }

    /// Encodes the next part; a decoder can decode all of it at once
    pub(crate) fn encode(&mut self, part: &SharedBytes) -> Bytes {
        match self {
            Self::Identity => part.plain().clone(),
            Self::Gzip(crc) => {
                let is_first = crc.amount() == 0;
                let piece = part.piece();
                crc.combine(&piece.crc);
                if is_first {
                    [HEAD, &piece.bytes].concat().into()
                } else {
                    piece.bytes.clone()
                }
            }
        }
    }

    /// Encodes the last part and ends the stream
    pub(crate) fn encode_last(&mut self, part: &SharedBytes) -> Bytes {
        let bytes = self.encode(part);
        match self {
            Self::Identity => bytes,
            Self::Gzip(crc) => [&*bytes, &end(crc)].concat().into(),
        }
    }
}

fn end(crc: &Crc) -> Vec<u8> {
    let (sum, amount) = (crc.sum().to_le_bytes(), crc.amount().to_le_bytes());
    [LAST_BLOCK, &sum, &amount].concat()
}

thread_local! {
    // An encoder takes a quarter of a MiB: do not allocate and clear one for every request.
    static ENCODER: RefCell<Compress> = RefCell::new(Compress::new(SINGLE, false));
}

/// Deflate blocks that end on a byte and do not refer to earlier bytes
fn piece(plain: &[u8], level: Compression) -> Vec<u8> {
    let compressed = if level == SINGLE {
        ENCODER.with_borrow_mut(|encoder| {
            encoder.reset();
            deflate(encoder, plain)
        })
    } else if plain.len() < SMALL {
        None
    } else {
        deflate(&mut Compress::new(level, false), plain)
    };
    compressed.unwrap_or_else(|| stored(plain))
}

/// `None` if the result would be longer than the input
fn deflate(encoder: &mut Compress, plain: &[u8]) -> Option<Vec<u8>> {
    let mut blocks = Vec::with_capacity(plain.len());
    encoder
        .compress_vec(plain, &mut blocks, FlushCompress::Sync)
        .ok()?;
    // If there is room left in the output, all input has been consumed and flushed.
    let is_complete =
        usize::try_from(encoder.total_in()) == Ok(plain.len()) && blocks.len() < blocks.capacity();
    is_complete.then_some(blocks)
}

/// Stored (uncompressed) blocks: five bytes more for each 64 KiB
fn stored(plain: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(plain.len().saturating_add(LAST_BLOCK.len()));
    for block in plain.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        blocks.push(0);
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(block);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // This also checks the checksum and the length.
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (value, expected) in [
            ("gzip", ContentCoding::Gzip),
            ("gzip, deflate, br, zstd", ContentCoding::Gzip),
            ("br;q=1.0, GZIP;q=0.8, *;q=0.1", ContentCoding::Gzip),
            ("*", ContentCoding::Gzip),
            ("", ContentCoding::Identity),
            ("br", ContentCoding::Identity),
            ("identity", ContentCoding::Identity),
            ("gzip;q=0", ContentCoding::Identity),
            ("gzip; q=0.000", ContentCoding::Identity),
            ("*, gzip;q=0", ContentCoding::Identity),
            ("*;q=0", ContentCoding::Identity),
            ("gzipped", ContentCoding::Identity),
        ] {
            let headers =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(ContentCoding::accepted(&headers), expected, "{value}");
        }
        assert_eq!(
            ContentCoding::accepted(&HeaderMap::new()),
            ContentCoding::Identity
        );
    }

    #[test]
    fn a_small_answer_stays_as_it_is() {
        let small = vec![b'a'; SMALL - 1];
        assert_eq!(
            encode(small.clone(), ContentCoding::Gzip),
            (ContentCoding::Identity, small.into())
        );
        let (coding, long) = encode(vec![b'a'; SMALL], ContentCoding::Gzip);
        assert_eq!(coding, ContentCoding::Gzip);
        assert!(long.len() < 64, "{}", long.len());
        assert_eq!(gunzip(&long), vec![b'a'; SMALL]);
    }

    #[test]
    fn each_part_of_a_stream_can_be_read_before_the_next_one_comes() {
        let parts = [
            "event: a\n\n".repeat(500),
            ": heartbeat\n\n".to_owned(),
            "event: b\n\n".repeat(100),
        ];
        let mut encoder = Encoder::new(ContentCoding::Gzip);
        let mut decoder = Decompress::new(false);
        for (number, part) in parts.into_iter().enumerate() {
            let mut sent = encoder.encode(&SharedBytes::new(part.clone()));
            if number == 0 {
                assert_eq!(sent.split_to(HEAD.len()), HEAD);
            }
            let mut read = Vec::with_capacity(part.len() + 1);
            decoder
                .decompress_vec(&sent, &mut read, FlushDecompress::None)
                .unwrap();
            assert_eq!(read, part.as_bytes());
        }
    }

    #[test]
    fn the_encoder_of_a_connection_is_a_checksum() {
        assert!(size_of::<Encoder>() <= 32, "{}", size_of::<Encoder>());
    }

    proptest! {
        #[test]
        fn what_is_put_together_of_pieces_is_one_gzip_stream(
            parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..300), 1..300_usize), 0..6)
        ) {
            let parts: Vec<Vec<u8>> = parts.into_iter().map(|(bytes, times)| bytes.repeat(times)).collect();
            let mut encoder = Encoder::new(ContentCoding::Gzip);
            let mut sent = Vec::new();
            for part in &parts {
                sent.extend_from_slice(&encoder.encode(&SharedBytes::new(part.clone())));
            }
            sent.extend_from_slice(&encoder.encode_last(&SharedBytes::new("the end")));
            let all = [&*parts.concat(), b"the end"].concat();
            prop_assert_eq!(gunzip(&sent), all.clone());
            prop_assert_eq!(gunzip(&gzip(&all)), all.clone());
            let (coding, body) = encode(all.clone(), ContentCoding::Gzip);
            let read = if coding == ContentCoding::Gzip { gunzip(&body) } else { body.to_vec() };
            prop_assert_eq!(read, all);
        }
    }
}
