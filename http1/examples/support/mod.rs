//! A runtime and a listener per core.

use std::{net::SocketAddr, thread};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Runs `serve` for each connection to `address`, on a thread per core that owns its own listener
/// (SO_REUSEPORT), until the process ends.
pub(crate) fn serve_per_core<F>(address: SocketAddr, serve: fn(TcpStream) -> F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let cores = thread::available_parallelism()?.get();
    let threads: Vec<_> = (0..cores).map(|_| thread::spawn(move || run(address, serve))).collect();
    threads.into_iter().try_for_each(|thread| thread.join().expect("a core's thread panicked"))
}

fn run<F>(address: SocketAddr, serve: fn(TcpStream) -> F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = listen(address)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream));
        }
    })
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
