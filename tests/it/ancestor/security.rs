//! What it gave away, and where it wrote though it should not.
