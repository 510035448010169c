"""Speed, measured in one run and printed; nothing here passes or fails."""
