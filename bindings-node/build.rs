//! Tells the linker that Node provides the symbols of N-API.

fn main() {
    napi_build::setup();
}
