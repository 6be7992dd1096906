//! The constant points of the Pedersen hash.

use std::sync::LazyLock;

use novation_air::Periodic;
use novation_crypto::curve::{doublings, Affine};
use novation_field::Fe;

use crate::builtins::ec_subset_sum::HEIGHT;

/// Low bits of an input, multiplied with the first point of the input.
const LOW_BITS: usize = 248;
/// High bits of an input, multiplied with the second.
const HIGH_BITS: usize = 4;

/// Points of the Pedersen hash as published by StarkWare: low and high of the first input, then of
/// the second.
const BASE_POINTS: [[&str; 2]; 4] = [
    [
        "234287dcbaffe7f969c748655fca9e58fa8120b6d56eb0c1080d17957ebe47b",
        "3b056f100f96fb21e889527d41f4e39940135dd7a6c94cc6ed0268ee89e5615",
    ],
    [
        "4fa56f376c83db33f9dab2656558f3399099ec1de5e3018b7a6932dba8aa378",
        "3fa0984c931c9e38113e0c0e47e4401562761f92a7a23b45168f4e80ff5b54d",
    ],
    [
        "4ba4cc166be8dec764910f75b45f74b40c690c74709e90f3aa372f0bd2d6997",
        "40301cf5c1751f4b971e46c4ede85fcac5c59a5ce5ae7c48151f27b24b219c",
    ],
    [
        "54302dcb0e6cc1c6e44cca8f61a63bb2ca65048d53fb325d36ff12c49a58202",
        "1b77b3e37d13504b348046268d8ae25ce98ad783c25561a879dcc77e99c2426",
    ],
];

/// The 252 points of each input, one per bit.
pub(crate) static POINTS: LazyLock<[Vec<Affine>; 2]> = LazyLock::new(|| {
    let coordinate = |hex| Fe::from_hex(hex).expect("a published constant");
    let base = |index: usize| {
        let [x, y] = BASE_POINTS[index];
        Affine { x: coordinate(x), y: coordinate(y) }
    };
    [0, 1].map(|input| {
        let mut points = doublings(base(2 * input), LOW_BITS);
        points.extend(doublings(base(2 * input + 1), HIGH_BITS));
        points
    })
});

/// The periodic columns of the points' coordinates for instances of `period` rows.
pub(crate) fn periodic_points(period: u64) -> [Periodic; 2] {
    let padded = POINTS.iter().flat_map(|points| {
        let last = points.iter().cycle().skip(points.len() - 1).take(1).cycle();
        points.iter().chain(last).take(HEIGHT)
    });
    let (x, y) = padded.map(|point| (point.x, point.y)).unzip();
    let column = |name: &str, values: Vec<Fe>| Periodic {
        name: format!("pedersen/points/{name}"),
        period_rows: period,
        step_rows: period / (2 * HEIGHT as u64),
        values,
    };
    [column("x", x), column("y", y)]
}
