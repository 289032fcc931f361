"""From meaning to words: what is said, and what is remembered of the conversation."""
