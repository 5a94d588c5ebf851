#include "http/content/multipart_form.hpp"

#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/header_values.hpp"

namespace video::http {
namespace {

constexpr std::size_t largestPartHeader = 8 * 1024;
constexpr std::size_t longestBoundary = 70;

std::string boundaryOf(std::string_view contentType) {
  const std::size_t end = std::min(contentType.find(';'), contentType.size());
  std::string_view type = contentType.substr(0, end);
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  if (!equalWithoutCase(type, "multipart/form-data"))
    throw Error(Fault::malformed, "Content-Type: must be multipart/form-data with a part named file");
  const auto boundary = parameterOf(contentType.substr(end), "boundary");
  if (!boundary || boundary->empty() || boundary->size() > longestBoundary)
    throw Error(Fault::malformed, "Content-Type: multipart/form-data without a boundary of 1 to 70 characters");
  return *boundary;
}

/// Returns how many bytes at the end of `bytes` may be the start of `needle`.
std::size_t heldBack(std::string_view bytes, std::string_view needle) noexcept {
  std::size_t from = bytes.size() < needle.size() ? 0 : bytes.size() - needle.size() + 1;
  while ((from = bytes.find('\r', from)) != std::string_view::npos) {
    if (needle.starts_with(bytes.substr(from))) return bytes.size() - from;
    ++from;
  }
  return 0;
}

}  // namespace

FormFile::FormFile(std::string_view contentType, std::string_view part, const ByteSink& sink)
    : part_(part), sink_(sink), needle_("\r\n--" + boundaryOf(contentType)), pending_("\r\n") {}

void FormFile::take(std::span<const std::byte> piece) {
  std::string joined;
  std::string_view bytes(reinterpret_cast<const char*>(piece.data()), piece.size());
  if (!pending_.empty()) {
    joined = std::move(pending_);
    joined += bytes;
    pending_.clear();
    bytes = joined;
  }
  while (!bytes.empty()) {
    std::size_t used = 0;
    switch (state_) {
      case State::content: used = takeContent(bytes); break;
      case State::delimiter: used = takeDelimiter(bytes); break;
      case State::headers: used = takeHeaders(bytes); break;
      case State::epilogue:
        give(bytes);
        used = bytes.size();
        break;
    }
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  pending_.assign(bytes);
}

void FormFile::finish() const {
  if (state_ != State::epilogue) throw Error(Fault::malformed, "file: the form ends before its last boundary");
  if (!found_) throw Error(Fault::malformed, "file: the form has no part of this name");
}

std::size_t FormFile::takeContent(std::string_view bytes) {
  const void* at = ::memmem(bytes.data(), bytes.size(), needle_.data(), needle_.size());
  if (at == nullptr) {
    const std::size_t whole = bytes.size() - heldBack(bytes, needle_);
    give(bytes.substr(0, whole));
    return whole;
  }
  const auto before = static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
  give(bytes.substr(0, before));
  inFile_ = false;
  state_ = State::delimiter;
  return before + needle_.size();
}

std::size_t FormFile::takeDelimiter(std::string_view bytes) {
  if (bytes.starts_with("--")) {
    state_ = State::epilogue;
    return 2;
  }
  const std::size_t padding = std::min(bytes.find_first_not_of(" \t"), bytes.size());
  if (padding > largestPartHeader) throw Error(Fault::malformed, "file: a form boundary is not followed by a line end");
  const std::string_view rest = bytes.substr(padding);
  if (rest.starts_with("\r\n")) {
    skip(needle_.size() + padding);
    state_ = State::headers;
    headers_.clear();
    return padding + 2;
  }
  if (!rest.empty() && rest != "\r" && bytes != "-")
    throw Error(Fault::malformed, "file: a form boundary is not followed by a line end");
  return 0;
}

std::size_t FormFile::takeHeaders(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n");
  // A CR at the end may be half a line end.
  const std::size_t length = end != std::string_view::npos ? end : bytes.size() - (bytes.ends_with('\r') ? 1 : 0);
  if (headers_.size() + length > largestPartHeader)
    throw Error(Fault::malformed, "file: the header of a form part is larger than 8 KiB");
  if (end == std::string_view::npos) return 0;
  skip(end);
  if (end == 0) {
    beginPart();
    return 2;
  }
  const bool continues = bytes.front() == ' ' || bytes.front() == '\t';
  if (!continues && !headers_.empty()) headers_ += '\n';
  headers_ += bytes.substr(0, end);
  return end + 2;
}

void FormFile::beginPart() {
  state_ = State::content;
  for (std::string_view rest = headers_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equalWithoutCase(line.substr(0, colon), "Content-Disposition")) continue;
    inFile_ = inFile_ || parameterOf(line.substr(colon + 1), "name") == part_;
  }
  if (inFile_ && found_) throw Error(Fault::malformed, "file: the form has more than one part of this name");
  found_ = found_ || inFile_;
}

void FormFile::give(std::string_view bytes) {
  if (bytes.empty()) return;
  if (inFile_) return sink_(std::as_bytes(std::span(bytes)));
  skip(bytes.size());
}

void FormFile::skip(std::size_t count) {
  outside_ += count;
  if (outside_ > mostOutside) throw Error(Fault::malformed, "file: more than 1 MiB in the form besides the file");
}

}  // namespace video::http
