//! The contract between an arithmetisation and the proof system.
