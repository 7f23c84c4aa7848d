//! Waiting for what comes by itself.

use std::time::{Duration, Instant};

/// Nothing is held up for so long where all goes well, however much else the machine has to do.
pub const LONG: Duration = Duration::from_secs(30);

/// Waits until it is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < LONG, "not so after {LONG:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
