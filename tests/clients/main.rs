//! The clients' side of the proxy, from the outside: HTTP/1.1 and HTTP/2, in the clear and by TLS, tunnels, and those
//! who mean no good. Every test speaks to the real binary in front of a real legacy.

mod attacks;
mod conformance;
mod date;
mod http1;
mod http2;
mod offenders;
mod proxy_protocol;
mod streamed;
mod tls;
mod tunnels;
mod world;
