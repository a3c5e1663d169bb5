use crate::shapes::{area, round::Circle as C, self};
use std::io;
mod inner;

/// A point.
/// With two sides.
#[derive(Debug)]
pub struct Point<T> {
    x: T,
}
impl<T> Drawn for Point<T> where T: Number {
    pub fn draw(&self, to: &mut Canvas) -> i32 {
        self.clear();
        area::of(1);
        Point::new()
    }
}
pub trait Drawn {
    fn draw(&self) -> i32;
    fn twice(&self) {}
}
enum Side { Left, Right(u8) }
type Pair = (u8, u8);
macro_rules! twice { ($a:expr) => { $a; $a }; }
const MOST: usize = 4;
static NAME: &str = "x";
mod tests {
    fn check() { println!("x"); twice!(1); }
}
