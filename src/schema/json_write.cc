#include <charconv>
#include <cmath>
#include <type_traits>

#include "schema/value.h"

namespace weft::schema {

void append_json(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // start of what needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out.append(text, plain);
  out += '"';
}

void append_json(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string text(buffer, end);
  const auto exponent = text.find("e-0");  // 1e-07 is 1e-7
  if (exponent != std::string::npos) text.erase(exponent + 2, 1);
  out += text;
}

namespace {

void break_line(std::string& out, int indent, int depth) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void append(std::string& out, const Value& value, int indent, int depth) {
  std::visit(
      [&](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::nullptr_t>) {
          out += "null";
        } else if constexpr (std::is_same_v<V, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_integral_v<V>) {
          char buffer[24];
          out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, v).ptr);
        } else if constexpr (std::is_same_v<V, double>) {
          append_json(out, v);
        } else if constexpr (std::is_same_v<V, std::string>) {
          append_json(out, std::string_view(v));
        } else if constexpr (std::is_same_v<V, Array>) {
          out += '[';
          bool first = true;
          for (const Value& element : v) {
            if (!std::exchange(first, false)) out += ',';
            break_line(out, indent, depth + 1);
            append(out, element, indent, depth + 1);
          }
          if (!first) break_line(out, indent, depth);
          out += ']';
        } else {
          out += '{';
          bool first = true;
          for (const auto& [name, member] : v) {
            if (!std::exchange(first, false)) out += ',';
            break_line(out, indent, depth + 1);
            append_json(out, std::string_view(name));
            out += indent > 0 ? ": " : ":";
            append(out, member, indent, depth + 1);
          }
          if (!first) break_line(out, indent, depth);
          out += '}';
        }
      },
      value.variant());
}

}  // namespace

void append_json(std::string& out, const Value& value) { append(out, value, 0, 0); }

std::string to_json(const Value& value, int indent) {
  std::string out;
  append(out, value, indent, 0);
  return out;
}

}  // namespace weft::schema
