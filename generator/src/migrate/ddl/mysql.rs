//! MySQL and MariaDB.
pub(super) fn write(_: &super::State, _: &[super::Change], _: &mut super::Out<'_>) -> super::Written {
    Ok(())
}
