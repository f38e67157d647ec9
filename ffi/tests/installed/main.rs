//! What is installed, used as a program in C or C++ would. `scripts/c` builds and installs it first.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod dying;
mod example;
mod memory;
mod package;
mod programs;
mod support;
