// SPDX-License-Identifier: Apache-2.0

#include "client/table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quote.h"

namespace warren::client {
namespace {

using Json = nlohmann::ordered_json;

std::string printable(std::string_view text) {
  return without_controls(text, '?');
}

std::string cell(const Json& value) {
  if (value.is_null() || value == "") return "-";
  if (value.is_string()) return printable(value.get<std::string>());
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string words;
  for (const Json& word : value) words += (words.empty() ? "" : " ") + cell(word);
  return words.empty() ? "-" : words;
}

// In characters, not bytes, of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string heading(std::string field) {
  std::ranges::transform(field, field.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return field;
}

std::string aligned(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text.append(widths[i] - width_of(line[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

void append_object(std::string& text, const Json& object, std::size_t indent) {
  for (const auto& [key, value] : object.items()) {
    text.append(indent, ' ');
    text += printable(key) + ':';
    if (value.is_object() && !value.empty()) {
      text += '\n';
      append_object(text, value, indent + 2);
    } else {
      text += ' ' + (value.is_object() ? "-" : cell(value)) + '\n';
    }
  }
}

}  // namespace

std::unexpected<Error> no_such_field(const std::string& name) {
  return fail(Errc::kInvalidArgument, "there is no field '{}'", printable(name));
}

Result<Json> select_fields(const Json& object, const std::vector<std::string>& fields) {
  if (fields.empty()) return object;
  Json selected = Json::object();
  for (const std::string& field : fields) {
    const auto found = object.find(field);
    if (found == object.end()) return no_such_field(field);
    selected[field] = *found;
  }
  return selected;
}

Result<std::string> format_table(const Json& rows, const std::vector<std::string>& fields) {
  std::vector<std::vector<std::string>> lines(1);
  for (const std::string& field : fields) lines.front().push_back(heading(field));
  for (const Json& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& field : fields) {
      const auto found = row.find(field);
      if (found == row.end()) return no_such_field(field);
      line.push_back(cell(*found));
    }
  }
  return aligned(lines);
}

std::string format_object(const Json& object) {
  std::string text;
  append_object(text, object, 0);
  return text;
}

}  // namespace warren::client
