//! From a login to a route that is answered natively, as people click and type it.

use handover_parts::{Browser, Page, http};

use crate::world::{SOON, World, command};

/// Nothing that a page did was an error, and nothing was forbidden to it.
fn assert_clean(page: &Page<'_>) {
    let errors = page.errors();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_difference_is_found_seen_and_decided_the_gate_opens_and_the_route_is_promoted() {
    let mut world = World::with_people();
    for n in 0..100 {
        assert_eq!(world.ask(&n.to_string()), format!("n={n}"));
    }
    world.judged("matched", 100);
    // The gate asks for evidence of more than one second.
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let mut world = world.differs();
    let browser = Browser::start();
    let page = browser.somebody();

    // Whoever is not logged in comes back to where they wanted.
    page.open(&world.url("/differences?state=unreviewed"));
    page.is_at("/login?to=/differences%3Fstate%3Dunreviewed");
    page.fill("[name=name]", "ann");
    page.fill("[name=password]", crate::world::PASSWORD);
    page.picture("login");
    page.press("Enter");
    page.is_at("/differences?state=unreviewed");
    page.shows("ann · operator");
    page.picture("differences");

    // By keys: down to the first, and in.
    page.press("j");
    page.press("Enter");
    page.wait("/^.differences.[0-9]+$/.test(location.pathname)");
    page.wait("document.querySelector('.pair mark')");
    let marked =
        page.eval("[...document.querySelectorAll('table.differences mark')].map((m) => m.innerText).join()");
    assert!(
        marked.clone().is_ok_and(|marked| marked.as_str().is_some_and(|text| text.contains("script"))),
        "{marked:?}"
    );
    assert_eq!(
        page.eval("document.title.includes('run')"),
        Ok(false.into()),
        "what came from traffic does not run"
    );
    page.picture("difference");

    // The gate is shut as long as nobody has decided it.
    let difference = page.address();
    page.open(&world.url("/routes/n"));
    page.wait("document.querySelector('#evidence .bad')?.innerText === 'shut'");
    page.picture("route-shut");
    page.open(&world.url("/routes/n/move?to=native"));
    page.shows("although the gate is shut");

    // Accept: the key asks for the reason first, then Enter sends it.
    page.open(&difference);
    page.press("a");
    page.wait("document.activeElement?.name === 'why'");
    page.fill("[name=why]", "an old banner that nobody needs");
    page.click("button[value=accept]");
    page.shows("accept by ann: an old banner that nobody needs");
    page.click("form.inline button[data-key=u]");
    page.shows("taken back by ann");
    page.fill("[name=why]", "it is gone by May");
    page.click("button[value=accept]");
    page.shows("accept by ann: it is gone by May");

    // The gate opens; the move is shown, then made.
    page.open(&world.url("/routes/n"));
    page.wait("document.querySelector('#evidence .good')?.innerText === 'open'");
    page.open(&world.url("/routes/n/move?to=native"));
    page.shows("+stage = \"native\"   # until May");
    page.picture("move");
    assert!(world.ask("odd").contains("<script>"), "PHP answers");
    page.click("form[action='/review/move'] button");
    page.is_at("/routes/n");
    page.wait("document.querySelector('.facts .stage')?.innerText === 'native'");
    assert_eq!(world.ask("odd"), "n=odd", "native answers");
    let file = std::fs::read_to_string(world.proxy.routes()).unwrap();
    assert!(file.contains("stage = \"native\"   # until May"), "{file}");
    let ledger = command(world.proxy.folder(), &["ledger", "n"]);
    assert!(ledger.contains("ann"), "{ledger}");
    page.picture("route-native");

    // Back at once, with a reason; and the end of that.
    page.click("main details summary");
    page.fill("main details [name=why]", "a drill");
    page.click("main details button.alarm");
    page.shows("overridden to shadow by ann");
    assert!(world.ask("odd").contains("<script>"), "PHP answers again");
    page.click("form[action='/review/override'] button");
    page.wait("!document.body.innerText.includes('overridden to shadow')");
    page.open(&world.url("/"));
    page.picture("progress");
    assert_clean(&page);
    let clients = world.proxy.http();
    world.proxy.wait_until("it is native again", SOON, || {
        http::get(clients, "/n?n=odd").is_ok_and(|answer| answer.text() == "n=odd")
    });
}

#[test]
fn several_are_decided_at_once_by_keys_and_taken_back() {
    let mut world = World::open().differs();
    assert!(world.ask("odd2").contains("odd2"));
    world.judged("mismatched", 2);
    let browser = Browser::start();
    let page = browser.somebody();
    page.open(&world.url("/differences"));
    let count = page.eval("document.querySelectorAll('[data-select]').length").unwrap().as_u64().unwrap();
    page.fill("[name=who]", "ann");
    page.fill("[name=why]", "all of one cause");
    page.press("Escape");
    for _ in 0..count {
        page.press("j");
        page.press("x");
    }
    page.press("b");
    page.wait(&format!("document.querySelectorAll('.state.bug').length === {count}"));
    page.press("?");
    page.wait("document.querySelector('#help').open");
    page.picture("help");
    page.press("Escape");
    page.wait("!document.querySelector('#help').open");
    for _ in 0..count {
        page.press("j");
        page.press("x");
    }
    page.press("u");
    page.wait(&format!("document.querySelectorAll('.state.unreviewed').length === {count}"));
    assert_eq!(
        page.eval("document.querySelector('[name=who]').value"),
        Ok("ann".into()),
        "the name is remembered"
    );
    assert_clean(&page);
}

#[test]
fn numbers_are_live_and_everything_goes_back_to_php_by_one_button() {
    let world = World::with_people().differs();
    let browser = Browser::start();
    let page = browser.somebody();
    world.log_in(&page, "ann");
    let requests = "[...document.querySelectorAll('#routes tbody tr:first-child .n')][0].innerText";
    page.wait(&format!("{requests} === '1'"));
    world.ask("1");
    page.wait(&format!("{requests} === '2'"));

    page.click("main details summary");
    page.fill("main details [name=why]", "a drill");
    page.click("main details button.alarm");
    page.shows("Everything goes to legacy. legacy-only, set by ann");
    page.picture("legacy-only");
    page.click("main details summary");
    page.fill("main details [name=why]", "over");
    page.click("main details button.alarm");
    page.wait("!document.body.innerText.includes('Everything goes to legacy')");
    assert_clean(&page);
}
