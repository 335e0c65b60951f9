//! Legacy over HTTP/1.1, on the engine of ours: [`upstream`] keeps connections, [`exchange`] leads a request.

mod exchange;
#[cfg(test)]
mod tests;
mod upstream;

pub(crate) use upstream::Upstream;
