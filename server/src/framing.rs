//! Where requests begin and end. A proxy in front that sees other borders than we do takes a part of one request for another one, of
//! somebody else. So whatever may be read in two ways is refused.
//!
//! hyper reads such a head in the one way that the standard allows, and says nothing of it: of two lengths that are equal it hands on one,
//! of a length beside `chunked` none. So the bytes are looked at on their way to it.

use axum::http::{HeaderMap, Version, header};
use httparse::{EMPTY_HEADER, Request, Status, parse_chunk_size};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As many as hyper takes.
const MOST_HEADERS: usize = 100;
/// What is longer is refused by hyper.
const LONGEST: usize = 512 << 10;
/// The number of no request.
const NONE: u64 = u64::MAX;

/// What is wrong with the framing of a head, as far as its headers tell.
pub(crate) fn ambiguous(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let hosts = headers.get_all(header::HOST).iter().count();
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (hosts, codings.next(), codings.next()) {
        (0, ..) if version == Version::HTTP_11 => Some("there is no header Host, and one is needed"),
        (2.., ..) => Some("the header Host stands several times, and may once"),
        (_, _, Some(_)) => Some("the header Transfer-Encoding stands several times, and may once"),
        (_, Some(coding), None) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Some("the header Transfer-Encoding may be 'chunked', and nothing else")
        }
        _ => None,
    }
}

/// What is wrong with lengths that hyper does not hand on.
pub(crate) const LENGTHS: &str =
    "Content-Length stands several times, or beside Transfer-Encoding: where the body ends is not certain";

/// The first request of a connection that says in two ways how long it is.
#[derive(Debug, Clone)]
pub(crate) struct FirstAmbiguous(Arc<AtomicU64>);

impl FirstAmbiguous {
    /// Whether it is the request with this number, counted from 0.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.0.load(Ordering::Acquire) == number
    }
}

/// A connection whose requests are looked at while they are read.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    at: At,
    requests: u64,
    first: FirstAmbiguous,
}

/// Where in a request the next byte stands.
#[derive(Debug)]
enum At {
    /// In a head, of which this was read.
    Head(Vec<u8>),
    /// In what is passed over: so many bytes of it are still to come.
    Body(u64),
    /// In the line that says how long a chunk is, of which this was read.
    Size(Vec<u8>),
    /// In a chunk: so many bytes of it, and of the end of its line, are still to come.
    Chunk(u64),
    /// In what follows the last chunk, and whether anything stands in this line.
    Trailers(bool),
    /// Somewhere that is no request: the connection has become something else, or is refused.
    Lost,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S) -> (Self, FirstAmbiguous) {
        let first = FirstAmbiguous(Arc::new(AtomicU64::new(NONE)));
        let watched = Self {
            stream,
            at: At::Head(Vec::new()),
            requests: 0,
            first: first.clone(),
        };
        (watched, first)
    }

    fn look_at(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = std::mem::replace(&mut self.at, At::Lost);
            self.at = match at {
                At::Head(read) => self.head(read, &mut bytes),
                At::Body(left) => match pass(left, &mut bytes) {
                    0 => At::Head(Vec::new()),
                    left => At::Body(left),
                },
                At::Size(read) => size(read, &mut bytes),
                At::Chunk(left) => match pass(left, &mut bytes) {
                    0 => At::Size(Vec::new()),
                    left => At::Chunk(left),
                },
                At::Trailers(begun) => trailers(begun, &mut bytes),
                At::Lost => return,
            };
        }
    }

    fn head(&mut self, mut read: Vec<u8>, bytes: &mut &[u8]) -> At {
        let before = read.len();
        read.extend_from_slice(bytes);
        if read.len() > LONGEST {
            return At::Lost;
        }
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut head = Request::new(&mut headers);
        // No head ends within a line.
        let parsed = match bytes.contains(&b'\n') {
            true => head.parse(&read),
            false => Ok(Status::Partial),
        };
        match parsed {
            Ok(Status::Complete(length)) => {
                let next = self.framing(&head);
                *bytes = bytes.get(length - before..).unwrap_or_default();
                next
            }
            Ok(Status::Partial) => {
                *bytes = &[];
                At::Head(read)
            }
            Err(_) => At::Lost,
        }
    }

    /// What follows a head.
    fn framing(&mut self, head: &Request<'_, '_>) -> At {
        let of = |name: &'static str| {
            let headers = head.headers.iter();
            headers
                .filter(move |header| header.name.eq_ignore_ascii_case(name))
                .map(|header| header.value)
        };
        let number = self.requests;
        self.requests += 1;
        let chunked = of("transfer-encoding").next().is_some();
        let mut lengths = of("content-length");
        match (lengths.next(), lengths.next(), chunked) {
            (None, None, false) => At::Head(Vec::new()),
            (None, None, true) => At::Size(Vec::new()),
            (Some(length), None, false) => {
                let length = std::str::from_utf8(length)
                    .ok()
                    .and_then(|text| text.parse().ok());
                match length {
                    Some(0) => At::Head(Vec::new()),
                    Some(length) => At::Body(length),
                    None => At::Lost,
                }
            }
            _ => {
                self.first.0.store(number, Ordering::Release);
                At::Lost
            }
        }
    }
}

/// Passes over bytes; how many of so many are then still to come.
fn pass(left: u64, bytes: &mut &[u8]) -> u64 {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    *bytes = bytes.get(here..).unwrap_or_default();
    left.saturating_sub(here as u64)
}

fn size(mut read: Vec<u8>, bytes: &mut &[u8]) -> At {
    let before = read.len();
    read.extend_from_slice(bytes);
    match parse_chunk_size(&read) {
        Ok(Status::Complete((length, size))) => {
            *bytes = bytes.get(length - before..).unwrap_or_default();
            match size {
                0 => At::Trailers(false),
                size => At::Chunk(size.saturating_add(2)),
            }
        }
        Ok(Status::Partial) if read.len() <= LONGEST => {
            *bytes = &[];
            At::Size(read)
        }
        Ok(Status::Partial) | Err(_) => At::Lost,
    }
}

fn trailers(mut begun: bool, bytes: &mut &[u8]) -> At {
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        match byte {
            b'\n' if !begun => return At::Head(Vec::new()),
            b'\n' => begun = false,
            b'\r' => {}
            _ => begun = true,
        }
    }
    At::Trailers(begun)
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.look_at(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which request is ambiguous, however the bytes are cut.
    fn first(bytes: &[u8]) -> Option<u64> {
        let found = |piece: usize| {
            let (mut watched, first) = Watched::new(());
            bytes.chunks(piece).for_each(|bytes| watched.look_at(bytes));
            Some(first.0.load(Ordering::Acquire)).filter(|number| *number != NONE)
        };
        let whole = found(bytes.len());
        for piece in [1, 2, 3, 7, 16] {
            assert_eq!(found(piece), whole, "in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn the_first_request_whose_length_is_told_in_two_ways_is_found() {
        let plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let sized =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\nContent-Length: 1\nContent-Length: ";
        let empty = "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5;x=\"y\"\r\nab\r\nc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n";
        let twice = "POST / HTTP/1.1\r\nContent-Length: 1\r\nCONTENT-LENGTH: 1\r\n\r\nx";
        let both = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
        for (requests, number) in [
            (vec![plain, sized, empty, chunked, plain], None),
            (vec![twice], Some(0)),
            (vec![both], Some(0)),
            (vec![plain, both, twice], Some(1)),
            (vec![sized, twice], Some(1)),
            (vec![empty, chunked, chunked, twice], Some(3)),
            (vec!["\u{81}no request\r\n\r\n", twice], None),
        ] {
            assert_eq!(first(requests.concat().as_bytes()), number, "{requests:?}");
        }
    }
}
