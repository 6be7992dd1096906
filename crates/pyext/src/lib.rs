//! The Python extension module of Novation.
