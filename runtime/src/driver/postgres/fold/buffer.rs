//! Bytes that were received, message by message.

/// How much room there is for what comes next, at least; of which size it is made at first; and how far it grows where more
/// comes than there is room for, though no message needs it.
const LEAST: usize = 4096;
const FIRST: usize = 8192;
const LARGE: usize = 1 << 16;
/// Memory above this is given back.
pub(super) const KEPT: usize = 1 << 17;

/// The kind of a message and its length, which counts itself.
const HEAD: usize = 5;

/// A message of the server's.
pub(in crate::driver::postgres) struct Message<'b> {
    pub tag: u8,
    pub body: &'b [u8],
    /// All of it.
    pub whole: &'b [u8],
}

/// Bytes of which some are still to be looked at.
#[derive(Debug, Default)]
pub(in crate::driver::postgres) struct Buffer {
    /// All of it can be written to; what is behind the end means nothing.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether there was no room left.
    was_full: bool,
}

impl Buffer {
    /// How much there is.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
        if self.bytes.len() > KEPT {
            self.bytes = Vec::new();
        }
    }

    /// Room for what comes next.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < LEAST {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
            let more_comes = std::mem::take(&mut self.was_full) && self.bytes.len() < LARGE;
            if more_comes || self.bytes.len() - self.end < LEAST {
                self.bytes.resize((self.bytes.len() * 2).max(FIRST), 0);
            }
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that so much of the room was written to; gives it.
    pub(super) fn wrote(&mut self, some: usize) -> &[u8] {
        let from = self.end;
        self.end = (from + some).min(self.bytes.len());
        self.was_full |= self.end == self.bytes.len();
        self.bytes.get(from..self.end).unwrap_or_default()
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.room();
            let (some, behind) = rest.split_at(rest.len().min(room.len()));
            if let Some(place) = room.get_mut(..some.len()) {
                place.copy_from_slice(some);
            }
            self.wrote(some.len());
            rest = behind;
        }
    }

    /// Takes away what is last.
    pub(super) fn take_last(&mut self, some: usize) -> Vec<u8> {
        let from = self.end.saturating_sub(some).max(self.start);
        let last = self.bytes.get(from..self.end).unwrap_or_default().to_vec();
        self.end = from;
        last
    }

    /// The next message, if all of it is there.
    pub(in crate::driver::postgres) fn next(&mut self) -> Option<Message<'_>> {
        let there = self.bytes.get(self.start..self.end)?;
        let (head, rest) = there.split_first_chunk::<HEAD>()?;
        let [tag, a, b, c, d] = *head;
        let length = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(HEAD - 1);
        let (body, whole) = (rest.get(..length)?, there.get(..HEAD + length)?);
        self.start += whole.len();
        Some(Message { tag, body, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&(length as u32 + 4).to_be_bytes());
        bytes.resize(HEAD + length, tag);
        bytes
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let lengths = [0, 1, 700, 0, 20_000, 3, 300_000, 5];
        let all: Vec<u8> = lengths.iter().flat_map(|length| message(b'D', *length)).collect();
        for part in [1, 4, 5, 6, 4095, 100_000, all.len()] {
            let (mut buffer, mut found) = (Buffer::default(), Vec::new());
            for part in all.chunks(part) {
                buffer.put(part);
                while let Some(message) = buffer.next() {
                    assert!(message.tag == b'D' && message.body.iter().all(|byte| *byte == b'D'));
                    assert_eq!(message.whole.len(), HEAD + message.body.len());
                    found.push(message.body.len());
                }
            }
            assert_eq!((found.as_slice(), buffer.len()), (&lengths[..], 0), "{part}");
            buffer.clear();
            assert!(buffer.bytes.len() <= KEPT);
        }
    }

    #[test]
    fn what_is_last_can_be_taken_away() {
        let mut buffer = Buffer::default();
        buffer.put(&[message(b'C', 3), message(b'Z', 1), b"N\0".to_vec()].concat());
        assert_eq!(buffer.take_last(2), b"N\0");
        assert_eq!(buffer.next().map(|message| message.tag), Some(b'C'));
        assert_eq!(buffer.take_last(100), message(b'Z', 1));
        assert!(buffer.next().is_none() && buffer.len() == 0);
    }
}
