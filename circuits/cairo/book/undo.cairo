from starkware.cairo.common.dict_access import DictAccess

// Takes back the accesses of a log from `start` to `end`, where it ends now: appends them once more
// the other way round, the last one first.
//
// Guarantee: what they changed is as it was before them. No record is made: each key goes back over
// the records that it came from (duty 4).
func take_back{any_log: DictAccess*}(start: DictAccess*, end: DictAccess*) {
    if (end - start == 0) {
        return ();
    }
    let last = end - DictAccess.SIZE;
    assert [any_log] = DictAccess(last.key, last.new_value, last.prev_value);
    let any_log = any_log + DictAccess.SIZE;
    return take_back(start, last);
}
