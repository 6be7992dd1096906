//! The Cairo CPU arithmetisation on the dynamic layout.
