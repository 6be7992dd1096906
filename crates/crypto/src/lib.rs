//! Hashes and signatures over the Stark field.
