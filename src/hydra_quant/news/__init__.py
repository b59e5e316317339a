"""News into verdicts: read and cleaned, asked about, kept on a tape, and applied by a pure gate."""
