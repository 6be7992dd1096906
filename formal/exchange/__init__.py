"""Properties of the Exchange contract for all arguments, with forged outputs of batches."""
