#include "base/json.hpp"

#include <charconv>

#include "base/text.hpp"

namespace video {
namespace {

constexpr std::size_t largestBody = 64 * 1024;
constexpr int deepest = 32;

template <class Number>
void readNumberText(std::string_view text, std::string_view field, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty())
    throw Error(Fault::malformed, fmt::format("{}: not a whole number in range", field));
}

}  // namespace

void appendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
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
      default: out += fmt::format("\\u{:04x}", c);
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

nlohmann::json parseJson(std::string_view text, bool unbounded) {
  if (!unbounded && text.size() > largestBody) throw Error(Fault::tooLarge, "body: over 64 KiB");
  std::string lastKey = "body";
  try {
    nlohmann::json document =
        nlohmann::json::parse(text, [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
          if (event == nlohmann::json::parse_event_t::key) lastKey = parsed.get<std::string>();
          if (depth > deepest) throw Error(Fault::malformed, "body: nested more than 32 levels deep");
          return true;
        });
    // To the parser a NUL outside of a string is the end of its input.
    if (text.find('\0') != std::string_view::npos) throw Error(Fault::malformed, "body: has a NUL");
    return document;
  } catch (const nlohmann::json::exception& failure) {
    const bool encoding = std::string_view(failure.what()).find("UTF-8") != std::string_view::npos;
    const bool control = std::string_view(failure.what()).find("control character") != std::string_view::npos;
    throw Error(Fault::malformed, fmt::format("{}: {}", lastKey,
                                              encoding  ? "not valid UTF-8"
                                              : control ? "has a control character"
                                                        : "not valid JSON here"));
  }
}

void throwWrongType(std::string_view field, std::string_view wanted) {
  throw Error(Fault::malformed, fmt::format("{}: must be {}", field, wanted));
}

void readJson(const nlohmann::json& json, std::string_view field, std::string& to) {
  if (!json.is_string()) throwWrongType(field, "a string");
  to = json.get_ref<const std::string&>();
}

void readJson(const nlohmann::json& json, std::string_view field, bool& to) {
  if (!json.is_boolean()) throwWrongType(field, "true or false");
  to = json.get<bool>();
}

void readJson(const nlohmann::json& json, std::string_view field, std::int64_t& to) {
  if (!json.is_number_integer() || (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX))
    throwWrongType(field, "a whole number");
  to = json.get<std::int64_t>();
}

void readJson(const nlohmann::json& json, std::string_view field, std::uint64_t& to) {
  if (!json.is_number_unsigned()) throwWrongType(field, "a whole number, not negative");
  to = json.get<std::uint64_t>();
}

void readJson(const nlohmann::json& json, std::string_view field, UserId& to) {
  readJson(json, field, to.value);
}

void readJson(const nlohmann::json& json, std::string_view field, Time& to) {
  std::string text;
  readJson(json, field, text);
  readText(text, field, to);
}

void readText(std::string_view text, std::string_view field, std::string& to) {
  if (!isUtf8(text)) throw Error(Fault::malformed, fmt::format("{}: not valid UTF-8", field));
  to = text;
}

void readText(std::string_view text, std::string_view field, bool& to) {
  if (text != "0" && text != "1" && text != "true" && text != "false")
    throw Error(Fault::malformed, fmt::format("{}: must be 1 or 0", field));
  to = text == "1" || text == "true";
}

void readText(std::string_view text, std::string_view field, std::int64_t& to) {
  readNumberText(text, field, to);
}
void readText(std::string_view text, std::string_view field, std::uint64_t& to) {
  readNumberText(text, field, to);
}
void readText(std::string_view text, std::string_view field, UserId& to) {
  readNumberText(text, field, to.value);
}

void readText(std::string_view text, std::string_view, std::vector<std::string>& to) {
  to.clear();
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(end)) {
    end = std::min(text.find(','), text.size());
    to.emplace_back(text.substr(0, end));
    if (end < text.size()) ++end;
  }
}

void readText(std::string_view text, std::string_view field, Time& to) {
  const auto time = parseTime(text);
  if (!time) throw Error(Fault::malformed, fmt::format("{}: not a time (RFC 3339, or Unix seconds)", field));
  to = *time;
}

}  // namespace video
