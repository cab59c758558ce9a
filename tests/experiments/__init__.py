"""Published experiments, done again by ``lensmith`` commands; see tests/benchmarks for measurements of our own."""
