//! The digest of a certificate that SCRAM-SHA-256-PLUS is bound to: by the hash that it was signed with.

use tokio_rustls::rustls::crypto::{hash::Hash, ring};
use tokio_rustls::rustls::pki_types::CertificateDer;

/// Names of signature algorithms, as they stand in a certificate, that use a hash longer than SHA-256. MD5 and
/// SHA-1 are replaced by SHA-256.
const SHA384: [&[u8]; 2] = [&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 12], &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3]];
const SHA256: [&[u8]; 4] = [
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11],
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2],
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5],
    &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1],
];

/// The digest; `None` where the algorithm has no hash of its own, or one that is not at hand.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let name = signature_algorithm(certificate)?;
    let suite = if SHA256.contains(&name) {
        ring::cipher_suite::TLS13_AES_128_GCM_SHA256
    } else if SHA384.contains(&name) {
        ring::cipher_suite::TLS13_AES_256_GCM_SHA384
    } else {
        return None;
    };
    let hash: &dyn Hash = suite.tls13()?.common.hash_provider;
    Some(hash.hash(certificate).as_ref().to_vec())
}

/// The second part of a certificate begins with the name of the algorithm.
fn signature_algorithm<'c>(certificate: &'c CertificateDer<'_>) -> Option<&'c [u8]> {
    let (body, _) = element(certificate, 0x30)?;
    let (_, rest) = element(body, 0x30)?;
    let (algorithm, _) = element(rest, 0x30)?;
    element(algorithm, 0x06).map(|(name, _)| name)
}

/// The content of the first element, which has to be of a kind, and what stands behind it.
fn element(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7F => (usize::from(length), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7F))?;
            (digits.iter().fold(0, |sum, digit| sum * 256 + usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (first == kind).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_read_out_of_the_certificate() {
        let ecdsa = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
        let inner = [&[0x30, 3, 2, 1, 5, 0x30, 10, 6, 8][..], &ecdsa].concat();
        let whole = [&[0x30, 0x81, u8::try_from(inner.len()).unwrap()][..], &inner].concat();
        let certificate = CertificateDer::from(whole);
        assert_eq!(signature_algorithm(&certificate), Some(&ecdsa[..]));
        assert_eq!(end_point(&certificate).unwrap().len(), 32);
        for cut in 0..certificate.len() {
            let part = CertificateDer::from(certificate.as_ref().get(..cut).unwrap());
            assert_eq!(end_point(&part), None, "{cut}");
        }
    }
}
