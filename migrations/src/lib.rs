//! The schema of Tasker as numbered SQL, embedded.
