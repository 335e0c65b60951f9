//! All mutants of a file in one: each stands beside what it changes, behind a switch that is thrown when the program starts.
//!
//! `a < b` with the mutants 7 and 8 becomes
//!
//! ```text
//! (match judge::now() {
//! /*m7*/ 7 => (a == b),
//! /*m8*/ 8 => (a > b),
//! _ => (a < b)
//! })
//! ```
//!
//! so that a compiler's error says by its line which mutant it is about. What changes nests; in the mutants' own arms stands
//! what was there, since one mutant is there at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Context as _;
use proc_macro2::LineColumn;
use syn::visit::{self, Visit};

use crate::listed::{At, Genre, Mutant};

/// A part of the text that something is put around.
struct Around {
    range: Range<usize>,
    before: String,
    after: String,
}

/// The file's text with these mutants, each known by its number, and the numbers of those that are in it.
pub(crate) fn switched(
    text: &str,
    mutants: &[(usize, &Mutant)],
) -> anyhow::Result<(String, BTreeSet<usize>)> {
    let file = syn::parse_file(text).context("a source cannot be parsed")?;
    let mut places = Places { text, mutants: BTreeMap::new(), around: Vec::new(), placed: BTreeSet::new() };
    for &(number, mutant) in mutants {
        let at = mutant.span.start.offset(text);
        places.mutants.entry((at, mutant.genre as u8)).or_default().push((number, mutant));
    }
    places.functions();
    places.visit_file(&file);
    let Places { mut around, placed, .. } = places;
    // What begins first, and of these what ends last, is outside.
    around.sort_by_key(|part| (part.range.start, std::cmp::Reverse(part.range.end)));
    // What is put before a place is put before all that begins there.
    around.sort_by_key(|part| (part.range.start, !part.range.is_empty()));
    Ok((put(text, 0..text.len(), &mut around.into_iter().peekable()), placed))
}

/// The text of a range with what is put around its parts.
fn put(
    text: &str,
    range: Range<usize>,
    around: &mut std::iter::Peekable<std::vec::IntoIter<Around>>,
) -> String {
    let (mut made, mut at) = (String::new(), range.start);
    while let Some(part) = around.next_if(|part| part.range.start >= at && part.range.end <= range.end) {
        made.push_str(&text[at..part.range.start]);
        made.push_str(&part.before);
        made.push_str(&put(text, part.range.clone(), around));
        made.push_str(&part.after);
        at = part.range.end;
    }
    made + &text[at..range.end]
}

struct Places<'m> {
    text: &'m str,
    /// By where they begin, and which genre they are of.
    mutants: BTreeMap<(usize, u8), Vec<(usize, &'m Mutant)>>,
    around: Vec<Around>,
    placed: BTreeSet<usize>,
}

impl<'m> Places<'m> {
    fn offset(&self, at: LineColumn) -> usize {
        At { line: at.line, column: at.column + 1 }.offset(self.text)
    }

    fn range(&self, spanned: &impl syn::spanned::Spanned) -> Range<usize> {
        let span = spanned.span();
        self.offset(span.start())..self.offset(span.end())
    }

    fn at(&self, start: usize, genre: Genre) -> Vec<(usize, &'m Mutant)> {
        self.mutants.get(&(start, genre as u8)).cloned().unwrap_or_default()
    }

    /// A function's value is given before its body begins.
    fn functions(&mut self) {
        let of = |(at, genre): &(usize, u8)| (*genre == Genre::FnValue as u8).then_some(*at);
        for at in self.mutants.keys().filter_map(of).collect::<Vec<_>>() {
            let mut before = String::new();
            for (number, mutant) in self.at(at, Genre::FnValue) {
                let value = one_line(&mutant.replacement);
                before.push_str(&format!(
                    "\n/*m{number}*/ if judge::now() == {number} {{ return {value}; }}\n"
                ));
                self.placed.insert(number);
            }
            self.around.push(Around { range: at..at, before, after: String::new() });
        }
    }

    /// An expression with others in its place.
    fn switch(&mut self, range: Range<usize>, others: Vec<(usize, String)>) {
        let arms: String = others
            .iter()
            .map(|(number, other)| format!("/*m{number}*/ {number} => ({}),\n", one_line(other)))
            .collect();
        self.placed.extend(others.iter().map(|(number, _)| *number));
        let before = format!("(match judge::now() {{\n{arms}_ => (");
        self.around.push(Around { range, before, after: ")\n})".to_owned() });
    }
}

impl<'ast> Visit<'ast> for Places<'_> {
    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        let operator = self.range(&node.op);
        let mutants = self.at(operator.start, Genre::BinaryOperator);
        // What `let` binds in a condition must not stand within anything.
        if !mutants.is_empty() && !has_let(&node.left) && !has_let(&node.right) {
            let range = self.range(&node.left).start..self.range(&node.right).end;
            let (left, right) =
                (&self.text[range.start..operator.start], &self.text[operator.end..range.end]);
            let others =
                mutants.iter().map(|(number, m)| (*number, format!("{left}{}{right}", m.replacement)));
            let others = others.collect();
            self.switch(range, others);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let range = self.range(node);
        let operand = self.text[self.range(&node.expr)].to_owned();
        let mutants = self.at(range.start, Genre::UnaryOperator);
        if !mutants.is_empty() {
            self.switch(range, mutants.iter().map(|(number, _)| (*number, operand.clone())).collect());
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let pattern = self.range(&node.pat);
        let gone = self.at(pattern.start, Genre::MatchArm);
        let holds = |numbers: &[(usize, &Mutant)]| {
            let all = numbers.iter().map(|(number, _)| format!("judge::now() != {number}"));
            all.collect::<Vec<_>>().join(" && ")
        };
        match &node.guard {
            None if !gone.is_empty() => {
                let before = format!("\n/*m{}*/ if {}\n", gone[0].0, holds(&gone));
                let range = pattern.end..pattern.end;
                self.around.push(Around { range, before, after: String::new() });
                self.placed.extend(gone.iter().map(|(number, _)| *number));
            }
            Some((_, guard)) if !has_let(guard) => {
                let range = self.range(&**guard);
                if !gone.is_empty() {
                    let before = format!("\n/*m{}*/ {} && (", gone[0].0, holds(&gone));
                    self.around.push(Around { range: range.clone(), before, after: ")\n".to_owned() });
                    self.placed.extend(gone.iter().map(|(number, _)| *number));
                }
                let fixed = self.at(range.start, Genre::MatchArmGuard);
                if !fixed.is_empty() {
                    let others = fixed.iter().map(|(number, m)| (*number, m.replacement.clone())).collect();
                    self.switch(range, others);
                }
            }
            _ => {}
        }
        visit::visit_arm(self, node);
    }

    /// What is computed when it is compiled knows no switch.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
}

/// Whether a condition binds by `let`.
fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// A line of its own, so that an error's line names it. Comments at the ends of lines are gone then.
fn one_line(text: &str) -> String {
    let code = |line: &str| line.split(" //").next().unwrap_or_default().trim().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join(" ")
}

/// The mutants that a line of a switched text is about: those that it has itself, or all of the nearest switch before.
pub(crate) fn on_line(text: &str, line: usize) -> Vec<usize> {
    let marks = |line: &str| -> Vec<usize> {
        let parts = line.split("/*m").skip(1);
        parts.filter_map(|part| part.split("*/").next()?.parse().ok()).collect()
    };
    let mut before = text.lines().take(line).map(marks).collect::<Vec<_>>().into_iter().rev().peekable();
    let own = before.next().unwrap_or_default();
    if !own.is_empty() {
        return own;
    }
    while before.next_if(Vec::is_empty).is_some() {}
    before.take_while(|marks| !marks.is_empty()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(genre: Genre, line: usize, start: usize, end: usize, replacement: &str) -> Mutant {
        let at = |column| At { line, column };
        let span = crate::listed::Span { start: at(start), end: at(end) };
        let (name, file) = (String::new(), String::new());
        Mutant { name, file, genre, span, replacement: replacement.to_owned() }
    }

    #[test]
    fn each_change_stands_beside_what_it_changes() {
        let text = "fn f(a: i32, b: i32) -> bool {\n    a + 1 < b\n}\n";
        let mutants = [
            mutant(Genre::FnValue, 2, 5, 14, "true"),
            mutant(Genre::BinaryOperator, 2, 11, 12, "=="),
            mutant(Genre::BinaryOperator, 2, 7, 8, "-"),
        ];
        let numbered: Vec<_> = mutants.iter().enumerate().collect();
        let (made, placed) = switched(text, &numbered).unwrap();
        assert_eq!(placed, [0, 1, 2].into());
        let made = made.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            made,
            "fn f(a: i32, b: i32) -> bool { /*m0*/ if judge::now() == 0 { return true; } (match judge::now() { \
             /*m1*/ 1 => (a + 1 == b), _ => ((match judge::now() { /*m2*/ 2 => (a - 1), _ => (a + 1) }) < b) }) }"
        );
        syn::parse_file(&made).unwrap();
    }

    #[test]
    fn an_arm_is_there_unless_its_mutant_is() {
        let text = "fn f(a: i32) -> i32 {\n    match a {\n        1 => 2,\n        x if x > 3 => 4,\n        _ => 5,\n    }\n}\n";
        let mutants =
            [mutant(Genre::MatchArm, 3, 9, 15, ""), mutant(Genre::MatchArmGuard, 4, 14, 19, "true")];
        let (made, placed) = switched(text, &mutants.iter().enumerate().collect::<Vec<_>>()).unwrap();
        assert_eq!(placed.len(), 2);
        assert!(made.contains("if judge::now() != 0") && made.contains("1 => (true)"), "{made}");
        syn::parse_file(&made).unwrap();
    }
}
