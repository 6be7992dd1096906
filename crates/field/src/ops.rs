//! Operators of the field element.

use core::iter::{Product, Sum};
use core::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::Fe;

macro_rules! binary_operator {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign_method:ident, $function:ident) => {
        impl $trait for Fe {
            type Output = Fe;
            #[inline(always)]
            fn $method(self, other: Fe) -> Fe {
                self.$function(other)
            }
        }
        impl $trait<&Fe> for Fe {
            type Output = Fe;
            #[inline(always)]
            fn $method(self, other: &Fe) -> Fe {
                self.$function(*other)
            }
        }
        impl $trait<&Fe> for &Fe {
            type Output = Fe;
            #[inline(always)]
            fn $method(self, other: &Fe) -> Fe {
                self.$function(*other)
            }
        }
        impl $assign_trait for Fe {
            #[inline(always)]
            fn $assign_method(&mut self, other: Fe) {
                *self = self.$function(other);
            }
        }
        impl $assign_trait<&Fe> for Fe {
            #[inline(always)]
            fn $assign_method(&mut self, other: &Fe) {
                *self = self.$function(*other);
            }
        }
    };
}

binary_operator!(Add, add, AddAssign, add_assign, add_const);
binary_operator!(Sub, sub, SubAssign, sub_assign, sub_const);
binary_operator!(Mul, mul, MulAssign, mul_assign, mul_const);

impl Neg for Fe {
    type Output = Fe;
    #[inline(always)]
    fn neg(self) -> Fe {
        self.neg_const()
    }
}

impl Sum for Fe {
    fn sum<I: Iterator<Item = Fe>>(iter: I) -> Fe {
        iter.fold(Fe::ZERO, |acc, value| acc + value)
    }
}

impl Product for Fe {
    fn product<I: Iterator<Item = Fe>>(iter: I) -> Fe {
        iter.fold(Fe::ONE, |acc, value| acc * value)
    }
}
