//! What `order_by` takes.

use super::column::Sort;
use crate::sql::Order;

/// One or more items of an ORDER BY.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an order of rows",
    label = "takes `u.name.asc()` or `u.name.desc()`, or a tuple of them"
)]
pub trait SortList {
    #[doc(hidden)]
    fn push_to(self, order: &mut Vec<Order>);
}

impl SortList for Sort {
    fn push_to(self, order: &mut Vec<Order>) {
        order.push(self.0);
    }
}

impl SortList for Vec<Sort> {
    fn push_to(self, order: &mut Vec<Order>) {
        order.extend(self.into_iter().map(|sort| sort.0));
    }
}

impl<const N: usize> SortList for [Sort; N] {
    fn push_to(self, order: &mut Vec<Order>) {
        order.extend(self.into_iter().map(|sort| sort.0));
    }
}

macro_rules! sort_tuples {
    ($($T:ident $at:tt),*) => {
        impl<$($T: SortList),*> SortList for ($($T,)*) {
            fn push_to(self, order: &mut Vec<Order>) {
                $(self.$at.push_to(order);)*
            }
        }
    };
}

sort_tuples!(A 0, B 1);
sort_tuples!(A 0, B 1, C 2);
sort_tuples!(A 0, B 1, C 2, D 3);
