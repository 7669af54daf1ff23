//! Which of several files of a granule are kept, whatever the order in which they are given.
