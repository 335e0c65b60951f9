//! Who gets which child of php-fpm, and when it is free again.

use super::*;

#[tokio::test]
async fn a_thousand_requests_meet_no_child_that_closes_at_its_fiftieth() {
    let world = World::new(&Wanted { max_requests: 50, ..KEPT });
    let mut reused = 0;
    for turn in 0..1000 {
        let (client, served) = world.get("/process").await;
        let served = served.unwrap_or_else(|error| panic!("request {turn}: {error:?}"));
        reused += usize::from(served.by == By::FastCgi { reused: true });
        assert!(client.finished);
    }
    assert!(reused > 900, "kept connections were used: {reused}");
}

#[tokio::test]
async fn concurrent_clients_meet_no_closing_child_either() {
    let world = World::new(&Wanted { max_requests: 20, ..KEPT });
    for _ in 0..25 {
        let requests = (0..40).map(|_| world.get("/process"));
        for (client, served) in futures_of(requests).await {
            served.unwrap();
            assert!(client.finished);
        }
    }
}

#[test]
fn sixty_four_clients_on_eight_cores_share_four_children_and_none_starves() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        // Whoever looked whether the pool is up is still in its backlog.
        while world.open() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let until = Instant::now() + Duration::from_secs(3);
        let cores: Vec<_> = (0..8)
            .map(|_| {
                let (legacies, spec) = (world.legacies.clone(), Arc::clone(&world.spec));
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let core = legacies.on_core();
                    runtime.block_on(futures_of((0..8).map(|_| async {
                        let mut answers = 0;
                        while Instant::now() < until {
                            ask(&core, &spec, "/process").await.1.unwrap();
                            answers += 1;
                        }
                        answers
                    })))
                })
            })
            .collect();
        let mut most_open = 0;
        while Instant::now() < until {
            most_open = most_open.max(world.open());
            std::thread::sleep(Duration::from_millis(2));
        }
        let answers: Vec<u32> = cores.into_iter().flat_map(|core| core.join().unwrap()).collect();
        let (least, most) = (*answers.iter().min().unwrap(), *answers.iter().max().unwrap());
        let total: u32 = answers.iter().sum();
        println!("keep {}: {total} answers, {least} to {most} a client", wanted.keep);
        // A child that closes may not have done so when the next connection is opened.
        assert!(most_open <= if wanted.keep { 4 } else { 8 }, "{most_open} connections");
        assert!(least > 0 && least * 2 >= most, "unfair: {least} to {most}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_child() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        let mark = world.root.path().join("ended");
        let path = format!("/loop?mark={}", mark.display());
        let mut client = Client { leaves_after: Some(10), ..Client::default() };
        let head = get(&path);
        let served = world.core.exchange(&world.spec, &outbound(&head), &mut Body::none(), &mut client).await;
        let error = served.unwrap_err();
        assert_eq!((error.leg, error.committed), (Leg::ClientAnswer, true));
        until("PHP ends the script as aborted", Duration::from_secs(3), || {
            std::fs::read_to_string(&mark).is_ok_and(|status| status == "1")
        })
        .await;
        until("the permit is back", Duration::from_secs(3), || world.busy() == 0).await;
    }
}

#[tokio::test]
async fn dropping_an_exchange_frees_its_child() {
    let world = World::new(&KEPT);
    let mark = world.root.path().join("ended");
    let path = format!("/loop?mark={}", mark.display());
    let dropped = tokio::time::timeout(Duration::from_millis(300), world.get(&path)).await;
    assert!(dropped.is_err());
    until("PHP ends the script", Duration::from_secs(3), || mark.exists()).await;
    assert_eq!(world.busy(), 0);
}

#[tokio::test]
async fn a_child_that_works_on_after_its_answer_is_not_asked_meanwhile() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        let one = world.with(|spec| spec.connections_max = 1);
        for _ in 0..2 {
            let start = Instant::now();
            let (client, served) = ask(&world.core, &one, "/finish?ms=400").await;
            served.unwrap();
            assert_eq!(client.text(), "done");
            assert!(start.elapsed() < Duration::from_millis(300), "the answer does not wait");
            assert_eq!(world.busy(), 1, "its child is counted");
            let (_, served) = ask(&world.core, &one, "/process").await;
            assert!(
                served.unwrap().waited > Duration::from_millis(200),
                "the next one waits for a free child"
            );
        }
    }
}

#[tokio::test]
async fn a_slow_client_does_not_hold_a_child_for_a_small_answer() {
    let world = World::new(&KEPT);
    let head = get("/drip");
    let mut client = Client { pause: Duration::from_millis(700), ..Client::default() };
    let mut body = Body::none();
    let outbound = outbound(&head);
    let exchange = world.core.exchange(&world.spec, &outbound, &mut body, &mut client);
    let watch = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(world.busy(), 0);
    };
    let (served, ()) = tokio::join!(exchange, watch);
    served.unwrap();
}

#[tokio::test]
async fn a_dead_child_is_a_failure_that_is_never_asked_again_by_itself() {
    let world = World::new(&KEPT);
    for _ in 0..2 {
        let (client, served) = world.get("/die").await;
        let error = served.unwrap_err();
        assert_eq!((error.leg, error.committed, error.retry_safe), (Leg::ReadHead, false, false));
        assert!(client.head.is_none());
    }
    world.get("/process").await.1.unwrap();
}

#[tokio::test]
async fn silence_and_full_queues_end_in_their_own_errors() {
    let world = World::new(&KEPT);
    let patient = world.with(|spec| spec.connections_max = 1);
    let hasty = world.with(|spec| {
        spec.connections_max = 1;
        spec.queue_max = 1;
        spec.read_timeout = Duration::from_millis(300);
    });
    let (_, silent) = ask(&world.core, &hasty, "/sleep?ms=600").await;
    let error = silent.unwrap_err();
    assert_eq!((error.leg, error.retry_safe), (Leg::ReadHead, false));
    assert!(matches!(error.cause, Cause::TimedOut(_)));
    let specs = [&patient, &hasty, &hasty];
    let outcomes = futures_of(specs.iter().map(|spec| ask(&world.core, spec, "/sleep?ms=600"))).await;
    outcomes[0].1.as_ref().unwrap();
    let waited = outcomes[1].1.as_ref().unwrap_err();
    assert!(matches!((waited.leg, &waited.cause), (Leg::Wait, Cause::TimedOut(_))), "{waited:?}");
    let refused = outcomes[2].1.as_ref().unwrap_err();
    assert!(matches!((refused.leg, &refused.cause), (Leg::Wait, Cause::QueueFull(1))), "{refused:?}");
    assert!(waited.retry_safe && refused.retry_safe);
}

#[tokio::test]
async fn a_legacy_that_is_not_there_says_where_it_was_looked_for() {
    let world = World::new(&KEPT);
    let nowhere = world.with(|spec| {
        spec.kind =
            Kind::FastCgi(FastCgi { address: Address::Unix("/nowhere/fpm.sock".into()), ..fastcgi("/srv") });
    });
    let (_, served) = ask(&world.core, &nowhere, "/").await;
    let error = served.unwrap_err();
    assert_eq!((error.leg, error.retry_safe), (Leg::Connect, true));
}

#[tokio::test]
async fn a_pool_of_ours_is_asked_ahead_once_a_child_was_seen_working_on() {
    let world = World::new(&KEPT);
    let managed = world.with(|spec| {
        spec.connections_max = 1;
        let Kind::FastCgi(fastcgi) = &mut spec.kind else { panic!("the world's legacy is FastCGI") };
        fastcgi.managed = Some(Managed { binary: None, children: 4, env: Vec::new(), ini: Vec::new() });
    });
    let asked = async |path: &str| ask(&world.core, &managed, path).await.1.unwrap();
    for _ in 0..3 {
        asked("/process").await;
        assert_eq!(world.busy(), 0, "nobody is asked ahead, so the permit is back at once");
    }

    asked("/finish?ms=400").await;
    let start = Instant::now();
    let met = asked("/process").await;
    assert!(met.waited < Duration::from_millis(200), "its request is sent to the child that works on");
    assert!(start.elapsed() > Duration::from_millis(200), "and is answered when that is free");

    asked("/finish?ms=400").await;
    assert_eq!(world.busy(), 1, "now its child is counted");
    assert!(asked("/process").await.waited > Duration::from_millis(200), "and waited for");
}
