#include "agent/heap.h"

#ifdef WEFT_JEMALLOC
#include <jemalloc/jemalloc.h>
#include <sys/types.h>

#include "base/result.h"

// Read by jemalloc before main (jemalloc(3)). One arena, as what a thread frees others use; each thread still has a
// cache of its own. No page that is free stays with a process that has little to do.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0";

namespace weft::agent::heap {

namespace {

/// @param ms  how long a page that was freed is kept
void decay(ssize_t ms) { CHECK(::mallctl("arena.0.dirty_decay_ms", nullptr, nullptr, &ms, sizeof ms) == 0); }

}  // namespace

void expect_much() { decay(1000); }
void give_back() {
  decay(0);
  (void)::mallctl("arena.0.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace weft::agent::heap
#else
namespace weft::agent::heap {

void expect_much() {}
void give_back() {}

}  // namespace weft::agent::heap
#endif
