//! The proxy's own S3 client against the embedded S3.

use std::fs;
use std::path::Path;
use std::time::Duration;

use handover_s3::{Credentials, FetchError, Fetched, Location, Settings, Store};
use handover_s3_embedded::{EmbeddedS3, Keys};

const AIRPORTS: &str = "faa,name\nJFK,John F Kennedy Intl\n";

struct World {
    folder: tempfile::TempDir,
    s3: EmbeddedS3,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tables/2013")).unwrap();
        fs::write(folder.path().join("tables/2013/airports.csv"), AIRPORTS).unwrap();
        let s3 = serve(folder.path()).await;
        Self { folder, s3 }
    }

    async fn store(&self, secret: &str) -> Store {
        Store::new(&Settings {
            endpoint: Some(self.s3.endpoint()),
            region: Some("us-east-1".into()),
            path_style: true,
            credentials: Some(Credentials { access_key: "demo".into(), secret_key: secret.into() }),
            timeout: Duration::from_secs(10),
            max_bytes: 1000,
            ..Settings::default()
        })
        .await
        .unwrap()
    }
}

async fn serve(folder: &Path) -> EmbeddedS3 {
    let keys = Keys { access: "demo".into(), secret: "secret".into() };
    EmbeddedS3::start(folder, &keys, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn airports() -> Location {
    "s3://tables/2013/airports.csv".parse().unwrap()
}

async fn changed(store: &Store, etag: Option<&str>) -> (Option<String>, String) {
    match store.fetch(&airports(), etag).await.unwrap() {
        Fetched::Object(object) => (object.etag, String::from_utf8(object.bytes.to_vec()).unwrap()),
        Fetched::NotModified => panic!("it is another version than {etag:?}"),
    }
}

#[tokio::test]
async fn an_object_is_fetched_once_for_each_version() {
    let world = World::new().await;
    let store = world.store("secret").await;
    let (etag, content) = changed(&store, None).await;
    assert_eq!(content, AIRPORTS);
    assert!(matches!(store.fetch(&airports(), etag.as_deref()).await, Ok(Fetched::NotModified)));
    fs::write(world.folder.path().join("tables/2013/airports.csv"), "faa\nLGA\n").unwrap();
    assert_eq!(changed(&store, etag.as_deref()).await.1, "faa\nLGA\n");
}

#[tokio::test]
async fn a_wrong_secret_is_denied() {
    let world = World::new().await;
    let denied = world.store("guess").await.fetch(&airports(), None).await.unwrap_err();
    assert!(matches!(denied, FetchError::Denied { .. }), "{denied}");
    assert!(denied.to_string().contains("SignatureDoesNotMatch"), "{denied}");
}

#[tokio::test]
async fn what_is_not_there_is_missing_and_nothing_outside_is_there() {
    let world = World::new().await;
    fs::write(world.folder.path().join("outside"), "x").unwrap();
    let store = world.store("secret").await;
    for location in
        ["s3://tables/none.csv", "s3://tables/2013", "s3://nobucket/x", "s3://tables/2013/airports.csv/x"]
    {
        let missing = store.fetch(&location.parse().unwrap(), None).await.unwrap_err();
        assert!(matches!(missing, FetchError::Missing { .. }), "{location}: {missing}");
    }
    assert!(store.fetch(&"s3://tables/../outside".parse().unwrap(), None).await.is_err());
}

#[tokio::test]
async fn an_object_that_is_too_large_is_not_taken() {
    let world = World::new().await;
    fs::write(world.folder.path().join("tables/2013/airports.csv"), [b'x'; 1001]).unwrap();
    let too_large = world.store("secret").await.fetch(&airports(), None).await.unwrap_err();
    assert!(matches!(too_large, FetchError::TooLarge { limit: 1000, .. }), "{too_large}");
}

#[tokio::test]
async fn without_a_server_it_is_unreachable() {
    let world = World::new().await;
    let store = world.store("secret").await;
    world.s3.stop().await;
    let unreachable = store.fetch(&airports(), None).await.unwrap_err();
    assert!(matches!(unreachable, FetchError::Unreachable { .. }), "{unreachable}");
}
