//! Where settings come from: the caller, environment variables, a file, or the defaults, in this order.
//!
//! [`Configuration::load`] reads what this process was given; [`Configuration::read`] is the same without looking
//! around, for tests and for hosts with a configuration of their own. `keys` knows every setting, `file` and
//! `variables` read one source each, and each value remembers its [`Origin`].

mod configuration;
mod file;
mod keys;
mod secrets;
mod variables;

pub use configuration::{Configuration, Given, Origin, Setting, Sources};
pub use keys::{is_secret, unit_of};
pub use secrets::without_password;
