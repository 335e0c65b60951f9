//! Sessions go from PHP to us and back, in files, in Redis and in memcached, and neither side loses what the other one wrote.

use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_parts::fastcgi::FastCgi;
use handover_parts::{Memcached as MemcachedServer, PhpFpm, PhpFpmBuilder, Redis as RedisServer};
use handover_session::{
    Files, Memcached, MemcachedSettings, Patience, Redis, RedisSettings, SessionError, Store,
};
use legacy_compat::families::serialize::{serialize, unserialize};
use legacy_compat::session::{Format, SessionId, decode, encode};
use legacy_compat::{Array, Php, Value, Version};

const ID: &str = "0123456789abcdefghijklmnop";

/// Long enough for a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

fn php() -> Php {
    Php::new(Version::V8_2)
}

fn id() -> SessionId {
    SessionId::from_client(ID.as_bytes()).unwrap()
}

fn pool() -> PhpFpmBuilder {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parts/php");
    PhpFpm::serving(root).setting("session.use_strict_mode", "0").setting("session.gc_probability", "0")
}

/// Has PHP do something with the session, and gives what is in it afterwards.
fn php_does(address: &str, what: &str, body: &[u8]) -> Array {
    let (query, cookie) = (format!("do={what}"), format!("PHPSESSID={ID}"));
    let script =
        std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parts/php/session.php"))
            .unwrap();
    let length = body.len().to_string();
    let params: [(&[u8], &[u8]); 6] = [
        (b"SCRIPT_FILENAME", script.as_os_str().as_encoded_bytes()),
        (b"REQUEST_METHOD", b"POST"),
        (b"QUERY_STRING", query.as_bytes()),
        (b"CONTENT_TYPE", b"application/octet-stream"),
        (b"CONTENT_LENGTH", length.as_bytes()),
        (b"HTTP_COOKIE", cookie.as_bytes()),
    ];
    let answer = FastCgi::connect(address).ask(&params, body).expect("php-fpm answers");
    assert!(answer.stderr.is_empty(), "PHP complains: {}", String::from_utf8_lossy(&answer.stderr));
    let session = unserialize(&php(), answer.body(), true).expect("what was serialized");
    session.as_array().expect("an array").clone()
}

/// All that a session may hold, nested and with names that need care.
fn values() -> Array {
    let list: Array = [1, 2, 3].into_iter().collect();
    let nested: Array = [("list", Value::from(list)), ("empty", Array::new().into())].into_iter().collect();
    [
        ("user", Value::from("alice")),
        ("bytes", Value::string(b"\x00|;\"\xff")),
        ("visits", 3.into()),
        ("ratio", 0.1.into()),
        ("admin", false.into()),
        ("nothing", Value::Null),
        ("cart", nested.into()),
        ("a.b c", "dotted".into()),
    ]
    .into_iter()
    .collect()
}

async fn goes_both_ways(store: &dyn Store, address: &str, format: Format) {
    let php = php();
    let session = values();
    php_does(address, "write", &serialize(&php, &session.clone().into()));
    let seen = store.peek(&id()).await.unwrap().expect("PHP has stored a session");
    assert_eq!(decode(&php, format, &seen).unwrap(), session, "what PHP wrote, without the lock");

    let locked = store.lock(&id(), Patience::of(PATIENT)).await.unwrap();
    let mut changed = decode(&php, format, locked.data().unwrap()).unwrap();
    changed.insert("user", "bob");
    changed.remove(&"visits".into());
    locked.write(encode(&php, format, &changed).unwrap().into()).await.unwrap();
    assert_eq!(php_does(address, "read", b""), changed, "PHP sees what was written, though it is shorter");

    store.lock(&id(), Patience::of(PATIENT)).await.unwrap().destroy().await.unwrap();
    assert_eq!(php_does(address, "read", b""), Array::new(), "PHP begins anew");
    php_does(address, "destroy", b"");
    assert!(store.peek(&id()).await.unwrap().is_none());
    let none = store.lock(&id(), Patience::of(PATIENT)).await.unwrap();
    assert!(none.data().is_none());
    none.release().await;
    assert!(store.peek(&id()).await.unwrap().is_none(), "who only looked has created nothing");
}

/// Both sides count up at once; a lost lock would lose a count.
async fn nothing_is_lost(store: Arc<dyn Store>, address: String, format: Format) {
    const EACH: i64 = 20;
    let php_side = (0..3).map(|_| {
        let address = address.clone();
        tokio::task::spawn_blocking(move || (0..EACH).for_each(|_| drop(php_does(&address, "add", b""))))
    });
    let our_side = (0..3).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..EACH {
                add(&*store, format).await;
            }
        })
    });
    for side in php_side.chain(our_side).collect::<Vec<_>>() {
        side.await.unwrap();
    }
    assert_eq!(php_does(&address, "read", b"")["count"].as_int(), Some(6 * EACH));
}

async fn add(store: &dyn Store, format: Format) {
    let php = php();
    let locked = store.lock(&id(), Patience::of(PATIENT)).await.unwrap();
    let mut session = decode(&php, format, locked.data().map_or(&[], |data| data)).unwrap();
    let count = session["count"].as_int().unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(2)).await;
    session.insert("count", count + 1);
    locked.write(encode(&php, format, &session).unwrap().into()).await.unwrap();
}

/// While PHP has the lock a deadline ends the wait; while we have it PHP waits, and goes on when it is dropped untouched.
async fn locks_are_each_others(store: Arc<dyn Store>, address: String) {
    php_does(&address, "write", &serialize(&php(), &values().into()));
    let holder = address.clone();
    let held = tokio::task::spawn_blocking(move || php_does(&holder, "hold", b""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = store.lock(&id(), Patience::of(Duration::from_millis(30))).await;
    assert!(matches!(refused, Err(SessionError::Busy(_))), "PHP has the lock");
    let locked = store.lock(&id(), Patience::of(PATIENT)).await.expect("the lock once PHP has finished");
    held.await.unwrap();

    let began = Instant::now();
    let waiting = tokio::task::spawn_blocking(move || (php_does(&address, "read", b""), began.elapsed()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(locked);
    let (session, waited) = waiting.await.unwrap();
    assert_eq!(session, values(), "what was only looked at is as it was");
    assert!(waited >= Duration::from_millis(290), "PHP did not wait: {waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_in_every_form_and_depth() {
    for (format, depth) in [(Format::Php, 0), (Format::PhpSerialize, 2), (Format::PhpBinary, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let mut inner = folder.path().to_owned();
        inner.extend(ID[..depth].split("").filter(|part| !part.is_empty()));
        std::fs::create_dir_all(inner).unwrap();
        let save_path = format!("{depth};{}", folder.path().display());
        let fpm = pool()
            .setting("session.serialize_handler", format.name())
            .directive("php_value[session.save_path]", format!("\"{save_path}\""))
            .start();
        goes_both_ways(&Files::at(&save_path).unwrap(), fpm.address(), format).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_lose_nothing_and_share_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let save_path = folder.path().display().to_string();
    let fpm = pool().directive("php_value[session.save_path]", save_path.clone()).start();
    let store: Arc<dyn Store> = Arc::new(Files::at(&save_path).unwrap());
    php_does(fpm.address(), "write", &serialize(&php(), &Array::new().into()));
    nothing_is_lost(Arc::clone(&store), fpm.address().to_owned(), Format::Php).await;
    locks_are_each_others(store, fpm.address().to_owned()).await;
}

fn redis_pool(server: &RedisServer) -> PhpFpm {
    pool()
        .directive("php_value[session.save_handler]", "redis")
        .directive("php_value[session.save_path]", format!("\"tcp://127.0.0.1:{}\"", server.port()))
        .setting("redis.session.locking_enabled", "1")
        .setting("redis.session.lock_retries", "-1")
        .setting("redis.session.lock_wait_time", "2000")
        .start()
}

fn redis(server: &RedisServer) -> Redis {
    let settings = RedisSettings { locking: true, ..RedisSettings::default() };
    Redis::at(&format!("tcp://127.0.0.1:{}", server.port()), settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_goes_both_ways() {
    let server = RedisServer::start();
    let fpm = redis_pool(&server);
    goes_both_ways(&redis(&server), fpm.address(), Format::Php).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_nothing_and_shares_the_lock() {
    let server = RedisServer::start();
    let fpm = redis_pool(&server);
    let store: Arc<dyn Store> = Arc::new(redis(&server));
    nothing_is_lost(Arc::clone(&store), fpm.address().to_owned(), Format::Php).await;
    locks_are_each_others(store, fpm.address().to_owned()).await;
}

#[tokio::test]
async fn a_lock_that_ran_out_stores_nothing() {
    let server = RedisServer::start();
    let address = format!("tcp://127.0.0.1:{}", server.port());
    let settings =
        RedisSettings { locking: true, lock_expire: Duration::from_millis(50), ..RedisSettings::default() };
    let store = Redis::at(&address, settings).unwrap();
    let locked = store.lock(&id(), Patience::of(PATIENT)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert!(matches!(locked.write("user|s:1:\"x\";".into()).await, Err(SessionError::LockLost)));
    assert!(store.peek(&id()).await.unwrap().is_none());
}

fn memcached_pool(server: &MemcachedServer) -> PhpFpm {
    pool()
        .directive("php_value[session.save_handler]", "memcached")
        .directive("php_value[session.save_path]", format!("\"127.0.0.1:{}\"", server.port()))
        .setting("memcached.sess_lock_retries", "10000")
        .setting("memcached.sess_lock_wait_min", "2")
        .setting("memcached.sess_lock_wait_max", "2")
        .start()
}

fn memcached(server: &MemcachedServer) -> Memcached {
    Memcached::at(&format!("127.0.0.1:{}", server.port()), MemcachedSettings::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn memcached_goes_both_ways() {
    let server = MemcachedServer::start();
    let fpm = memcached_pool(&server);
    goes_both_ways(&memcached(&server), fpm.address(), Format::Php).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memcached_loses_nothing_and_shares_the_lock() {
    let server = MemcachedServer::start();
    let fpm = memcached_pool(&server);
    let store: Arc<dyn Store> = Arc::new(memcached(&server));
    nothing_is_lost(Arc::clone(&store), fpm.address().to_owned(), Format::Php).await;
    locks_are_each_others(store, fpm.address().to_owned()).await;
}

#[tokio::test]
async fn a_lock_in_memcached_that_ran_out_stores_nothing_and_takes_nobody_s() {
    let server = MemcachedServer::start();
    let address = format!("127.0.0.1:{}", server.port());
    let settings = MemcachedSettings { lock_expire: Duration::from_secs(1), ..MemcachedSettings::default() };
    let store = Memcached::at(&address, settings).unwrap();
    let late = store.lock(&id(), Patience::of(PATIENT)).await.unwrap();
    let next = store.lock(&id(), Patience::of(PATIENT)).await.expect("the first one has run out");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(matches!(late.write("user|s:1:\"x\";".into()).await, Err(SessionError::LockLost)));
    let third = store.lock(&id(), Patience::of(Duration::from_millis(20))).await;
    assert!(matches!(third, Err(SessionError::Busy(_))), "the second one still has it");
    next.release().await;
}

/// memcached's clock goes by whole seconds: a lock is taken at ten moments of one.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_in_memcached_is_nobody_else_s_while_it_is_ours() {
    let server = MemcachedServer::start();
    let address = format!("127.0.0.1:{}", server.port());
    let settings = MemcachedSettings { lock_expire: Duration::from_secs(1), ..MemcachedSettings::default() };
    for moment in 0..10 {
        let store = Memcached::at(&address, settings.clone()).unwrap();
        let id = SessionId::from_client(format!("{ID}{moment}").as_bytes()).unwrap();
        let first = store.lock(&id, Patience::of(PATIENT)).await.unwrap();
        let second = store.lock(&id, Patience::of(Duration::from_millis(900))).await;
        assert!(matches!(second, Err(SessionError::Busy(_))), "at moment {moment}");
        first.release().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// As at the end of a process that has requests under way.
#[test]
fn a_runtime_that_ends_with_locks_under_way_ends_well() {
    let (redis, memcached) = (RedisServer::start(), MemcachedServer::start());
    for round in 0..10 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stores: [Box<dyn Store>; 2] = [
            Box::new(
                Redis::at(&format!("tcp://127.0.0.1:{}", redis.port()), RedisSettings::default()).unwrap(),
            ),
            Box::new(
                Memcached::at(&format!("127.0.0.1:{}", memcached.port()), MemcachedSettings::default())
                    .unwrap(),
            ),
        ];
        for store in stores {
            let id = SessionId::from_client(format!("{ID}{round}").as_bytes()).unwrap();
            let locked = runtime.block_on(store.lock(&id, Patience::of(PATIENT))).unwrap();
            runtime.spawn(async move {
                let _held = locked;
                std::future::pending::<()>().await;
            });
        }
        drop(runtime);
    }
}

/// A session that nobody changes lives on, wherever it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_looked_at_lives_on() {
    let (redis_server, memcached_server) = (RedisServer::start(), MemcachedServer::start());
    let lifetime = Duration::from_secs(2);
    let redis = Redis::at(
        &format!("tcp://127.0.0.1:{}", redis_server.port()),
        RedisSettings { lifetime, ..RedisSettings::default() },
    );
    let memcached = Memcached::at(
        &format!("127.0.0.1:{}", memcached_server.port()),
        MemcachedSettings { lifetime, ..MemcachedSettings::default() },
    );
    let stores: [Box<dyn Store>; 2] = [Box::new(redis.unwrap()), Box::new(memcached.unwrap())];
    for store in stores {
        let lock = || async { store.lock(&id(), Patience::of(PATIENT)).await.unwrap() };
        lock().await.write("a|i:1;".into()).await.unwrap();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(800)).await;
            lock().await.touch().await.unwrap();
        }
        assert_eq!(lock().await.data().map(|data| &data[..]), Some(&b"a|i:1;"[..]));
        tokio::time::sleep(Duration::from_millis(3200)).await;
        assert_eq!(store.peek(&id()).await.unwrap(), None, "and ends when nobody looks");
    }
    let folder = tempfile::tempdir().unwrap();
    let files = Files::at(&folder.path().display().to_string()).unwrap();
    files.lock(&id(), Patience::of(PATIENT)).await.unwrap().touch().await.unwrap();
    let path = folder.path().join(format!("sess_{ID}"));
    let old = std::time::SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    files.lock(&id(), Patience::of(PATIENT)).await.unwrap().touch().await.unwrap();
    assert!(path.metadata().unwrap().modified().unwrap() > old + Duration::from_secs(60));
}
