//! Live servers: a spec becomes a database, and what is read of that is the spec's tables again.
//!
//! On PostgreSQL and MariaDB, as they are found or started; without one its tests pass by, unless `PILASTER_REQUIRE`
//! asks for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "live/casts.rs"]
mod casts;
#[path = "live/losses.rs"]
mod losses;
#[path = "live/odd.rs"]
mod odd;
#[path = "live/questions.rs"]
mod questions;
#[path = "live/reading.rs"]
mod reading;
#[path = "live/round_trip.rs"]
mod round_trip;
#[path = "live/servers.rs"]
mod servers;
#[path = "live/tables.rs"]
mod tables;
#[path = "live/values.rs"]
mod values;
