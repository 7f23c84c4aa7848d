//! How a SELECT locks the rows that it reads.

/// A locking clause: what others may do with the rows, and what is done about rows that others have locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    pub strength: Strength,
    pub wait: Wait,
}

/// What is kept from others until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Every other lock, and references to the row.
    Update,
    /// The same but references, which need its key only. PostgreSQL alone tells them apart.
    NoKeyUpdate,
    /// Changes.
    Share,
}

/// What is done about a row that another transaction has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The statement waits for it.
    Waits,
    /// The statement fails.
    Fails,
    /// The row is left out.
    Skips,
}

impl Lock {
    /// A lock that is waited for.
    pub(crate) fn new(strength: Strength) -> Self {
        Self { strength, wait: Wait::Waits }
    }
}
