//! The server of `tasker serve` in this process, on a socket of its own, and connections to it that stay open.

use anyhow::{Result, bail};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::{Ipv4Addr, SocketAddr};
use tasker_core::Client;
use tasker_server::{Options, ServeError, router, serve};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A server that listens on loopback.
pub(crate) struct Site {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Site {
    /// Serves what the client has.
    pub(crate) async fn open(client: &Client) -> Result<Self> {
        let stop = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let router = router(client.clone(), Options::default());
        let ending = stop.clone();
        let serving = tokio::spawn(async move {
            let listening = |address| {
                // Nobody waits any more where the run was stopped.
                let _ = tell.send(address);
            };
            serve(&[(Ipv4Addr::LOCALHOST, 0).into()], router, ending, listening).await
        });
        match told.await {
            Ok(address) => Ok(Self {
                address,
                stop,
                serving,
            }),
            Err(_) => {
                serving.await??;
                bail!("the server ended before it listened")
            }
        }
    }

    /// A connection of one caller.
    pub(crate) async fn caller(&self) -> Result<Caller> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends with its sender; what goes wrong is told there.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Caller {
            sender,
            host: self.address.to_string(),
        })
    }

    /// Ends it, once its callers are gone.
    pub(crate) async fn close(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.serving.await??)
    }
}

/// A connection: one request after the other.
pub(crate) struct Caller {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Caller {
    /// The body of the answer.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        self.ask(Method::GET, path, "application/json", Bytes::new())
            .await
    }

    /// The body of the answer.
    pub(crate) async fn post(&mut self, path: &str, kind: &str, body: Bytes) -> Result<Bytes> {
        self.ask(Method::POST, path, kind, body).await
    }

    async fn ask(&mut self, method: Method, path: &str, kind: &str, body: Bytes) -> Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!(
                "{path} was answered with {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(body)
    }
}
