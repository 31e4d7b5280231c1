#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "templates/print.h"

namespace weft::templates {
namespace {

std::string to_chars(double value, std::chars_format form, int precision) {
  std::string text(precision < 0 ? 64 : static_cast<std::size_t>(precision) + 400, '\0');
  const auto [end, error] = precision < 0
                                ? std::to_chars(text.data(), text.data() + text.size(), value, form)
                                : std::to_chars(text.data(), text.data() + text.size(), value, form, precision);
  if (error != std::errc()) {  // the shortest fixed form of a very large or small number
    text.resize(1100);
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, form).ptr};
  }
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

/// %g: %e for large and small exponents, %f otherwise.
std::string general(double value, char verb, int precision) {
  const bool shortest = precision < 0;
  if (precision == 0) precision = 1;
  std::string scientific = to_chars(value, std::chars_format::scientific, shortest ? -1 : precision - 1);
  const auto e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  int significant = 0;
  for (std::size_t i = 0; i < e; ++i) significant += scientific[i] >= '0' && scientific[i] <= '9';
  int threshold = shortest ? 6 : precision;
  if (!shortest && threshold > significant && significant >= exponent + 1) threshold = significant;
  if (!shortest) {  // trailing zeros of the mantissa go
    std::string mantissa = scientific.substr(0, e);
    if (mantissa.find('.') != std::string::npos) {
      while (mantissa.ends_with('0')) mantissa.pop_back();
      if (mantissa.ends_with('.')) mantissa.pop_back();
    }
    scientific = mantissa + scientific.substr(e);
  }
  if (exponent < -4 || exponent >= threshold) {
    if (verb == 'G') scientific[scientific.find('e')] = 'E';
    return scientific;
  }
  const double rounded = shortest ? value : std::strtod(scientific.c_str(), nullptr);
  return to_chars(rounded, std::chars_format::fixed, -1);
}

}  // namespace

std::string format_real(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  switch (verb) {
    case 'e':
    case 'E': {
      std::string text = to_chars(value, std::chars_format::scientific, precision);
      if (verb == 'E') text[text.find('e')] = 'E';
      return text;
    }
    case 'f': return to_chars(value, std::chars_format::fixed, precision);
    case 'b': {
      const auto bits = std::bit_cast<std::uint64_t>(value);
      std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52) - 1);
      int exponent = static_cast<int>(bits >> 52 & 0x7ff);
      if (exponent == 0)
        ++exponent;
      else
        mantissa |= std::uint64_t{1} << 52;
      return fmt::format("{}{}p{:+d}", bits >> 63 != 0 ? "-" : "", mantissa, exponent - 1075);
    }
    case 'x':
    case 'X': {
      std::string text = value == 0 ? "0p+00" : to_chars(std::abs(value), std::chars_format::hex, precision);
      const auto p = text.find('p');
      const int exponent = std::atoi(text.c_str() + p + 1);
      text = fmt::format("{}0x{}p{}{:02d}", std::signbit(value) ? "-" : "", text.substr(0, p), exponent < 0 ? '-' : '+',
                         std::abs(exponent));
      if (verb == 'X') {
        for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      }
      return text;
    }
    default: return general(value, verb, precision);
  }
}

}  // namespace weft::templates
