#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

namespace video {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void fillRandom(void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = ::getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

// A millisecond and a 12-bit counter within it, as one ascending number.
std::uint64_t nextStamp(Time now) {
  static std::atomic<std::uint64_t> last{0};
  const auto wanted = static_cast<std::uint64_t>(now.time_since_epoch().count()) << 12;
  std::uint64_t before = last.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    // If the clock was set back by more than a moment, follow it.
    next = before >= wanted && before - wanted < (10'000ULL << 12) ? before + 1 : wanted;
  } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
  return next;
}

std::string uuidText(const std::array<unsigned char, 16>& bytes) {
  std::string hex = toHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
  return hex;
}

std::array<unsigned char, 16> uuidBytes(std::uint64_t stamp) {
  std::array<unsigned char, 16> bytes{};
  const std::uint64_t milliseconds = stamp >> 12;
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<unsigned char>(0x70 | ((stamp >> 8) & 0x0f));
  bytes[7] = static_cast<unsigned char>(stamp);
  return bytes;
}

}  // namespace

std::string makeUuid7(Time now) {
  std::array<unsigned char, 16> bytes = uuidBytes(nextStamp(now));
  fillRandom(bytes.data() + 8, 8);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return uuidText(bytes);
}

std::string firstUuid7Of(Time moment) {
  const auto milliseconds = std::max<std::int64_t>(moment.time_since_epoch().count(), 0);
  return uuidText(uuidBytes(static_cast<std::uint64_t>(milliseconds) << 12));
}

std::string makeSecret(std::size_t size) {
  std::string bytes(size, '\0');
  fillRandom(bytes.data(), size);
  return toBase64Url(bytes);
}

std::string makePublicId(std::size_t length) {
  std::string id(length, '\0');
  fillRandom(id.data(), length);
  for (char& c : id) c = "abcdefghijklmnopqrstuvwxyz234567"[static_cast<unsigned char>(c) % 32];
  return id;
}

std::string makeRandomHex(std::size_t size) {
  std::string bytes(size, '\0');
  fillRandom(bytes.data(), size);
  return toHex(bytes);
}

std::string toHex(std::string_view bytes) {
  constexpr std::string_view hexDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += hexDigits[byte >> 4];
    hex += hexDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> fromHex(std::string_view text) {
  constexpr std::string_view hexDigits = "0123456789abcdef";
  if (text.size() % 2 != 0 || text.find_first_not_of(hexDigits) != std::string_view::npos) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes += static_cast<char>(hexDigits.find(text[i]) << 4 | hexDigits.find(text[i + 1]));
  return bytes;
}

std::string toBase64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  unsigned pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += digits[(pending >> (bits - 6)) & 63];
  }
  if (bits > 0) text += digits[(pending << (6 - bits)) & 63];
  return text;
}

std::string toBase64(std::string_view bytes) {
  std::string text = toBase64Url(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> fromBase64(std::string_view text) {
  if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string url(text);
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  auto bytes = fromBase64Url(url);
  if (bytes && toBase64Url(*bytes) != url) bytes.reset();  // the bits that are left over must be 0
  return bytes;
}

std::optional<std::string> fromBase64Url(std::string_view text) {
  std::string bytes;
  unsigned pending = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    pending = (pending << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((pending >> bits) & 255);
  }
  return bytes;
}

}  // namespace video
