#pragma once

#include "bench/agent/figures.h"
#include "bench/agent/machine.h"
#include "store/store.h"

/// What the same work costs without an agent: the lower limits of its figures.
namespace weft::bench {

struct Limits {
  Sample watch;                              // from etcd's reply to a put until a watch has it
  Sample put;                                // a put until etcd's reply
  Sample element;                            // one set element committed
  Sample chain;                              // a chain of five rules flushed and written again
  Sample endpoint;                           // two chains, three elements, a route
  Sample program;                            // a program started and ended
  Sample veth;                               // a pair made, one end of it in another namespace
  Sample no_veth;                            // it deleted
  double element_cpu = 0, endpoint_cpu = 0;  // CPU of one of those, in milliseconds
  double list = 0;                           // all values read, in milliseconds
  double copy = 0;                           // all values copied in memory
  double values_mib = 0;
  double elements = 0;  // as many elements as our table has, in one transaction
  std::size_t element_count = 0;
};

/// @param elements  how many the agent's table has
Limits measure_limits(store::Store& store, std::size_t elements);

/// "put 0.20 / 0.31 ms, watch …": each limit by itself.
std::string to_string(const Limits& limits);

/// Elements in table inet weft.
std::size_t count_elements();

}  // namespace weft::bench
