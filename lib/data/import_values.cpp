#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "data/import.hpp"

namespace video {
namespace {

bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string importedName(std::string_view name, std::string_view number) {
  if (isUserName(name)) return std::string(name);
  const bool isAscii =
      std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
  std::string made;
  for (const char c : name.substr(0, 64)) made += isNameStart(c) || c == '.' || c == '-' ? c : '_';
  if (!made.empty() && !isNameStart(made.front())) made.front() = '_';
  if (isAscii && made.find_first_not_of('_') != std::string::npos) return made;
  std::string digits;
  for (const char c : number.substr(0, 40)) digits += isNameStart(c) ? c : '_';
  return "user_" + digits;
}

std::optional<Time> parseImportedTime(std::string_view text) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() == 21 && text.substr(11, 2) == ", ") {  // Nov 21 2026, 01:48:20
    for (std::size_t i = 0; i < months.size(); ++i)
      if (text.starts_with(months[i]))
        return parseTime(fmt::format("{}-{:02}-{}T{}Z", text.substr(7, 4), i + 1, text.substr(4, 2), text.substr(13)));
    return std::nullopt;
  }
  if (text.size() < 19) return std::nullopt;
  std::string moment(text);
  if (moment[10] == ' ') moment[10] = 'T';
  if (moment.find_first_of("Zz+", 19) == std::string::npos) moment += 'Z';
  return parseTime(moment);
}

bool isPasswordHash(std::string_view text) {
  const auto has = [&](std::string_view letters) { return text.find_first_not_of(letters) == std::string_view::npos; };
  constexpr std::string_view hex = "0123456789abcdefABCDEF";
  constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  constexpr std::size_t leastHash = 20;
  const auto isOneOf = [&](std::initializer_list<std::size_t> sizes) {
    return std::find(sizes.begin(), sizes.end(), text.size()) != sizes.end();
  };
  if (has(hex) && isOneOf({32, 40, 56, 64, 96, 128})) return true;                            // MD5, SHA-1, SHA-2
  if (has(base64) && text.ends_with('=') && isOneOf({24, 28, 44, 88})) return true;           // the same in base64
  if (text.starts_with('*') && text.size() == 41) return true;                                // PASSWORD() of MySQL
  if (text.starts_with('{') && text.size() >= leastHash && text.find('}') < 12) return true;  // {SSHA}, of LDAP
  // $2y$10$…, $argon2id$v=19$…, pbkdf2_sha256$260000$…, scrypt:32768:8:1$…
  const auto parts = std::count(text.begin(), text.end(), '$');
  if (parts >= 2 && (text.front() == '$' || text.size() >= leastHash)) return true;
  return text.find("\xef\xbf\xbd") != std::string_view::npos ||
         std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace video
