//! Charts: which share of requests native answered over time, and how often a difference was seen lately.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::observe::history::Share;

/// The chart's size, in its own units.
const SIZE: (f64, f64) = (1000.0, 160.0);

/// So many points are drawn at most.
const POINTS_MAX: i64 = 200;

/// A point: how far along the time, and the share.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    along: f64,
    share: f64,
}

/// The chart of those hours; nothing where there are less than two with requests.
pub(super) fn draw(hours: &BTreeMap<i64, Share>) -> Markup {
    let points = points(hours);
    let (Some(first), Some(last), true) = (hours.keys().next(), hours.keys().next_back(), points.len() > 1)
    else {
        return html! {};
    };
    let line: Vec<String> = points.iter().map(|point| place(*point)).collect();
    let line = line.join(" ");
    let (from, to) = (points[0].along * SIZE.0, points[points.len() - 1].along * SIZE.0);
    let area = format!("{from:.0},{height} {line} {to:.0},{height}", height = SIZE.1);
    let said = format!(
        "The share answered natively, from {} % to {} %",
        percent(points[0].share),
        percent(points[points.len() - 1].share)
    );
    html! {
        figure.chart {
            svg viewBox=(format!("0 -4 {} {}", SIZE.0, SIZE.1 + 8.0)) preserveAspectRatio="none" role="img" aria-label=(said) {
                @for share in [0.0, 0.5, 1.0] {
                    line.grid x1="0" x2=(SIZE.0) y1=(height(share)) y2=(height(share)) {}
                }
                polygon.area points=(area) {}
                polyline.line points=(line) {}
            }
            figcaption { span { (day(*first)) } span { "share answered natively, 0 to 100 %" } span { (day(*last)) } }
        }
    }
}

/// How often something was seen in each of the last hours, the hour under way last.
pub(super) fn bars(hours: &[u64]) -> Markup {
    let (sum, most) = (hours.iter().sum::<u64>(), hours.iter().max().copied().unwrap_or(0));
    let bar = |(at, n): (usize, &u64)| {
        // The least of them can be seen.
        let height = (*n as f64 / most.max(1) as f64 * BAR).ceil();
        (*n > 0).then(|| format!("M{at} {BAR}v-{height}h1v{height}z"))
    };
    let path: String = hours.iter().enumerate().filter_map(bar).collect();
    let latest = hours.last().copied().unwrap_or(0);
    let said = format!("{sum} in the last {} hours, {latest} in this one", hours.len());
    html! {
        @if sum > 0 {
            svg.bars viewBox=(format!("0 0 {} {BAR}", hours.len())) preserveAspectRatio="none" role="img" aria-label=(said) {
                title { (said) }
                path d=(path) {}
            }
        }
        small { (sum) }
    }
}

/// The height of the highest bar.
const BAR: f64 = 10.0;

/// The hours, several in one where there are many; those without a request are left out.
fn points(hours: &BTreeMap<i64, Share>) -> Vec<Point> {
    let (Some(first), Some(last)) = (hours.keys().next(), hours.keys().next_back()) else {
        return Vec::new();
    };
    let span = last - first + 1;
    let each = (span + POINTS_MAX - 1) / POINTS_MAX;
    let mut buckets = BTreeMap::<i64, Share>::new();
    for (hour, share) in hours {
        let bucket = buckets.entry((hour - first) / each).or_default();
        bucket.native += share.native;
        bucket.total += share.total;
    }
    let count = ((span - 1) / each).max(1) as f64;
    let point =
        |(at, share): (i64, Share)| Some(Point { along: at as f64 / count, share: share.of_native()? });
    buckets.into_iter().filter_map(point).collect()
}

fn height(share: f64) -> f64 {
    SIZE.1 * (1.0 - share)
}

fn place(point: Point) -> String {
    format!("{:.0},{:.1}", point.along * SIZE.0, height(point.share))
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn day(hour: i64) -> String {
    Timestamp::from_second(hour * 3600)
        .map_or_else(|_| String::new(), |time| time.strftime("%F %H:00").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(native: u64, total: u64) -> Share {
        Share { native, legacy: total - native, total }
    }

    #[test]
    fn a_line_goes_from_the_first_hour_to_the_last() {
        let hours = [(10, share(0, 10)), (11, share(0, 0)), (12, share(5, 10)), (14, share(10, 10))].into();
        assert_eq!(
            points(&hours),
            [
                Point { along: 0.0, share: 0.0 },
                Point { along: 0.5, share: 0.5 },
                Point { along: 1.0, share: 1.0 }
            ]
        );
        let drawn = draw(&hours).0;
        assert!(drawn.contains(r#"points="0,160.0 500,80.0 1000,0.0""#), "{drawn}");
    }

    #[test]
    fn the_highest_bar_is_the_hour_with_most_and_none_that_was_seen_is_invisible() {
        let drawn = bars(&[0, 100, 1, 50]).0;
        assert!(drawn.contains(r#"d="M1 10v-10h1v10zM2 10v-1h1v1zM3 10v-5h1v5z""#), "{drawn}");
        assert!(drawn.contains("151 in the last 4 hours, 50 in this one"), "{drawn}");
        assert!(!bars(&[0; 24]).0.contains("svg"), "nothing seen draws nothing");
    }

    #[test]
    fn two_years_are_as_many_points_as_a_week() {
        let hours = (0..2 * 366 * 24).map(|hour| (hour, share(1, 2))).collect();
        assert!(points(&hours).len() <= POINTS_MAX as usize);
        assert!(points(&hours).iter().all(|point| point.share == 0.5 && point.along <= 1.0));
        assert!(draw(&[(1, share(1, 1))].into()).0.is_empty(), "one hour is no line");
    }
}
