//! The AIR agrees with StarkWare's on proofs that StarkWare's prover made.

mod support;

use novation_air::{check_degrees, eval_composition, eval_constraints, Air};
use novation_field::Fe;
use support::{exchange, PROOFS};

#[test]
fn test_composition_when_evaluated_on_stone_proofs_then_equals_their_claim() {
    for name in PROOFS {
        let Some(exchange) = exchange(name) else { return };
        let params = exchange.air.params(&exchange.interaction).unwrap();
        let value = eval_composition(
            &exchange.air,
            &exchange.mask,
            exchange.alpha,
            exchange.point,
            &params,
        );
        let [even, odd] = exchange.halves;
        assert_eq!(value.unwrap(), even + exchange.point * odd, "{name}");
    }
}

#[test]
fn test_composition_when_live_mask_value_changes_then_differs() {
    for name in PROOFS {
        let Some(exchange) = exchange(name) else { return };
        let params = exchange.air.params(&exchange.interaction).unwrap();
        let quotients =
            |mask: &[Fe]| eval_constraints(&exchange.air, mask, exchange.point, &params).unwrap();
        let honest = quotients(&exchange.mask);
        let graph = exchange.air.graph();
        let live = graph.reachable(exchange.air.constraints().iter().map(|c| c.expr));
        let mut changed = 0;
        for (position, node) in graph.nodes.iter().enumerate().filter(|(p, _)| live[*p]) {
            let novation_air::Node::Mask(cell) = *node else { continue };
            let mut mask = exchange.mask.clone();
            mask[cell as usize] += Fe::from_u64(1 + position as u64);
            assert_ne!(quotients(&mask), honest, "{name}: mask entry {cell}");
            changed += 1;
        }
        assert!(changed > 100, "{changed} live entries");
    }
}

#[test]
fn test_degrees_when_stone_layouts_then_within_bound() {
    for name in PROOFS {
        let Some(exchange) = exchange(name) else { return };
        check_degrees(&exchange.air).unwrap();
    }
}
