//! Searching in contexts.
