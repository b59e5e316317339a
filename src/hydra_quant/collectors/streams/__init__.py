"""Parts of a source that speaks by itself: its words, its wire, its whole minutes, its journal."""
