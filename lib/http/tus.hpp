#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sha256.hpp"
#include "http/message.hpp"

namespace video::http {

/// The header fields of tus 1.0, the protocol of uploads that can be resumed
/// (https://tus.io/protocols/resumable-upload).
namespace tus {

inline constexpr std::string_view version = "1.0.0";
/// The header field that every request and reply must have.
inline constexpr std::pair<std::string_view, std::string_view> versionHeader{"Tus-Resumable", version};
/// The media type of a piece of an upload.
inline constexpr std::string_view mediaType = "application/offset+octet-stream";
/// The header field of a POST that stands for another method.
inline constexpr std::string_view methodOverride = "X-HTTP-Method-Override";

/// The pairs of Upload-Metadata, in order.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Reads Upload-Metadata. Throws malformed, naming the key, if a value is not base64, a key is not printable ASCII, or
/// a key occurs twice.
Metadata readMetadata(std::string_view text);
/// Returns Upload-Metadata with these pairs; the keys must be valid.
std::string writeMetadata(const Metadata& pairs);

/// Reads Upload-Checksum: the function, and the hash in hex. Throws malformed for another function, or bad base64.
std::pair<HashFunction, std::string> readChecksum(std::string_view text);

/// Returns Upload-Checksum with a hash that is given in hex.
std::string writeChecksum(HashFunction function, std::string_view hex);

/// Reads a header field that may be given once. Returns nothing if there is none; throws malformed if there are more.
std::optional<std::string_view> readOnce(const Head& head, std::string_view name);
/// Reads a header field that is a number; one beyond the range counts as the largest. Returns nothing if there is none;
/// throws malformed for anything else.
std::optional<std::int64_t> readNumber(const Head& head, std::string_view name);

/// Throws preconditionFailed unless the request has Tus-Resumable with a supported version; the reply then names that.
void requireVersion(const Head& head, Answer& answer);
/// Throws unsupportedMediaType unless the body is a piece of an upload, and malformed if it is coded or a range.
void requirePiece(const Head& head);
/// Answers OPTIONS: what the server supports. `maxSize` is the size of the largest upload in bytes.
void answerOptions(std::uint64_t maxSize, Answer& answer);

}  // namespace tus

}  // namespace video::http
