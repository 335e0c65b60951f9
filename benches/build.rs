//! Says where librdkafka was compiled that the product links: its performance tool is compiled from the same sources.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (name, of) in [("RDKAFKA_ROOT", "rdkafka-sys"), ("ZSTD_ROOT", "zstd-sys")] {
        let root =
            std::env::var(format!("DEP_{name}")).unwrap_or_else(|_| panic!("{of} says where it compiled"));
        println!("cargo:rustc-env={name}={root}");
    }
}
