"""Who trades: one kind of agent per file. They see what `View` shows and act through a `Desk`."""
