#include "data/import_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace video::mysql {
namespace {

constexpr std::size_t longestUserName = 64;

bool isAsciiText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool isLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> valueIn(const MysqlRow& row, std::initializer_list<std::string_view> columns) {
  for (const std::string_view column : columns) {
    const auto found = std::find(row.columns.begin(), row.columns.end(), column);
    if (found != row.columns.end()) return row.values[static_cast<std::size_t>(found - row.columns.begin())];
  }
  return std::nullopt;
}

bool isOldId(std::string_view id) {
  try {
    checkText("id", id, 1, 255);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::optional<Time> parseOldTime(std::string_view text) {
  const std::string ended(text);
  if (const auto time = parseTime(ended + 'Z')) return time;
  std::tm parts{};
  const char* const end = ::strptime(ended.c_str(), "%b %d %Y, %H:%M:%S", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return parseTime(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                               parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec));
}

std::string userNameFor(std::string_view name, std::string_view id) {
  if (isUserName(name)) return std::string(name);
  if (name.empty() || !isAsciiText(name)) return "user_" + (isUserName(id) ? std::string(id.substr(0, 50)) : "x");
  std::string made(name.substr(0, longestUserName));
  for (char& c : made)
    if (!isUserName(std::string{'_', c})) c = '_';
  if (!isUserName(made)) made.front() = '_';
  return made;
}

std::string numberedName(std::string_view name, int number) {
  const std::string end = fmt::format("_{}", number);
  return std::string(name.substr(0, longestUserName - end.size())) + end;
}

std::string cleanText(std::string_view text, bool hasLines) {
  std::string clean;
  const std::string valid = repairedUtf8(text);
  std::string_view rest = valid;
  char32_t before = 0;
  while (!rest.empty()) {
    const char32_t point = takeCodePoint(rest).value_or(U'\uFFFD');
    const bool isBreak = point == U'\n' || point == U'\r';
    if (hasLines && isBreak) {
      if (point != U'\n' || before != U'\r') clean += '\n';
    } else {
      const bool isControl = point < 0x20 || (point >= 0x7f && point < 0xa0);
      appendCodePoint(clean, isControl ? U' ' : point);
    }
    before = point;
  }
  return clean;
}

std::string_view firstCharacters(std::string_view text, std::size_t most) {
  std::string_view rest = text;
  for (std::size_t i = 0; i < most && !rest.empty(); ++i)
    if (!takeCodePoint(rest)) break;
  return text.substr(0, text.size() - rest.size());
}

bool isPasswordHash(std::string_view password) {
  constexpr std::array<std::string_view, 7> marks{"$2a$", "$2b$", "$2y$", "$argon2", "$5$", "$6$", "$1$"};
  if (std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) { return password.starts_with(mark); }))
    return true;
  // MD5, SHA-1 and SHA-256: whoever read the dump could sign in with the hash.
  return (password.size() == 32 || password.size() == 40 || password.size() == 64) && isLowerHex(password);
}

bool isUuid7(std::string_view id) {
  if (id.size() != 36) return false;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool isDash = i == 8 || i == 13 || i == 18 || i == 23;
    if (isDash ? id[i] != '-' : !isLowerHex(id.substr(i, 1))) return false;
  }
  return id[14] == '7' && std::string_view("89ab").find(id[19]) != std::string_view::npos;
}

}  // namespace video::mysql
