#include "http/tus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "http/header_values.hpp"

namespace video::http::tus {
namespace {

bool isKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

}  // namespace

Metadata readMetadata(std::string_view text) {
  Metadata pairs;
  while (!text.empty()) {
    const std::string_view pair = trimmed(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), text.find(',')));
    if (!text.empty()) text.remove_prefix(1);
    const std::string_view key = pair.substr(0, pair.find(' '));
    const auto refuse = [&](std::string_view why) {
      return Error(Fault::malformed, fmt::format("Upload-Metadata: {}: {}", repairedUtf8(key), why));
    };
    if (!isKey(key)) throw refuse("is not a key");
    const auto value = fromBase64(trimmed(pair.substr(key.size())));
    if (!value) throw refuse("its value is not base64");
    if (std::any_of(pairs.begin(), pairs.end(), [&](const auto& known) { return known.first == key; }))
      throw refuse("given twice");
    pairs.emplace_back(key, *value);
  }
  return pairs;
}

std::string writeMetadata(const Metadata& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    if (!text.empty()) text += ',';
    text += key;
    if (!value.empty()) text += ' ' + toBase64(value);
  }
  return text;
}

std::pair<HashFunction, std::string> readChecksum(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(' '));
  if (name != "sha1" && name != "sha256")
    throw Error(Fault::malformed, "Upload-Checksum: must be sha1 or sha256, and a hash in base64");
  const auto bytes = fromBase64(trimmed(text.substr(name.size())));
  if (!bytes || bytes->empty()) throw Error(Fault::malformed, "Upload-Checksum: the hash is not base64");
  return {name == "sha1" ? HashFunction::sha1 : HashFunction::sha256, toHex(*bytes)};
}

std::string writeChecksum(HashFunction function, std::string_view hex) {
  return fmt::format("{} {}", function == HashFunction::sha1 ? "sha1" : "sha256", toBase64(fromHex(hex).value_or("")));
}

std::optional<std::string_view> readOnce(const Head& head, std::string_view name) {
  const std::vector<std::string_view> values = head.headerValues(name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) throw Error(Fault::malformed, fmt::format("{}: given twice", name));
  return values[0];
}

std::optional<std::int64_t> readNumber(const Head& head, std::string_view name) {
  const auto text = readOnce(head, name);
  if (!text) return std::nullopt;
  if (text->empty() || text->find_first_not_of("0123456789") != std::string_view::npos)
    throw Error(Fault::malformed, fmt::format("{}: must be a number, 0 or more", name));
  std::int64_t number = 0;
  const auto end = std::from_chars(text->data(), text->data() + text->size(), number);
  return end.ec == std::errc::result_out_of_range ? INT64_MAX : number;
}

void requireVersion(const Head& head, Answer& answer) {
  if (head.header(versionHeader.first) == version) return;
  answer.set("Tus-Version", std::string(version));
  throw Error(Fault::preconditionFailed, fmt::format("Tus-Resumable: must be {}", version));
}

void requirePiece(const Head& head) {
  const std::string_view type = head.header("Content-Type");
  if (!equalWithoutCase(trimmed(type.substr(0, type.find(';'))), mediaType))
    throw Error(Fault::unsupportedMediaType, fmt::format("Content-Type: must be {}", mediaType));
  for (const char* const name : {"Content-Encoding", "Content-Range"})
    if (readOnce(head, name)) throw Error(Fault::malformed, fmt::format("{}: is not supported here", name));
}

void answerOptions(std::uint64_t maxSize, Answer& answer) {
  answer.set("Tus-Version", std::string(version));
  answer.set("Tus-Extension", "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination");
  answer.set("Tus-Max-Size", fmt::to_string(maxSize));
  answer.set("Tus-Checksum-Algorithm", "sha1,sha256");
}

}  // namespace video::http::tus
