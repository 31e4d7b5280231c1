// Texts that several kinds' tables show.
#include <charconv>

#include "api/described.h"

namespace weft::api {

std::string shortened(std::string text) {
  if (text.size() > 80) text.replace(77, std::string::npos, "...");
  return text;
}

/// Go's %v of a float64: shortest digits, with an exponent below 1e-4 and from 1e6 on.
std::string order_text(const std::optional<double>& order) {
  if (!order) return "<nil>";
  char buffer[400];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, *order, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return text;
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, *order, std::chars_format::fixed).ptr};
}

}  // namespace weft::api
