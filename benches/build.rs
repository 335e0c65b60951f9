//! Says where librdkafka was compiled that the product links: its performance tool is compiled from the same sources.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let root = std::env::var("DEP_RDKAFKA_ROOT").expect("rdkafka-sys says where it compiled librdkafka");
    println!("cargo:rustc-env=RDKAFKA_ROOT={root}");
}
