#pragma once

#include <cstddef>
#include <utility>

namespace weft::schema {

namespace member_count_detail {

struct Anything {
  template <class T>
  operator T() const;  // never defined: only asked whether it would fit
};

template <class T, std::size_t... I>
constexpr bool fits(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything{})...}; };
}

template <class T, std::size_t N>
constexpr std::size_t count() {
  if constexpr (N == 0 || fits<T>(std::make_index_sequence<N>{}))
    return N;
  else
    return count<T, N - 1>();
}

}  // namespace member_count_detail

/// Number of members of a plain struct, at most 40.
template <class T>
constexpr std::size_t member_count() {
  return member_count_detail::count<T, 40>();
}

}  // namespace weft::schema
