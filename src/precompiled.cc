// Anchor of the precompiled header of all modules, see cmake/module.cmake.
