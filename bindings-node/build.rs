//! What a native module of Node has to be linked with.

fn main() {
    napi_build::setup();
}
