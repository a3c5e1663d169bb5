"""Small bugs in Rust."""

from __future__ import annotations

from bugs.bug import project

RUST = (
    project(
        "histogram",
        "rust",
        "off by one",
        {
            "src/lib.rs": r"""
            //! Counts values in bins of equal width.

            pub struct Histogram {
                low: f64,
                width: f64,
                pub counts: Vec<u32>,
                pub outside: u32,
            }

            impl Histogram {
                pub fn new(low: f64, high: f64, bins: usize) -> Self {
                    Histogram { low, width: (high - low) / bins as f64, counts: vec![0; bins], outside: 0 }
                }

                /// What is exactly at the upper end belongs to the last bin.
                pub fn add(&mut self, value: f64) {
                    let bins = self.counts.len();
                    let at = (value - self.low) / self.width;
                    if at < 0.0 || at «>=»«>» bins as f64 {
                        self.outside += 1;
                    } else {
                        self.counts[«at as usize»«(at as usize).min(bins - 1)»] += 1;
                    }
                }
            }
            """,
        },
        tests={
            "tests/histogram.rs": r"""
            use lib::Histogram;

            fn counted(values: &[f64]) -> (Vec<u32>, u32) {
                let mut histogram = Histogram::new(0.0, 10.0, 5);
                for value in values {
                    histogram.add(*value);
                }
                (histogram.counts, histogram.outside)
            }

            #[test]
            fn bins() {
                assert_eq!(counted(&[0.0, 1.9, 2.0, 9.5]), (vec![2, 1, 0, 0, 1], 0));
            }

            #[test]
            fn outside() {
                assert_eq!(counted(&[-0.1, 10.1]), (vec![0; 5], 2));
            }

            #[test]
            fn the_upper_end() {
                assert_eq!(counted(&[10.0]), (vec![0, 0, 0, 0, 1], 0));
            }
            """,
        },
    ),
    project(
        "template",
        "rust",
        "missing case",
        {
            "src/lib.rs": r"""
            //! Fills names in braces into a text; two braces stand for one.

            mod scan;

            pub use scan::{parts, Part};

            pub fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
                let mut filled = String::new();
                for part in parts(text)? {
                    match part {
                        Part::Text(text) => filled.push_str(&text),
                        Part::Name(name) => match values.iter().find(|(key, _)| *key == name) {
                            Some((_, value)) => filled.push_str(value),
                            None => return Err(format!("no value for {}", name)),
                        },
                    }
                }
                Ok(filled)
            }
            """,
            "src/scan.rs": r"""
            pub enum Part {
                Text(String),
                Name(String),
            }

            pub fn parts(text: &str) -> Result<Vec<Part>, String> {
                let mut found = Vec::new();
                let mut plain = String::new();
                let mut chars = text.chars().peekable();
                while let Some(char) = chars.next() {
                    match (char, chars.peek()) {
                        ('{', Some('{')) «»«| ('}', Some('}')) »=> {
                            plain.push(char);
                            chars.next();
                        }
                        ('{', _) => {
                            found.push(Part::Text(std::mem::take(&mut plain)));
                            let name: String = chars.by_ref().take_while(|char| *char != '}').collect();
                            found.push(Part::Name(name));
                        }
                        ('}', _) => return Err("a brace too many".to_string()),
                        _ => plain.push(char),
                    }
                }
                found.push(Part::Text(plain));
                Ok(found)
            }
            """,
        },
        tests={
            "tests/fill.rs": r"""
            use lib::fill;

            #[test]
            fn names() {
                let values = [("who", "Ann"), ("day", "Monday")];
                assert_eq!(fill("Hi {who}, it is {day}.", &values).unwrap(), "Hi Ann, it is Monday.");
            }

            #[test]
            fn an_opening_brace() {
                assert_eq!(fill("a {{ b", &[]).unwrap(), "a { b");
            }

            #[test]
            fn braces_around() {
                assert_eq!(fill("{{{x}}}", &[("x", "1")]).unwrap(), "{1}");
                assert_eq!(fill("{{}}", &[]).unwrap(), "{}");
            }

            #[test]
            fn what_is_wrong() {
                assert!(fill("{x}", &[]).is_err());
                assert!(fill("x}", &[]).is_err());
            }
            """,
        },
    ),
    project(
        "priority",
        "rust",
        "wrong order",
        {
            "src/lib.rs": r"""
            //! A queue of tasks: the most urgent first, and of equal ones the oldest.

            use std::cmp::Ordering;
            use std::collections::BinaryHeap;

            #[derive(PartialEq, Eq)]
            struct Entry {
                urgency: u8,
                number: u64,
                name: String,
            }

            impl Ord for Entry {
                fn cmp(&self, other: &Self) -> Ordering {
                    self.urgency.cmp(&other.urgency).then(«self.number.cmp(&other.number)»«other.number.cmp(&self.number)»)
                }
            }

            impl PartialOrd for Entry {
                fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                    Some(self.cmp(other))
                }
            }

            #[derive(Default)]
            pub struct Queue {
                heap: BinaryHeap<Entry>,
                added: u64,
            }

            impl Queue {
                pub fn add(&mut self, name: &str, urgency: u8) {
                    self.added += 1;
                    self.heap.push(Entry { urgency, number: self.added, name: name.to_string() });
                }

                pub fn next(&mut self) -> Option<String> {
                    self.heap.pop().map(|entry| entry.name)
                }
            }
            """,
        },
        tests={
            "tests/queue.rs": r"""
            use lib::Queue;

            fn order(tasks: &[(&str, u8)]) -> Vec<String> {
                let mut queue = Queue::default();
                for (name, urgency) in tasks {
                    queue.add(name, *urgency);
                }
                std::iter::from_fn(|| queue.next()).collect()
            }

            #[test]
            fn the_most_urgent_first() {
                assert_eq!(order(&[("a", 1), ("b", 9), ("c", 5)]), ["b", "c", "a"]);
            }

            #[test]
            fn of_equal_ones_the_oldest() {
                assert_eq!(order(&[("a", 1), ("b", 1), ("c", 1)]), ["a", "b", "c"]);
            }

            #[test]
            fn nothing() {
                assert!(order(&[]).is_empty());
            }
            """,
        },
    ),
)
