//! HTML, XML, forms and multipart bodies are compared by what they say, not by how they are written.

mod world;

use handover_shadow::{answers, effects};
use world::*;

fn compared((type_a, a): (&str, &str), (type_b, b): (&str, &str)) -> Vec<String> {
    let of = |media: &str, body: &str| answer(200, &[("Content-Type", media)], body);
    let found = answers(&of(type_a, a), &of(type_b, b)).into_sorted();
    found.iter().map(|d| format!("{} {}", d.path, d.kind.name())).collect()
}

fn all_of(media: &str, cases: &[(&str, &str, &[&str])]) {
    for (control, candidate, expected) in cases {
        assert_eq!(compared((media, control), (media, candidate)), *expected, "{control} | {candidate}");
    }
}

#[test]
fn html_is_compared_by_its_tree() {
    all_of(
        "text/html; charset=utf-8",
        &[
            ("<p>a</p>", "<p>b</p>", &["body:/html/body/p/#text value"]),
            ("<p>a</p>", "<P>a</P>", &["body spelling"]),
            ("<p>a b</p>", "<p>a\n  b</p>", &["body:/html/body/p/#text spelling"]),
            ("<p>a</p><p>b</p>", "<p>a</p>", &["body:/html/body/p/1 missing"]),
            ("<p>b</p>", "<p>a</p><p>b</p>", &["body:/html/body/p/0 extra"]),
            ("<a href=x class=y>t", "<a class=y href=x>t", &["body:/html/body/a/@ key-order"]),
            ("<a href=x>t</a>", "<a href=y>t</a>", &["body:/html/body/a/@href value"]),
            ("<a href=x>t</a>", "<a>t</a>", &["body:/html/body/a/@href missing"]),
            ("<p>&eacute;</p>", "<p>é</p>", &["body spelling"]),
            ("<b>x</b>", "<i>x</i>", &["body:/html/body/b type"]),
            ("<p><!-- 1 -->", "<p><!-- 2 -->", &["body:/html/body/p/#aside value"]),
            ("<!DOCTYPE html><title>a", "<title>a", &["body:/#aside missing"]),
            ("<b>a</b> b", "<b>a</b>b", &["body:/html/body/#text value"]),
            (
                "<svg><use href=a xlink:href=x></svg>",
                "<svg><use href=b xlink:href=x></svg>",
                &["body:/html/body/svg/use/@href value"],
            ),
        ],
    );
}

#[test]
fn a_nonce_is_made_anew_for_each_answer() {
    let page = |nonce: &str, code: &str| {
        let policy = format!("script-src 'self' 'nonce-{nonce}'");
        let fields = [("Content-Type", "text/html"), ("Content-Security-Policy", policy.as_str())];
        answer(200, &fields, format!("<script nonce={nonce}>{code}</script>"))
    };
    assert!(answers(&page("a1", "f()"), &page("b2", "f()")).is_empty());
    let found = answers(&page("a1", "f()"), &page("b2", "g()")).into_sorted();
    assert_eq!(
        found.iter().map(|d| d.path.to_string()).collect::<Vec<_>>(),
        ["body:/html/head/script/#text"]
    );
    assert!(!answers(&page("a1", "f()"), &page("", "f()")).is_empty(), "a page without its nonce is another");
}

#[test]
fn xml_is_compared_by_its_tree_where_it_is_well_formed() {
    all_of(
        "application/atom+xml",
        &[
            ("<a><b>1</b></a>", "<a><b>2</b></a>", &["body:/a/b/#text value"]),
            ("<a x='1' y=\"2\"/>", "<a y='2' x='1'></a>", &["body:/a/@ key-order"]),
            ("<a x='1'/>", "<a x=\"1\"></a>", &["body spelling"]),
            ("<a>&lt;&#65;</a>", "<a><![CDATA[<A]]></a>", &["body spelling"]),
            ("<a> 1</a>", "<a>1</a>", &["body:/a/#text value"]),
            ("<?xml version=\"1.0\"?>\n<a/>", "<a/>", &["body:/#aside missing"]),
            ("<a><i/><i/></a>", "<a><i/></a>", &["body:/a/i/1 missing"]),
            ("<a:x/>", "<b:x/>", &["body:/a:x type"]),
            ("<a>", "<b>", &["text:/1 value"]),
            ("<a></b>", "<a></a>", &["text:/1 value"]),
        ],
    );
    let value = |xml: &str| vec![record("t", "k", xml)];
    let found = effects(&value("<e><id>1</id></e>"), &value("<e><id>2</id></e>")).into_sorted();
    assert_eq!(found[0].path.to_string(), "effect:t/e/id/#text");
}

#[test]
fn forms_are_compared_by_their_names() {
    all_of(
        "application/x-www-form-urlencoded",
        &[
            ("a=1&b=2", "a=1&b=3", &["body:/b value"]),
            ("a=1&b=2", "b=2&a=1", &["body key-order"]),
            ("a=%2F+x", "a=/%20x", &["body spelling"]),
            ("a[]=1&a[]=2", "a[]=1", &["body:/a[] missing"]),
            ("a=1", "a=1&b", &["body:/b extra"]),
        ],
    );
}

#[test]
fn multipart_bodies_are_compared_part_by_part_whatever_their_boundaries() {
    let body = |boundary: &str, json: &str, name: &str| {
        format!(
            "--{boundary}\r\nContent-Type: application/json\r\nX-Name: {name}\r\n\r\n{json}\r\n\
             --{boundary}\r\n\r\nplain\r\n--{boundary}--\r\n"
        )
    };
    let media = |boundary: &str| format!("multipart/mixed; boundary=\"{boundary}\"");
    for (json, name, expected) in [
        ("{\"a\":1}", "n", &[][..]),
        ("{\"a\":2}", "n", &["body:/0/a value"]),
        ("{\"a\":1}", "m", &["body:/0/header/x-name value"]),
    ] {
        let found =
            compared((&media("x"), &body("x", "{\"a\":1}", "n")), (&media("yy"), &body("yy", json, name)));
        assert_eq!(found, expected);
    }
    let (plain, warned) = (body("x", "{}", "n"), format!("Warning: x\r\n{}", body("x", "{}", "n")));
    assert_eq!(compared((&media("x"), &plain), (&media("x"), &warned)), ["body:/before value"]);
    let more = format!("{plain}Warning: x");
    assert_eq!(compared((&media("x"), &plain), (&media("x"), &more)), ["body:/behind value"]);
    let longer = plain.replace("X-Name: n", "x-name:  n");
    assert_eq!(compared((&media("x"), &plain), (&media("x"), &longer)), ["body spelling"]);
    let cut = body("x", "{}", "n").replace("--x--", "");
    assert_eq!(compared((&media("x"), &body("x", "{}", "n")), (&media("x"), &cut)), ["text:/9 value"]);
}

#[test]
fn what_is_hostile_is_bounded() {
    let deep = |n: usize, inner: &str| format!("{}{inner}", "<div>".repeat(n));
    for (media, n) in [("text/html", 100_000), ("text/xml", 100_000)] {
        let found = compared((media, &deep(n, "a")), (media, &deep(n, "b")));
        assert_eq!(found, ["text:/1 value"], "{media}: it is compared by its lines");
    }
    let in_template = |inner: &str| format!("<template>{}", deep(100_000, inner));
    let found = compared(("text/html", &in_template("a")), ("text/html", &in_template("b")));
    assert_eq!(found, ["text:/1 value"]);
    let reopened = |inner: &str| {
        let fonts: String = (0..240).map(|n| format!("<font color=c{n}>")).collect();
        format!("<p>{fonts}{}{inner}", "<p>x".repeat(200_000))
    };
    let found = compared(("text/html", &reopened("a")), ("text/html", &reopened("b")));
    assert_eq!(found, ["text:/1 value"], "a few bytes make hundreds of nodes");
    let long_names = |inner: &str| {
        let name = "x".repeat(2_000);
        let open: String = (0..200).map(|n| format!("<{name}{n}>")).collect();
        let close: String = (0..200).rev().map(|n| format!("</{name}{n}>")).collect();
        format!("{open}{}{inner}{close}", "<i/>".repeat(50_000))
    };
    let found = compared(("text/xml", &long_names("a")), ("text/xml", &long_names("b")));
    assert_eq!(found.len(), 1, "the place of each child is as long as the document");
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxxxxxx\"><!ENTITY y \"&x;&x;&x;\">]><a>&y;</a>";
    assert_eq!(
        compared(("text/xml", bomb), ("text/xml", &bomb.replace("<a>", "<a> "))),
        ["body:/a/#text value"]
    );
    let long = |tag: &str| format!("<p>{}", format!("<{tag}>x</{tag}>").repeat(5_000));
    assert!(!compared(("text/html", &long("b")), ("text/html", &long("i"))).is_empty());
}
