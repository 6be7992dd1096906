// Guarantee: so many cells behind both pointers are equal.
func copy_cells(source: felt*, target: felt*, n_cells) {
    if (n_cells == 0) {
        return ();
    }
    assert target[0] = source[0];
    return copy_cells(source + 1, target + 1, n_cells - 1);
}
