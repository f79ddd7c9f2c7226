//! How it lost photos.
