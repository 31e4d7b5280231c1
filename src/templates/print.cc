#include "templates/print.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "templates/utf8.h"

namespace weft::templates {
namespace {

using Kind = Value::Kind;

constexpr int largest_width = 1'000'000;

struct Spec {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  bool plus_v = false, sharp_v = false;
  std::optional<int> width, precision;
};

class Printer {
 public:
  std::string out;
  Spec spec;

  void value(const Value& v, char32_t verb, int depth = 0) {
    if (v.is_absent() || v.is_nil()) {
      if (verb == 'T' || verb == 'v')
        pad(depth > 0 && spec.sharp_v ? "interface {}(nil)" : v.is_nil() ? v.shown() : "<nil>");
      else
        bad_verb(v, verb);
      return;
    }
    if (verb == 'T') return string(v.type(), 's');
    switch (v.kind()) {
      case Kind::boolean:
        if (verb == 't' || verb == 'v')
          pad(v.as_bool() ? "true" : "false");
        else
          bad_verb(v, verb);
        break;
      case Kind::integer: {
        const std::int64_t n = v.as_integer();
        integer(v, n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n), n < 0, true, verb);
        break;
      }
      case Kind::natural: integer(v, v.as_natural(), false, false, verb); break;
      case Kind::real: real(v, verb); break;
      case Kind::string:
        if (verb == 'v' || verb == 's' || verb == 'x' || verb == 'X' || verb == 'q')
          string(v.as_string(), verb);
        else
          bad_verb(v, verb);
        break;
      case Kind::list: list(v, verb, depth); break;
      case Kind::map: map(v, verb, depth); break;
      case Kind::record: record(v, verb, depth); break;
      case Kind::function: pad("func"); break;
      case Kind::absent:
      case Kind::nil: break;
    }
  }

  void bad_verb(const Value& v, char32_t verb) {
    out += "%!";
    append_rune(out, verb);
    out += '(';
    if (v.is_absent() || v.is_nil()) {
      out += "<nil>";
    } else {
      out += v.type();
      out += '=';
      const bool sharp = spec.sharp_v;
      value(v, 'v');
      spec.sharp_v = sharp;
    }
    out += ')';
  }

 private:
  void pad(std::string_view text) {
    const int width = spec.width.value_or(0);
    const int have = static_cast<int>(rune_count(text));
    const std::string filler(static_cast<std::size_t>(std::max(0, width - have)), spec.zero && !spec.minus ? '0' : ' ');
    if (spec.minus)
      out.append(text).append(filler);
    else
      out.append(filler).append(text);
  }

  static std::string digits(std::uint64_t n, unsigned base, bool upper) {
    std::string text;
    do {
      text += (upper ? "0123456789ABCDEF" : "0123456789abcdef")[n % base];
      n /= base;
    } while (n != 0);
    std::reverse(text.begin(), text.end());
    return text;
  }

  void integer(const Value& v, std::uint64_t n, bool negative, bool is_signed, char32_t verb) {
    unsigned base = 10;
    bool upper = false;
    switch (verb) {
      case 'v':
        if (spec.sharp_v && !is_signed) {
          const bool sharp = std::exchange(spec.sharp, true);
          number(n, negative, 16, 'v', false);
          spec.sharp = sharp;
          return;
        }
        break;
      case 'd': break;
      case 'b': base = 2; break;
      case 'o':
      case 'O': base = 8; break;
      case 'x': base = 16; break;
      case 'X':
        base = 16;
        upper = true;
        break;
      case 'c': {
        std::string text;
        append_rune(text, negative || n > 0x10ffff ? 0xfffd : static_cast<char32_t>(n));
        pad_plain(text);
        return;
      }
      case 'q': pad_plain(quote_rune(negative || n > 0x10ffff ? 0xfffd : static_cast<char32_t>(n), spec.plus)); return;
      case 'U': {
        std::string text = fmt::format("U+{:0{}X}", negative ? 0 - n : n, std::max(4, spec.precision.value_or(4)));
        if (spec.sharp && !negative && n <= 0x10ffff && is_printable(static_cast<char32_t>(n))) {
          text += " '";
          append_rune(text, static_cast<char32_t>(n));
          text += '\'';
        }
        pad_plain(text);
        return;
      }
      default: bad_verb(v, verb); return;
    }
    number(n, negative, base, verb, upper);
  }

  void pad_plain(std::string_view text) {
    const bool zero = std::exchange(spec.zero, false);
    pad(text);
    spec.zero = zero;
  }

  void number(std::uint64_t n, bool negative, unsigned base, char32_t verb, bool upper) {
    int precision = 0;
    if (spec.precision) {
      precision = *spec.precision;
      if (precision == 0 && n == 0) return pad_plain("");
    } else if (spec.zero && !spec.minus && spec.width) {
      precision = *spec.width;
      if (negative || spec.plus || spec.space) --precision;
    }
    std::string text = digits(n, base, upper);
    if (static_cast<int>(text.size()) < precision)
      text.insert(0, static_cast<std::size_t>(precision) - text.size(), '0');
    if (spec.sharp) {
      if (base == 2)
        text.insert(0, "0b");
      else if (base == 8 && text[0] != '0')
        text.insert(0, "0");
      else if (base == 16)
        text.insert(0, upper ? "0X" : "0x");
    }
    if (verb == 'O') text.insert(0, "0o");
    if (negative)
      text.insert(0, "-");
    else if (spec.plus)
      text.insert(0, "+");
    else if (spec.space)
      text.insert(0, " ");
    pad_plain(text);
  }

  void real(const Value& v, char32_t verb) {
    char form = static_cast<char>(verb);
    int precision = -1;
    switch (verb) {
      case 'v': form = 'g'; break;
      case 'b':
      case 'g':
      case 'G':
      case 'x':
      case 'X': break;
      case 'f':
      case 'F':
        form = 'f';
        precision = 6;
        break;
      case 'e':
      case 'E': precision = 6; break;
      default: bad_verb(v, verb); return;
    }
    if (spec.precision) precision = *spec.precision;
    std::string text = format_real(v.as_real(), form, precision);
    if (text[0] != '-' && text[0] != '+') text.insert(0, "+");
    if (spec.space && text[0] == '+' && !spec.plus) text[0] = ' ';
    const bool endless = text[1] == 'I' || text[1] == 'N';
    if (endless && text[1] == 'N' && !spec.space && !spec.plus) text.erase(0, 1);
    if (spec.sharp && verb != 'b' && !endless) keep_point(text, verb, precision);
    if (spec.plus || text[0] != '+') {
      if (spec.zero && !spec.minus && spec.width && *spec.width > static_cast<int>(text.size()) && !endless) {
        out += text[0];
        const Spec before = spec;
        spec.width = *spec.width - 1;
        pad(std::string_view(text).substr(1));
        spec = before;
        return;
      }
      if (endless)
        pad_plain(text);
      else
        pad(text);
      return;
    }
    if (endless)
      pad_plain(std::string_view(text).substr(1));
    else
      pad(std::string_view(text).substr(1));
  }

  /// The # flag: a decimal point always, and %g keeps its zeros.
  static void keep_point(std::string& text, char32_t verb, int precision) {
    int wanted = 0;
    if (verb == 'v' || verb == 'g' || verb == 'G') wanted = precision == -1 ? 6 : precision;
    const auto exponent = text.find_first_of("eEpP", 1);
    const std::string tail = exponent == std::string::npos ? "" : text.substr(exponent);
    if (exponent != std::string::npos) text.erase(exponent);
    bool point = false;
    bool significant = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '.') {
        point = true;
        continue;
      }
      if (text[i] != '0') significant = true;
      if (significant) --wanted;
    }
    if (!point) {
      if (text.size() == 2 && text[1] == '0') --wanted;
      text += '.';
    }
    if (wanted > 0) text.append(static_cast<std::size_t>(wanted), '0');
    text += tail;
  }

  void string(std::string_view text, char32_t verb) {
    if (verb == 'x' || verb == 'X') return hex(text, verb == 'X');
    if (spec.precision) {
      std::size_t bytes = 0;
      for (int runes = 0; runes < *spec.precision && bytes < text.size(); ++runes)
        bytes += decode_rune(text.substr(bytes)).size;
      text = text.substr(0, bytes);
    }
    if (verb == 'q' || (verb == 'v' && spec.sharp_v)) {
      const bool raw = spec.sharp && verb == 'q' && text.find_first_of("`\x7f") == text.npos &&
                       std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' && c != '\t'; });
      return pad(raw ? "`" + std::string(text) + "`" : quote(text, spec.plus && verb == 'q'));
    }
    pad(text);
  }

  void hex(std::string_view text, bool upper) {
    if (spec.precision) text = text.substr(0, static_cast<std::size_t>(*spec.precision));
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (spec.space && i > 0) made += ' ';
      if (spec.sharp && (spec.space || i == 0)) made += upper ? "0X" : "0x";
      const auto byte = static_cast<unsigned char>(text[i]);
      made += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
    }
    pad(made);
  }

  void list(const Value& v, char32_t verb, int depth) {
    const List& items = v.as_list();
    if (spec.sharp_v) {
      out += v.type();
      out += '{';
    } else {
      out += '[';
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += spec.sharp_v ? ", " : " ";
      value(items[i], verb, depth + 1);
    }
    out += spec.sharp_v ? '}' : ']';
  }

  void map(const Value& v, char32_t verb, int depth) {
    out += spec.sharp_v ? std::string(v.type()) + "{" : "map[";
    bool first = true;
    for (const auto& [name, member] : v.as_map()) {
      if (!first) out += spec.sharp_v ? ", " : " ";
      first = false;
      value(Value(name), verb, depth + 1);
      out += ':';
      value(member, verb, depth + 1);
    }
    out += spec.sharp_v ? '}' : ']';
  }

  void record(const Value& v, char32_t verb, int depth) {
    // A nameless first field is what the record says of itself, as a Go Stringer does.
    if (!spec.sharp_v && !v.as_record().empty() && v.as_record()[0].first.empty())
      return value(v.as_record()[0].second, verb, depth);
    if (spec.sharp_v) out += v.type();
    out += '{';
    bool first = true;
    for (const auto& [name, field] : v.as_record()) {
      if (field.kind() == Kind::function) continue;
      if (!first) out += spec.sharp_v ? ", " : " ";
      first = false;
      if (spec.plus_v || spec.sharp_v) out += name + ":";
      value(field, verb, depth + 1);
    }
    out += '}';
  }
};

/// The format string of one sprintf, read from left to right.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> arguments) : format_(format), arguments_(arguments) {}

  std::string run() {
    while (at_ < format_.size()) {
      const auto percent = std::min(format_.find('%', at_), format_.size());
      printer_.out += format_.substr(at_, percent - at_);
      at_ = percent + 1;
      if (percent < format_.size()) verb();
    }
    if (!reordered_ && next_ < arguments_.size()) extra();
    return std::move(printer_.out);
  }

 private:
  void verb() {
    Spec& spec = printer_.spec;
    spec = {};
    good_index_ = true;
    for (bool more = true; more && at_ < format_.size();) {
      switch (format_[at_]) {
        case '#': spec.sharp = true; break;
        case '0': spec.zero = true; break;
        case '+': spec.plus = true; break;
        case '-': spec.minus = true; break;
        case ' ': spec.space = true; break;
        default: more = false; continue;
      }
      ++at_;
    }
    bool after_index = index();
    if (take('*')) {
      star(spec.width, "%!(BADWIDTH)");
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
        spec.zero = false;
      }
      after_index = false;
    } else if ((spec.width = digits()); spec.width && after_index) {
      good_index_ = false;
    }
    if (take('.')) {
      if (after_index) good_index_ = false;
      after_index = index();
      if (take('*')) {
        star(spec.precision, "%!(BADPREC)");
        if (spec.precision && *spec.precision < 0) {
          spec.precision.reset();
          printer_.out += "%!(BADPREC)";
        }
        after_index = false;
      } else {
        spec.precision = digits().value_or(0);
      }
    }
    if (!after_index) index();
    if (at_ >= format_.size()) {
      printer_.out += "%!(NOVERB)";
      return;
    }
    const Rune rune = decode_rune(format_.substr(at_));
    at_ += rune.size;
    if (rune.value == '%')
      printer_.out += '%';
    else if (!good_index_)
      mistake(rune.value, "(BADINDEX)");
    else if (next_ >= arguments_.size())
      mistake(rune.value, "(MISSING)");
    else {
      if (rune.value == 'w') {
        printer_.bad_verb(arguments_[next_++], rune.value);
        return;
      }
      if (rune.value == 'v') {
        spec.sharp_v = std::exchange(spec.sharp, false);
        spec.plus_v = std::exchange(spec.plus, false);
      }
      printer_.value(arguments_[next_++], rune.value);
    }
  }

  bool take(char c) {
    if (at_ >= format_.size() || format_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<int> digits() {
    std::optional<int> number;
    for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_) {
      if (number.value_or(0) > largest_width) return std::nullopt;
      number = number.value_or(0) * 10 + (format_[at_] - '0');
    }
    return number && *number > largest_width ? std::nullopt : number;
  }

  /// "[n]": the argument to use next.
  bool index() {
    if (at_ >= format_.size() || format_[at_] != '[') return false;
    reordered_ = true;
    const auto close = format_.find(']', at_);
    if (close == format_.npos) {
      good_index_ = false;
      ++at_;
      return false;
    }
    ++at_;
    const auto number = digits();
    const bool good = number && at_ == close && *number >= 1 && static_cast<std::size_t>(*number) <= arguments_.size();
    at_ = close + 1;
    if (good)
      next_ = static_cast<std::size_t>(*number) - 1;
    else
      good_index_ = false;
    return good;
  }

  void star(std::optional<int>& out, std::string_view bad) {
    if (next_ < arguments_.size()) {
      const Value& v = arguments_[next_++];
      if (v.kind() == Kind::integer && std::abs(v.as_integer()) <= largest_width) {
        out = static_cast<int>(v.as_integer());
        return;
      }
    }
    printer_.out += bad;
  }

  void mistake(char32_t verb, std::string_view what) {
    printer_.out += "%!";
    append_rune(printer_.out, verb);
    printer_.out += what;
  }

  void extra() {
    printer_.spec = {};
    printer_.out += "%!(EXTRA ";
    for (std::size_t i = next_; i < arguments_.size(); ++i) {
      if (i > next_) printer_.out += ", ";
      const Value& v = arguments_[i];
      if (v.is_absent() || v.is_nil()) {
        printer_.out += "<nil>";
      } else {
        printer_.out += v.type();
        printer_.out += '=';
        printer_.value(v, 'v');
      }
    }
    printer_.out += ')';
  }

  std::string_view format_;
  std::span<const Value> arguments_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  Printer printer_;
};

}  // namespace

std::string sprint(std::span<const Value> values) {
  Printer printer;
  bool string_before = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_string = values[i].kind() == Kind::string;
    if (i > 0 && !is_string && !string_before) printer.out += ' ';
    printer.value(values[i], 'v');
    string_before = is_string;
  }
  return std::move(printer.out);
}

std::string sprintln(std::span<const Value> values) {
  Printer printer;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) printer.out += ' ';
    printer.value(values[i], 'v');
  }
  return std::move(printer.out) + '\n';
}

std::string sprintf(std::string_view format, std::span<const Value> arguments) {
  return Formatter(format, arguments).run();
}

}  // namespace weft::templates
