//! How long 400 kinds take to render: the promise is two seconds.
fn main() {}
