"""The sequencer: orders in, sealed batches out. Start reading at `sequencer.engine`."""
