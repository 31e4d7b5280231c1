// Anchor of the precompiled test header; helpers that tests of several modules share live in this folder.
