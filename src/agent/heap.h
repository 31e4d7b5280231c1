#pragma once

/// How free memory is kept, where the program has jemalloc (docs/decisions/0020): nothing to do under sanitizers, which
/// have an allocator of their own.
namespace weft::agent::heap {

/// Much is about to come and go: freed pages stay with us for a second, to be used again.
void expect_much();
/// The rush is over: freed pages go back to the kernel, now and from here on.
void give_back();

}  // namespace weft::agent::heap
