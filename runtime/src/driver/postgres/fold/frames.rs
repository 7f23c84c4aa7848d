//! Where messages of the server begin and end.

/// How the question begins whether the server encrypts, with its length, and how long the answer is, which is no message.
pub(super) const TLS_REQUEST: &[u8] = &[0, 0, 0, 8];
pub(super) const TLS_REPLY: usize = 1;

/// The kind of a message and its length, which counts itself.
const HEAD: usize = 5;

/// How far the messages that were received go.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a message, and how much of it there is.
    head: [u8; HEAD],
    has: usize,
    /// How much of a message is still to come, once its beginning is there.
    rest: usize,
}

impl Frames {
    /// Looks at what is handed on as it is, and says which messages end in it.
    pub(super) fn pass(&mut self, bytes: &[u8], ended: &mut impl FnMut(u8)) {
        let mut left = bytes;
        while let Some(tag) = self.next(&mut left) {
            ended(tag);
        }
    }

    /// Whether all messages of which anything was received are there.
    pub(super) fn is_between(&self) -> bool {
        self.has == 0
    }

    /// The kind of the message that comes next, or goes on.
    pub(super) fn upcoming(&self, left: &[u8]) -> Option<u8> {
        let [tag, ..] = self.head;
        let first = left.first().copied()?;
        Some(if self.has == 0 { first } else { tag })
    }

    /// Goes to the end of the message, and gives its kind; or to the end of what there is.
    pub(super) fn next(&mut self, left: &mut &[u8]) -> Option<u8> {
        if self.has == 0
            && let Some((head, rest)) = left.split_first_chunk::<HEAD>()
        {
            let [tag, a, b, c, d] = *head;
            let length = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(HEAD - 1);
            if let Some(rest) = rest.get(length..) {
                *left = rest;
                return Some(tag);
            }
        }
        while self.has < HEAD {
            let (byte, rest) = left.split_first()?;
            if let Some(place) = self.head.get_mut(self.has) {
                *place = *byte;
            }
            self.has += 1;
            *left = rest;
            if self.has == HEAD {
                let [_, a, b, c, d] = self.head;
                self.rest = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(HEAD - 1);
            }
        }
        let some = self.rest.min(left.len());
        *left = left.get(some..).unwrap_or_default();
        self.rest -= some;
        if self.rest > 0 {
            return None;
        }
        self.has = 0;
        let [tag, ..] = self.head;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&(length as u32 + 4).to_be_bytes());
        bytes.resize(HEAD + length, b'Z');
        bytes
    }

    #[test]
    fn messages_end_where_they_do_however_they_arrive() {
        let bytes = [message(b'D', 9), message(b'2', 0), message(b'C', 1), message(b'Z', 700)].concat();
        for part in [1, 2, 3, 5, 6, 100, bytes.len()] {
            let (mut frames, mut other) = (Frames::default(), Frames::default());
            let (mut passed, mut upcoming) = (Vec::new(), Vec::new());
            for part in bytes.chunks(part) {
                frames.pass(part, &mut |tag| passed.push(tag));
                let mut left = part;
                while let Some(tag) = other.upcoming(left) {
                    upcoming.push(tag);
                    other.next(&mut left);
                }
            }
            assert_eq!(passed, b"D2CZ", "{part}");
            upcoming.dedup();
            assert_eq!(upcoming, b"D2CZ", "{part}");
        }
    }
}
