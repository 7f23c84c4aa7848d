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

    /// Hands on a copy, where something can be put behind each message.
    pub(super) fn copy(&mut self, bytes: &[u8], into: &mut Vec<u8>, ended: &mut impl FnMut(u8, &mut Vec<u8>)) {
        let mut left = bytes;
        loop {
            let before = left;
            let tag = self.next(&mut left);
            into.extend_from_slice(before.get(..before.len() - left.len()).unwrap_or_default());
            match tag {
                Some(tag) => ended(tag, into),
                None => return,
            }
        }
    }

    /// Goes to the end of the message, and gives its kind; or to the end of what there is.
    fn next(&mut self, left: &mut &[u8]) -> Option<u8> {
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
            let (mut frames, mut passed, mut copied) = (Frames::default(), Vec::new(), Vec::new());
            let mut other = Frames::default();
            for part in bytes.chunks(part) {
                frames.pass(part, &mut |tag| passed.push(tag));
                other.copy(part, &mut copied, &mut |tag, into| into.push(tag.to_ascii_lowercase()));
            }
            assert_eq!(passed, b"D2CZ", "{part}");
            let marks =
                [message(b'D', 9), vec![b'd'], message(b'2', 0), vec![b'2'], message(b'C', 1), vec![b'c']].concat();
            let marked = [marks, message(b'Z', 700), vec![b'z']].concat();
            assert_eq!(copied, marked, "{part}");
        }
    }
}
