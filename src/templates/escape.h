#pragma once

#include <string>
#include <string_view>

namespace weft::templates {

/// For HTML text and quoted attributes.
std::string escape_html(std::string_view text);
/// For JavaScript strings.
std::string escape_js(std::string_view text);
/// For a URL's query.
std::string escape_query(std::string_view text);

}  // namespace weft::templates
