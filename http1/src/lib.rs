//! A strict HTTP/1.1 engine on bytes: sans-I/O core, tokio shell, server and client side.
