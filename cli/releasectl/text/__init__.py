"""Words for people: tables, times, symbols, without control sequences of others."""
