#include <algorithm>
#include <vector>

#include "schema/yaml_scalar.h"

namespace weft::schema {

namespace {

/// Whether a text may stand without quotes as a value or a name in block style (YAML 1.2, 7.3.3).
bool may_be_plain(std::string_view text) {
  if (is_ambiguous_in_yaml(text)) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text == "---" || text == "..." || text.starts_with("--- ") || text.starts_with("... ")) return false;
  if (std::string_view("!&*{}[]|>@`\"'#%,").find(text.front()) != std::string_view::npos) return false;
  if (std::string_view("-?:").find(text.front()) != std::string_view::npos && (text.size() == 1 || text[1] == ' '))
    return false;
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

bool has_controls(std::string_view text, bool but_newline) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(but_newline && c == '\n')) || byte == 0x7f;
  });
}

/// Characters that YAML takes for line ends or forbids unescaped: U+0080-9F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF.
bool has_special_unicode(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]);
    const auto b = static_cast<unsigned char>(text[i + 1]);
    if (a == 0xc2 && b < 0xa0) return true;
    if (i + 2 >= text.size()) continue;
    const auto c = static_cast<unsigned char>(text[i + 2]);
    if (a == 0xe2 && b == 0x80 && (c == 0xa8 || c == 0xa9)) return true;
    if (a == 0xef && ((b == 0xbb && c == 0xbf) || (b == 0xbf && c >= 0xbe))) return true;
  }
  return false;
}

/// A JSON string is a double-quoted scalar; DEL and the special characters are escaped on top.
std::string double_quoted(std::string_view text) {
  std::string json;
  append_json(json, text);
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto at = [&](std::size_t k) { return i + k < json.size() ? static_cast<unsigned char>(json[i + k]) : 0u; };
    static constexpr char hex[] = "0123456789abcdef";
    if (at(0) == 0x7f) {
      out += "\\x7f";
    } else if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) {
      out += std::string("\\x") + hex[at(1) >> 4] + hex[at(1) & 15];
      i += 1;
    } else if (at(0) == 0xe2 && at(1) == 0x80 && (at(2) == 0xa8 || at(2) == 0xa9)) {
      out += at(2) == 0xa8 ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf) {
      out += "\\ufeff";
      i += 2;
    } else if (at(0) == 0xef && at(1) == 0xbf && at(2) >= 0xbe) {
      out += at(2) == 0xbe ? "\\ufffe" : "\\uffff";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string one_line(std::string_view text) {
  if (has_controls(text, false) || has_special_unicode(text) || is_ambiguous_in_yaml(text)) return double_quoted(text);
  return may_be_plain(text) ? std::string(text) : single_quoted(text);
}

/// A text of several lines as a literal block; false when it needs escapes and must be quoted.
bool append_literal(std::string& out, std::string_view text, std::size_t indent) {
  if (indent == 0 || text.find('\n') == std::string_view::npos || has_controls(text, true) || has_special_unicode(text))
    return false;
  if (text.front() == ' ' || text.front() == '\n') return false;  // the block's indentation would be guessed wrong
  const bool ends_in_newline = text.back() == '\n';
  const bool ends_in_several = text.ends_with("\n\n");
  out += ends_in_several ? "|+" : ends_in_newline ? "|" : "|-";
  std::string_view rest = ends_in_newline ? text.substr(0, text.size() - 1) : text;
  while (true) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    out += '\n';
    if (!line.empty()) out.append(indent, ' ').append(line);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return true;
}

void append(std::string& out, const Value& value, std::size_t indent);

void append_object(std::string& out, const Object& object, std::size_t indent) {
  std::vector<const Member*> members;
  for (const Member& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->first < b->first; });
  bool first = true;
  for (const Member* member : members) {
    if (!std::exchange(first, false)) out.append(indent, ' ');
    out += one_line(member->first);
    out += ':';
    const Object* child = member->second.as_object();
    const Array* list = member->second.as_array();
    if (child && !child->empty()) {
      out += '\n';
      out.append(indent + 2, ' ');
      append_object(out, *child, indent + 2);
    } else if (list && !list->empty()) {
      out += '\n';
      out.append(indent, ' ');  // a list stands under its name, not further in
      append(out, member->second, indent);
    } else {
      out += ' ';
      append(out, member->second, indent + 2);
    }
  }
}

/// The cursor stands where the value begins; a line end follows it.
void append(std::string& out, const Value& value, std::size_t indent) {
  if (const std::string* text = value.as_string()) {
    if (!append_literal(out, *text, indent)) out += one_line(*text);
    out += '\n';
  } else if (const Array* list = value.as_array(); list && !list->empty()) {
    bool first = true;
    for (const Value& element : *list) {
      if (!std::exchange(first, false)) out.append(indent, ' ');
      out += "- ";
      append(out, element, indent + 2);
    }
  } else if (const Object* object = value.as_object(); object && !object->empty()) {
    append_object(out, *object, indent);
  } else {
    append_json(out, value);
    out += '\n';
  }
}

}  // namespace

std::string to_yaml(const Value& value) {
  std::string out;
  append(out, value, 0);
  return out;
}

}  // namespace weft::schema
