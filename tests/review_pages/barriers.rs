//! Nothing keeps people from using the pages: axe-core looks at each, light and dark, on a desk and on a phone.

use handover_parts::Browser;

use crate::world::World;

#[test]
fn axe_finds_nothing_serious_on_any_page() {
    let world = World::with_people().differs();
    let browser = Browser::start();
    let page = browser.somebody();
    page.open(&world.url("/login"));
    let mut found = Vec::new();
    let mut look = |name: &str| {
        for (look, width, dark) in [("light", 1280, false), ("dark", 1280, true), ("phone", 390, false)] {
            page.looks(width, dark);
            page.picture(&format!("{name}-{look}"));
            let width = page.eval("document.documentElement.scrollWidth - innerWidth").unwrap();
            assert!(width.as_i64() <= Some(0), "{name}, {look}: the page itself scrolls sideways by {width}");
            for violation in page.axe() {
                if ["serious", "critical"].contains(&violation.impact.as_str()) {
                    found.push(format!("{name}, {look}: {violation}"));
                }
            }
        }
        page.looks(1280, false);
    };
    look("login");
    world.ask_elsewhere();
    world.log_in(&page, "ann");
    for (name, path) in [
        ("progress", "/"),
        ("differences", "/differences"),
        ("difference", "/differences/1"),
        ("route", "/routes/n"),
        ("move", "/routes/n/move?to=native"),
        ("absent", "/differences/99"),
        ("traffic", "/inventory"),
    ] {
        page.open(&world.url(path));
        if name == "progress" || name == "route" {
            page.eval("document.querySelector('main details').open = true").unwrap();
        }
        look(name);
    }
    page.press("?");
    look("help");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
