//! What PHP code could observe, exactly, by PHP version.
