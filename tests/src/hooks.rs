//! Hooks of a user's own, for the case that declares them.

use pilaster::{BeforeDelete, BeforeInsert, BeforeUpdate, Error, Result};

use crate::cases::hooks_and_cascades::{Item, NewBasket};

impl BeforeInsert for NewBasket {
    fn before_insert(&mut self) -> Result<()> {
        self.owner.truncate(40);
        Ok(())
    }
}

impl BeforeUpdate for Item {
    fn before_update(&mut self) -> Result<()> {
        self.hall = self.hall.filter(|hall| *hall > 0);
        Ok(())
    }
}

impl BeforeDelete for Item {
    fn before_delete(&self) -> Result<()> {
        match self.hall {
            Some(_) => Err(Error::refused("an item on a shelf stays")),
            None => Ok(()),
        }
    }
}
