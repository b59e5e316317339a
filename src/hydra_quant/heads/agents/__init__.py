"""What agents are worth on history they did not learn from, and training them outside the bot."""
