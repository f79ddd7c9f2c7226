//! What ended its runs, or let them fail unseen.
