from circuits.cairo.constants import (
    DAY_MS,
    MILLE_ONE,
    QUANTA_PER_KUSD,
    RC_BOUND,
    TIER_THRESHOLD_BOUND,
    TODAY_VOLUME_BOUND,
    VOLUME_DAYS,
)
from circuits.cairo.numeric import split

// What an account has traded, docs/spec/protocol.md section 19. In its word the tier is below the day
// (together the rank), what was traded on that day is above, and what was traded before on top.
const TIER_BOUND = 2 ** 3;
const RANK_BOUND = TIER_BOUND * 2 ** 16;

// What who has traded so much pays of the fees of each market, in thousandths.
struct FeeTier {
    threshold_kusd: felt,
    taker_permille: felt,
    maker_permille: felt,
}

// All tiers by ascending threshold: a table whose first row is of those who have reached none, and
// behind whose last one stands what nobody reaches.
struct FeeSchedule {
    base: FeeTier,
    tier_1: FeeTier,
    tier_2: FeeTier,
    tier_3: FeeTier,
    tier_4: FeeTier,
    above_kusd: felt,
    word: felt,
}

// A volume is below 2^67 quanta, or 2^38 thousand USD.
const ABOVE_KUSD = 2 ** 60;

// Guarantee: the table is the only reading of its word; thresholds do not fall.
func check_fee_schedule{range_check_ptr}(schedule: FeeSchedule*) {
    assert schedule.base = FeeTier(0, MILLE_ONE, MILLE_ONE);
    assert schedule.above_kusd = ABOVE_KUSD;
    // Of the last threshold, below which the others are.
    assert [range_check_ptr] = schedule.tier_4.threshold_kusd + (RC_BOUND - TIER_THRESHOLD_BOUND);
    assert [range_check_ptr + 1] = schedule.tier_1.threshold_kusd;
    assert [range_check_ptr + 2] = schedule.tier_2.threshold_kusd - schedule.tier_1.threshold_kusd;
    assert [range_check_ptr + 3] = schedule.tier_3.threshold_kusd - schedule.tier_2.threshold_kusd;
    assert [range_check_ptr + 4] = schedule.tier_4.threshold_kusd - schedule.tier_3.threshold_kusd;
    assert [range_check_ptr + 5] = schedule.tier_1.taker_permille;
    assert [range_check_ptr + 6] = MILLE_ONE - schedule.tier_1.taker_permille;
    assert [range_check_ptr + 7] = schedule.tier_1.maker_permille;
    assert [range_check_ptr + 8] = MILLE_ONE - schedule.tier_1.maker_permille;
    assert [range_check_ptr + 9] = schedule.tier_2.taker_permille;
    assert [range_check_ptr + 10] = MILLE_ONE - schedule.tier_2.taker_permille;
    assert [range_check_ptr + 11] = schedule.tier_2.maker_permille;
    assert [range_check_ptr + 12] = MILLE_ONE - schedule.tier_2.maker_permille;
    assert [range_check_ptr + 13] = schedule.tier_3.taker_permille;
    assert [range_check_ptr + 14] = MILLE_ONE - schedule.tier_3.taker_permille;
    assert [range_check_ptr + 15] = schedule.tier_3.maker_permille;
    assert [range_check_ptr + 16] = MILLE_ONE - schedule.tier_3.maker_permille;
    assert [range_check_ptr + 17] = schedule.tier_4.taker_permille;
    assert [range_check_ptr + 18] = MILLE_ONE - schedule.tier_4.taker_permille;
    assert [range_check_ptr + 19] = schedule.tier_4.maker_permille;
    assert [range_check_ptr + 20] = MILLE_ONE - schedule.tier_4.maker_permille;
    let range_check_ptr = range_check_ptr + 21;
    assert schedule.word = schedule.tier_1.threshold_kusd + schedule.tier_1.taker_permille * 2 **
        32 + schedule.tier_1.maker_permille * 2 ** 42 + schedule.tier_2.threshold_kusd * 2 ** 52 +
        schedule.tier_2.taker_permille * 2 ** 84 + schedule.tier_2.maker_permille * 2 ** 94 +
        schedule.tier_3.threshold_kusd * 2 ** 104 + schedule.tier_3.taker_permille * 2 ** 136 +
        schedule.tier_3.maker_permille * 2 ** 146 + schedule.tier_4.threshold_kusd * 2 ** 156 +
        schedule.tier_4.taker_permille * 2 ** 188 + schedule.tier_4.maker_permille * 2 ** 198;
    return ();
}

// Returns the rank without a tier of the day of a time.
func rank_of_day{range_check_ptr}(time_ms) -> (today_rank: felt) {
    let (day, _) = split(time_ms, DAY_MS);
    return (today_rank=day * TIER_BOUND);
}

// Returns an account's word, given its parts, as it stands at the beginning of today, or as it is if the
// account has traded today; and what its tier pays.
//
// Assumption: the word is that of a leaf or was returned here, so that its tier is one of the table, its
// day is not a later one, and it is below 2^147.
func bring_to_day{range_check_ptr}(word, all_quanta, rank, today_rank, schedule: FeeSchedule*) -> (
    word: felt, taker_permille: felt, maker_permille: felt
) {
    alloc_locals;
    let (local day, tier) = split(rank, TIER_BOUND);
    if (day * TIER_BOUND == today_rank) {
        let (taker_permille, maker_permille) = shares_of(&schedule.base + tier * FeeTier.SIZE);
        return (word=word, taker_permille=taker_permille, maker_permille=maker_permille);
    }
    let (past_quanta, today_quanta) = split(all_quanta, TODAY_VOLUME_BOUND);
    local traded_quanta = past_quanta + today_quanta;
    tempvar a = VOLUME_DAYS - today_rank / TIER_BOUND + day;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp forgotten if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (left_quanta, _) = split(traded_quanta * a, VOLUME_DAYS);
    return rank_volume(left_quanta, today_rank, schedule);

    forgotten:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return rank_volume(0, today_rank, schedule);
}

// Returns the word of a maker after a trade: `today_word` is its own one as of today. What does not count
// does not bring it to the day either.
func count_traded(word, today_word, counted_quanta) -> (word: felt) {
    if (counted_quanta == 0) {
        return (word=word);
    }
    return (word=today_word + counted_quanta * RANK_BOUND);
}

// Returns the word of who has traded so much before today and nothing today, and what its tier pays.
func rank_volume{range_check_ptr}(past_quanta, today_rank, schedule: FeeSchedule*) -> (
    word: felt, taker_permille: felt, maker_permille: felt
) {
    alloc_locals;
    let (local tier: FeeTier*) = find_tier(&schedule.base, past_quanta);
    let (taker_permille, maker_permille) = shares_of(tier);
    tempvar number = (tier - &schedule.base) / FeeTier.SIZE;
    return (
        word=number + today_rank + past_quanta * (RANK_BOUND * TODAY_VOLUME_BOUND),
        taker_permille=taker_permille,
        maker_permille=maker_permille,
    );
}

func shares_of(tier: FeeTier*) -> (taker_permille: felt, maker_permille: felt) {
    return (taker_permille=tier.taker_permille, maker_permille=tier.maker_permille);
}

// Guarantee: the highest row, from the given one on, that the volume reaches; that one, if none above.
func find_tier{range_check_ptr}(tier: FeeTier*, volume_quanta) -> (tier: FeeTier*) {
    let next = tier + FeeTier.SIZE;
    tempvar a = volume_quanta - next.threshold_kusd * QUANTA_PER_KUSD;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return find_tier(next, volume_quanta);

    below:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (tier=tier);
}
